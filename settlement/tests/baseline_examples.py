"""The worked examples' meter: an event on Wednesday 2026-07-22, 16:00 to 18:00, hourly intervals."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from common import intervals
from settlement.baselines import Event, Exclusion, MeterHistory, Plan, Preset, Reading, get_preset, make_plan

ZONE = ZoneInfo("America/Los_Angeles")
EVENT_DAY = date(2026, 7, 22)
HOLIDAYS = frozenset({date(2026, 7, 3)})
EXCLUDED = {date(2026, 7, 15): Exclusion.EVENT, date(2026, 7, 9): Exclusion.EVENT}
HOURS = range(12, 18)
WH = {
    "07-22": (1200, 1300, 1400, 1500, 1500, 1600),
    "07-21": (1000, 1100, 1200, 1300, 2000, 2200),
    "07-20": (900, 1000, 1100, 1200, 1800, 2000),
    "07-17": (1100, 1200, 1300, 1400, 2200, 2400),
    "07-16": (800, 900, 1000, 1100, 1600, 1800),
    "07-15": (700, 700, 700, 700, 500, 500),
    "07-14": (1000, 1100, 1200, 1300, 2100, 2300),
    "07-13": (950, 1050, 1150, 1250, 1900, 2100),
    "07-10": (1050, 1150, 1250, 1350, 2300, 2500),
    "07-09": (700, 700, 700, 700, 600, 600),
    "07-08": (850, 950, 1050, 1150, 1700, 1900),
    "07-07": (1000, 1100, 1200, 1300, 2000, 2200),
    "07-06": (1200, 1300, 1400, 1500, 2900, 3100),
    "07-03": (500, 500, 500, 500, 900, 900),
    "07-02": (900, 1000, 1100, 1200, 1500, 1700),
    "07-01": (900, 900, 900, 900, 1400, 1400),
}


def local(day: date, hour: int, zone: ZoneInfo = ZONE) -> datetime:
    """The UTC instant of a full hour of a local day."""
    return intervals.resolve_local(datetime(day.year, day.month, day.day, hour), zone)  # noqa: DTZ001


def day_readings(day: date, energies: tuple[int, ...], hours: range = HOURS) -> dict[datetime, Reading]:
    """Hourly readings of one local day."""
    return {local(day, hour): Reading(wh) for hour, wh in zip(hours, energies, strict=True)}


def table(since: date = date(2026, 7, 1)) -> dict[datetime, Reading]:
    """The readings of the table from a day on."""
    readings: dict[datetime, Reading] = {}
    for text, energies in WH.items():
        day = date.fromisoformat(f"2026-{text}")
        if day >= since:
            readings |= day_readings(day, energies)
    return readings


def history(**changes: object) -> MeterHistory:
    """The meter of the table."""
    values = {"readings": table(), "minutes": 60, "excluded": EXCLUDED, **changes}
    return MeterHistory(**values)


def event(**changes: object) -> Event:
    """The event of the table."""
    values = {"start": local(EVENT_DAY, 16), "end": local(EVENT_DAY, 18), "zone": ZONE, **changes}
    return Event(**values)


def plan_for(preset: Preset, **changes: object) -> Plan:
    """A preset laid out for the event of the table."""
    return make_plan(preset, event(**changes), 60, HOLIDAYS)


def steady(first: date, last: date, wh: int, minutes: int = 60, zone: ZoneInfo = ZONE) -> dict[datetime, Reading]:
    """The same energy in every interval from the first to the last local day."""
    start, _ = intervals.day_bounds(first, zone)
    _, end = intervals.day_bounds(last, zone)
    return {moment: Reading(wh) for moment in intervals.slot_starts(start, end, minutes)}


def july(*days: int) -> tuple[date, ...]:
    """Days of July 2026."""
    return tuple(date(2026, 7, day) for day in days)


def utc(text: str) -> datetime:
    """A UTC time of an ISO text without offset."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Worked:
    """What a rule makes of the table: used days by rank, Wh per slot, the adjustment, Wh delivered."""

    preset: Preset
    used: tuple[date, ...]
    unadjusted: tuple[int, int]
    applied: Fraction | None
    settled: tuple[int, int]
    delivered: int


A1 = get_preset("ten-in-ten-ratio-20")
MIDDLE_PLAIN = replace(get_preset("middle-eight-of-ten"), name="middle-plain", adjustment=None)
WORKED = {
    "A1": Worked(A1, july(21, 20, 17, 16, 14, 13, 10, 8, 7, 6), (2050, 2250), Fraction(260, 217), (2456, 2696), 2052),
    "A2": Worked(get_preset("five-in-ten"), july(6, 10, 17, 14, 21), (2300, 2500), Fraction(10, 9), (2556, 2778), 2234),
    "A3": Worked(
        get_preset("high-four-of-five"), july(17, 14, 21, 20), (2025, 2225), Fraction(200), (2225, 2425), 1550
    ),
    "A4": Worked(
        get_preset("weather-sensitive-five-of-ten"),
        july(6, 10, 17, 14, 7),
        (2300, 2500),
        Fraction(125, 112),
        (2567, 2790),
        2257,
    ),
    "A5": Worked(MIDDLE_PLAIN, july(10, 17, 14, 21, 7, 13, 20, 8), (2000, 2200), None, (2000, 2200), 1100),
    "V3": Worked(get_preset("three-day"), july(21, 20, 17), (2000, 2200), None, (2000, 2200), 1100),
}
