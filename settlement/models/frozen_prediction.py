"""Predictions as they were when people were told of an event."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import AppendOnly, TriggerConstraint
from common.fields import SecondField
from events.models import Event
from meters.models import Meter
from organizations.access import Role, role_of


class FrozenPredictionQuerySet(models.QuerySet["FrozenPrediction"]):
    """Kept predictions by who may see them."""

    def visible_to(self, user: User) -> "FrozenPredictionQuerySet":
        """The distributor's for its people; others see theirs in the evidence of a reward."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        mine = self.filter(event__program__distributor_id=user.distributor_id)
        return mine if role.is_staff else self.none()


class FrozenPrediction(models.Model):
    """What was predicted for one interval of an event when its participants were told; never changed.

    A later forecast replaces the prediction in force, and may know of the event; this one does not.
    """

    event = models.ForeignKey(Event, models.PROTECT, related_name="frozen_predictions")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="frozen_predictions")
    start = SecondField()
    wh = models.IntegerField()
    issued_at = models.DateTimeField()

    objects = FrozenPredictionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "meter", "start"], name="frozen_prediction_once"),
            TriggerConstraint(
                name="frozen_prediction_same_distributor",
                on=("INSERT",),
                refuse=(
                    "(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id) <> "
                    "(SELECT p.distributor_id FROM events_event v JOIN events_program p ON p.id = v.program_id "
                    "WHERE v.id = NEW.event_id)"
                ),
                violation_error_message=_("Event and meter belong to different distributors."),
            ),
            AppendOnly(name="frozen_prediction_append_only"),
        ]
