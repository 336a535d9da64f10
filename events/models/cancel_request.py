"""One admin's request to call off a running event, which another one answers."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint, UniqueColumns
from events.models.event import Event
from organizations.access import Role, role_of

_STRANGER = (
    "EXISTS (SELECT 1 FROM accounts_entity e JOIN events_event v ON v.id = NEW.event_id "
    "JOIN events_program p ON p.id = v.program_id WHERE e.id = NEW.{column} AND e.tenant_id <> p.distributor_id)"
)


class CancelAnswer(models.TextChoices):
    """What became of a request."""

    OPEN = "open", _("waits for a second person")
    AGREED = "agreed", _("agreed")
    KEPT = "kept", _("the event goes on")


class CancelRequestQuerySet(models.QuerySet["CancelRequest"]):
    """Requests by who may see them."""

    def visible_to(self, user: User) -> "CancelRequestQuerySet":
        """The distributor's for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(event__program__distributor_id=user.distributor_id) if role.is_staff else self.none()

    def open(self) -> "CancelRequestQuerySet":
        """Those that wait."""
        return self.filter(answer=CancelAnswer.OPEN)


class CancelRequest(models.Model):
    """A request to call off a running event, with the reason that people will read. One is open at a time.

    Written by `events.services`. Another admin agrees; anybody may decide that the event goes on. An answer stands.
    """

    event = models.ForeignKey(Event, models.CASCADE, related_name="cancel_requests")
    reason = models.CharField(_("reason"), max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    answer = models.CharField(_("answer"), max_length=6, choices=CancelAnswer, default=CancelAnswer.OPEN)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    open_of = models.GeneratedField(
        expression=Case(When(answer="open", then=F("event"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

    objects = CancelRequestQuerySet.as_manager()

    class Meta:
        ordering = ["event", "asked_at", "id"]
        constraints = [
            UniqueColumns(
                fields=["open_of"],
                name="cancel_request_one_open",
                violation_error_message=_("Somebody has asked to call this event off already."),
            ),
            models.CheckConstraint(condition=Q(answer__in=CancelAnswer.values), name="cancel_request_answer_known"),
            models.CheckConstraint(
                condition=~Q(answer="agreed") | (Q(answered_by__isnull=False) & ~Q(answered_by=F("asked_by"))),
                name="cancel_request_two_people",
                violation_error_message=_("Somebody else than who asked must agree."),
            ),
            TriggerConstraint(
                name="cancel_request_within_distributor",
                refuse=f"{_STRANGER.format(column='asked_by_id')} OR {_STRANGER.format(column='answered_by_id')}",
                violation_error_message=_("Who calls an event off belongs to its distributor."),
            ),
            TriggerConstraint(
                name="cancel_request_answer_stands",
                on=("UPDATE",),
                refuse="OLD.answer <> 'open'",
                violation_error_message=_("The request was answered already."),
            ),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.event.program.distributor_id, None
