"""What people choose to be told where."""

from typing import Any

from django import forms

from accounts.models import User
from delivery.choices import refused_by, set_choice, topics_for
from delivery.models import Channel, Topic


class ChoicesForm(forms.Form):
    """A box for each topic and channel; security is shown checked and cannot be changed."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.topics = user, topics_for(user)
        refused = refused_by(user)
        for topic in self.topics:
            for channel in Channel:
                self.fields[f"{topic}-{channel}"] = forms.BooleanField(
                    label=channel.label,
                    required=False,
                    initial=(topic, channel) not in refused,
                    disabled=topic == Topic.SECURITY,
                )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each topic with its boxes, for the page."""
        return [
            {
                "topic": topic,
                "label": topic.label,
                "always": topic == Topic.SECURITY,
                "boxes": [self[f"{topic}-{channel}"] for channel in Channel],
            }
            for topic in self.topics
        ]

    def save(self) -> None:
        """Keeps what is checked."""
        for topic in self.topics:
            for channel in Channel:
                if topic != Topic.SECURITY:
                    wanted = bool(self.cleaned_data[f"{topic}-{channel}"])
                    set_choice(user=self.user, topic=topic, channel=channel, wanted=wanted)
