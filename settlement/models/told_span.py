"""When people were told which hours an event covers."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import AppendOnly
from events.models import Event
from organizations.access import Role, role_of


class ToldSpanQuerySet(models.QuerySet["ToldSpan"]):
    """Notices by who may see them."""

    def visible_to(self, user: User) -> "ToldSpanQuerySet":
        """The distributor's for its people; others see theirs in the evidence of a reward."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        mine = self.filter(event__program__distributor_id=user.distributor_id)
        return mine if role.is_staff else self.none()


class ToldSpan(models.Model):
    """That people were told, at this moment, that an event covers [start, end); never changed.

    A prediction counts for an hour if it was made before people first knew that the hour is one of the event.
    """

    event = models.ForeignKey(Event, models.PROTECT, related_name="told_spans")
    at = models.DateTimeField(_("told"))
    start = models.DateTimeField(_("start"))
    end = models.DateTimeField(_("end"))

    objects = ToldSpanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="told_span_has_length"),
            AppendOnly(name="told_span_append_only"),
        ]
