"""What the meters of a program use together: a sum of which nobody's own use can be read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import lcm

from django.db.models import Count, Sum

from events.models import Program
from events.selectors import meters_taking_part
from meters.models import IntervalReading

# A sum of fewer meters says too much of each.
SMALLEST_GROUP = 5
# Readings that are late: so long all of them are waited for, then nine of ten are enough, then what there is.
WAITS = timedelta(hours=1)
WAITS_LONG = timedelta(hours=48)
ENOUGH = 0.9
LONGEST_STEP = 60


class Verdict(Enum):
    """What is to be done with an interval."""

    SEND = "send"
    SEND_PARTLY = "send partly"
    SKIP = "skip"
    WAIT = "wait"


@dataclass(frozen=True)
class Usage:
    """The use of a program's meters in one interval.

    Attributes:
        meters: how many take part.
        measured: of how many there is a reading.
        readings, expected: how many readings there are, and how many there will be.
        left_out: of how many the own intervals do not fit into this one.
    """

    start: datetime
    seconds: int
    wh: int
    meters: int
    measured: int
    readings: int
    expected: int
    left_out: int = 0

    @property
    def confidence(self) -> int:
        """How much of what is expected there is, of a hundred."""
        return min(self.readings * 100 // self.expected, 100) if self.expected else 0

    def verdict(self, now: datetime) -> Verdict:
        """Whether it is told: complete, or late; of a small group never.

        Nor without those that do not fit: beside a longer interval with them, the difference would tell their own use.
        """
        if self.meters < SMALLEST_GROUP or self.left_out:
            return Verdict.SKIP
        if self.readings == self.expected:
            return Verdict.SEND
        age = now - self.start - timedelta(seconds=self.seconds)
        if age >= WAITS and self.readings >= ENOUGH * self.expected and self.measured >= SMALLEST_GROUP:
            return Verdict.SEND_PARTLY
        if age < WAITS_LONG:
            return Verdict.WAIT
        return Verdict.SEND_PARTLY if self.measured >= SMALLEST_GROUP else Verdict.SKIP


def usage_of(program: Program, start: datetime, seconds: int) -> Usage:
    """What the program's enrolled meters used in [start, start + seconds). Two queries."""
    end = start + timedelta(seconds=seconds)
    meters = meters_taking_part(program=program, at=start).order_by()
    lengths = dict(meters.values_list("interval_minutes").annotate(count=Count("pk", distinct=True)))
    # Meters of longer intervals may have joined since the length was agreed on.
    fitting = [minutes for minutes in lengths if seconds % (minutes * 60) == 0]
    rows = IntervalReading.objects.filter(meter__in=meters.values("pk"), start__gte=start, start__lt=end)
    found = rows.aggregate(wh=Sum("energy_wh"), readings=Count("start"), measured=Count("meter", distinct=True))
    return Usage(
        start=start,
        seconds=seconds,
        wh=found["wh"] or 0,
        meters=sum(lengths.values()),
        measured=found["measured"],
        readings=found["readings"],
        expected=sum(lengths[minutes] * seconds // (minutes * 60) for minutes in fitting),
        left_out=sum(count for minutes, count in lengths.items() if minutes not in fitting),
    )


def step_seconds(program: Program, at: datetime) -> int:
    """The shortest interval that all of the program's meters can tell."""
    meters = meters_taking_part(program=program, at=at).order_by()
    lengths = list(meters.values_list("interval_minutes", flat=True).distinct())
    return 60 * (lcm(*lengths) if lengths else LONGEST_STEP)


def granularity(program: Program, asked: int, at: datetime) -> int:
    """The seconds of each interval: what was asked for, as whole intervals of the meters, and an hour at most."""
    step = step_seconds(program, at)
    return min(max(-(-asked // step), 1) * step, max(step, LONGEST_STEP * 60))


def floor_of(program: Program, moment: datetime, seconds: int) -> datetime:
    """The start of the interval in which the moment lies, on the clock of the program."""
    offset = (moment.astimezone(program.zone).utcoffset() or timedelta(0)).total_seconds()
    past = (moment.timestamp() + offset) % seconds
    return moment - timedelta(seconds=past)
