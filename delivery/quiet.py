"""Quiet hours: when a message may go out. Pure, besides the register of zones."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
_zone_sources: list[Callable[[int], tzinfo]] = []


def end_of_quiet(moment: datetime, quiet_from: time, quiet_until: time, zone: tzinfo) -> datetime | None:
    """When the quiet hours that `moment` lies in are over, in UTC; None outside of them.

    Hours may run over midnight; equal ends mean none. On a day whose clock changes they last from the first time
    the clock shows `quiet_from` (or jumps over it) to the last time it shows `quiet_until` (or jumps over it).

    >>> from zoneinfo import ZoneInfo
    >>> late = datetime(2026, 1, 5, 23, tzinfo=ZoneInfo("Europe/Athens"))
    >>> print(end_of_quiet(late, time(22), time(7), ZoneInfo("Europe/Athens")))
    2026-01-06 05:00:00+00:00
    >>> end_of_quiet(late, time(1), time(7), ZoneInfo("Europe/Athens")) is None
    True
    """
    if quiet_from == quiet_until:
        return None
    over_midnight = DAY if quiet_until < quiet_from else timedelta()
    today = moment.astimezone(zone).date()
    ends = []
    for day in (today - DAY, today, today + DAY):
        start = _instant(day, quiet_from, zone, fold=0)
        end = _instant(day + over_midnight, quiet_until, zone, fold=1)
        if start <= moment < end:
            ends.append(end)
    return max(ends, default=None)


def _instant(day: date, at: time, zone: tzinfo, *, fold: int) -> datetime:
    """When the clock shows `at`, of two such moments the one of `fold`; where it jumps over it, that jump."""
    wall = datetime.combine(day, at.replace(fold=0))
    first, second = (wall.replace(tzinfo=zone, fold=side).astimezone(UTC) for side in (0, 1))
    if first <= second:
        return second if fold else first
    # In a gap `second` lies before the jump and `first` after it.
    before, after = second, first
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def register_zones(source: Callable[[int], tzinfo]) -> None:
    """The room that knows distributors says here what zone one of an id has."""
    _zone_sources[:] = [source]


def zone_of(tenant_id: int | None) -> tzinfo:
    """The distributor's zone; UTC for a platform operator, who has none."""
    return _zone_sources[0](tenant_id) if _zone_sources and tenant_id else UTC
