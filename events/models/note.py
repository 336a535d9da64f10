"""What operators write down while an event goes on."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import AppendOnly, TriggerConstraint
from events.models.event import Event
from organizations.access import Role, role_of

NOTE_LENGTH = 500


class NoteQuerySet(models.QuerySet["EventNote"]):
    """Notes by who may read them."""

    def visible_to(self, user: User) -> "NoteQuerySet":
        """The distributor's for its people; none for customers."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(event__program__distributor_id=user.distributor_id) if role.is_staff else self.none()


class EventNote(models.Model):
    """One line in the log of an event. Written by `events.services.write_note`, never changed.

    It goes only with a draft that is deleted.
    """

    event = models.ForeignKey(Event, models.CASCADE, related_name="notes")
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))
    text = models.CharField(_("text"), max_length=NOTE_LENGTH)

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["event", "at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""),
                name="event_note_says_something",
                violation_error_message=_("Write something first."),
            ),
            TriggerConstraint(
                name="event_note_within_distributor",
                on=("INSERT",),
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e JOIN events_event v ON v.id = NEW.event_id "
                    "JOIN events_program p ON p.id = v.program_id "
                    "WHERE e.id = NEW.by_id AND e.tenant_id <> p.distributor_id)"
                ),
                violation_error_message=_("Who writes in the log of an event belongs to its distributor."),
            ),
            AppendOnly(name="event_note_unchanged", on=("UPDATE",)),
            TriggerConstraint(
                name="event_note_kept",
                on=("DELETE",),
                refuse="(SELECT e.state FROM events_event e WHERE e.id = OLD.event_id) NOT IN ('draft', 'scheduled')",
                violation_error_message=_("The event was announced; its log is kept."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.at:%Y-%m-%d %H:%M}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.event.program.distributor_id, None
