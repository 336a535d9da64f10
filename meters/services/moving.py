"""Residents say that they move out, or that they stay."""

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.intervals import DAY, day_bounds, local_day
from common.retry import retried
from meters.errors import MapRefused
from meters.models import Meter, MeterMap
from meters.notices import tell_ended, tell_stays
from meters.services.maps import end_map, undo_move_out, writing

DAYS_AHEAD = 60
DAYS_BACK = 60


def lasting_map(*, user: User, meter: Meter) -> MeterMap | None:
    """The resident's row of this meter that has not ended yet."""
    rows = MeterMap.objects.filter(entity_id=user.pk, meter=meter).ending_after(timezone.now())
    return rows.select_related("meter__distributor").order_by("valid_from").first()


def moving_days(row: MeterMap) -> tuple[date, date]:
    """The first and the last day on which a resident may say that the meter is no longer theirs."""
    zone = row.meter.zone
    today = local_day(timezone.now(), zone)
    return max(today - DAYS_BACK * DAY, local_day(row.valid_from, zone) + DAY), today + DAYS_AHEAD * DAY


@retried
def leave_meter(*, user: User, meter: Meter, day: date) -> MeterMap:
    """The resident's row, ending as the local day begins; they are told by mail.

    Raises:
        MapRefused: The meter is not theirs, an end is set already, or the day is out of range.
    """
    with writing(meter):
        row = lasting_map(user=user, meter=meter)
        if row is None:
            raise MapRefused(_("This meter is not yours."))
        if row.valid_to is not None:
            raise MapRefused(_("The end is set already. Take it back first."))
        first, last = moving_days(row)
        if not first <= day <= last:
            raise MapRefused(_("Choose a day from %(first)s to %(last)s.") % {"first": first, "last": last})
        at, _end = day_bounds(day, row.meter.zone)
        row = end_map(meter_map=row, at=at, by=user)
        tell_ended(row, at=at, why="chosen")
    return row


@retried
def keep_meter(*, user: User, meter: Meter) -> MeterMap:
    """The resident's row without the end that was set for a day to come; they are told by mail.

    Raises:
        MapRefused: Nothing was set, the day has come, or somebody else moves in.
    """
    with writing(meter):
        row = lasting_map(user=user, meter=meter)
        if row is None or row.valid_to is None:
            raise MapRefused(_("There is no moving out to take back any more."))
        was = row.valid_to
        row = undo_move_out(meter_map=row, by=user)
        tell_stays(row, was=was)
    return row
