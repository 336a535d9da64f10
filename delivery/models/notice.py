"""What people are told in the portal, and what they want to be told where."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Topic(models.TextChoices):
    """What a notice is about."""

    EVENTS = "events", _("Events")
    REMINDERS = "reminders", _("A reminder an hour before an event")
    REWARDS = "rewards", _("Rewards")
    PEOPLE = "people", _("People waiting for you")
    IMPORTS = "imports", _("Imports of readings")
    SECURITY = "security", _("Your account and its security")


class Channel(models.TextChoices):
    """Where a notice can be read."""

    EMAIL = "email", _("by e-mail")
    PORTAL = "portal", _("in the portal")
    SMS = "sms", _("by text message")


class OwnQuerySet(models.QuerySet):  # type: ignore[type-arg]  # not generic at run time
    """Rows that belong to one person and to nobody else."""

    def visible_to(self, user: User) -> "OwnQuerySet":
        """One's own. Nobody reads what somebody else was told, not even who runs the portal."""
        return self.filter(user_id=user.pk) if user.is_approved else self.none()

    def unread(self) -> "OwnQuerySet":
        """Notices that were not read yet."""
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """One thing that one person is told in the portal. Written by `delivery.notify`; its reader marks it as read."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    topic = models.CharField(_("topic"), max_length=10, choices=Topic)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), blank=True)
    # A path within the portal, or empty.
    url = models.CharField(max_length=200, blank=True)
    # NULL where the same may be told twice; else the second telling finds the first.
    dedupe_key = models.CharField(max_length=120, null=True, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes = [models.Index(fields=["user", "read_at"], name="notice_unread")]
        constraints = [models.CheckConstraint(condition=Q(topic__in=Topic.values), name="notice_topic_known")]

    def __str__(self) -> str:
        return self.title


class NotificationChoice(models.Model):
    """Whether one person wants one topic on one channel. No row: yes. Written by `delivery.choices`."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notification_choices")
    topic = models.CharField(_("topic"), max_length=10, choices=Topic)
    channel = models.CharField(_("where"), max_length=10, choices=Channel)
    wanted = models.BooleanField(_("wanted"), default=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "topic", "channel"], name="notification_choice_once"),
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="notification_choice_topic_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="notification_choice_channel_known"),
            models.CheckConstraint(
                condition=Q(wanted=True) | ~Q(topic=Topic.SECURITY),
                name="notification_choice_security_stays",
                violation_error_message=_("What concerns your account’s security is always sent."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.channel}: {'yes' if self.wanted else 'no'}"
