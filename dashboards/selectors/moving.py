"""When a resident's meter begins and ends, as pages tell it."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from accounts.models import Kind, User
from common.intervals import DAY, local_day
from events.models import EventState, Participation
from meters.models import Meter, MeterMap
from meters.services.moving import lasting_map, moving_days
from organizations.access import Role, role_of

_BEGUN = (
    EventState.ACTIVE,
    EventState.COMPLETED,
    EventState.MEASURED,
    EventState.SETTLED,
    EventState.CLOSED,
)


@dataclass(frozen=True)
class Residence:
    """A resident's time with one meter that has not ended: the day on which it will, if that is set."""

    meter: Meter
    row: MeterMap

    @property
    def until(self) -> date | None:
        """The first local day on which the meter is no longer theirs."""
        return None if self.row.valid_to is None else local_day(self.row.valid_to, self.meter.zone)


def residence_of(user: User, meter: Meter) -> Residence | None:
    """The reader's time with the meter; None for organizations, operators and who has moved out. One query."""
    if role_of(user) is not Role.RESIDENT:
        return None
    row = lasting_map(user=user, meter=meter)
    return Residence(row.meter, row) if row is not None and row.valid_from <= timezone.now() else None


def coming_residence(user: User) -> tuple[Meter, date] | None:
    """The meter that is the reader's from a day to come, and that day. One query."""
    rows = MeterMap.objects.filter(entity_id=user.pk, holder_kind=Kind.USER, valid_from__gt=timezone.now())
    row = rows.select_related("meter__distributor").order_by("valid_from").first()
    return (row.meter, local_day(row.valid_from, row.meter.zone)) if row is not None else None


def days_to_leave(user: User, residence: Residence) -> tuple[date, date]:
    """The first and last day that may be chosen: after the last event that was measured for the reader."""
    first, last = moving_days(residence.row)
    mine = Participation.objects.filter(meter=residence.meter, holder_id=user.pk, event__state__in=_BEGUN)
    ended = mine.order_by("-event__end").values_list("event__end", flat=True).first()
    if ended is not None:
        first = max(first, local_day(ended, residence.meter.zone) + DAY)
    return first, last
