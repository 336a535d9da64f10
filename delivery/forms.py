"""What people choose to be told where."""

from typing import Any

from django import forms

from accounts.models import User
from delivery.choices import refused_by, set_choice, topics_for
from delivery.letters import sms_topics
from delivery.models import Channel, Topic
from delivery.phones import number_of
from delivery.sms import is_on


class ChoicesForm(forms.Form):
    """A box for each topic and channel; security is shown checked and cannot be changed."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.topics = user, topics_for(user)
        refused = refused_by(user)
        # Without a confirmed number nothing can be texted; the page says where to give one.
        self.has_number = bool(number_of(user))
        self.texted = sms_topics() if is_on() else set()
        for topic in self.topics:
            for channel in self._channels(topic):
                self.fields[f"{topic}-{channel}"] = forms.BooleanField(
                    label=channel.label,
                    required=False,
                    initial=(topic, channel) not in refused and (channel != Channel.SMS or self.has_number),
                    disabled=topic == Topic.SECURITY or (channel == Channel.SMS and not self.has_number),
                )

    def _channels(self, topic: Topic) -> list[Channel]:
        return [channel for channel in Channel if channel != Channel.SMS or topic in self.texted]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each topic with its boxes, for the page."""
        return [
            {
                "topic": topic,
                "label": topic.label,
                "always": topic == Topic.SECURITY,
                "boxes": [self[f"{topic}-{channel}"] for channel in self._channels(topic)],
            }
            for topic in self.topics
        ]

    def save(self) -> None:
        """Keeps what is checked."""
        for topic in self.topics:
            for channel in self._channels(topic):
                # A box that cannot be ticked says nothing about what its owner wants once there is a number.
                if not self.fields[f"{topic}-{channel}"].disabled:
                    wanted = bool(self.cleaned_data[f"{topic}-{channel}"])
                    set_choice(user=self.user, topic=topic, channel=channel, wanted=wanted)
