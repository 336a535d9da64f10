"""One event from its readings to the ledger, against a bare SQL read with the same arithmetic and nothing stored."""

import statistics
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import connection
from django.db.models import Sum

from benchmarks import world
from benchmarks.clock import interleaved, timed
from benchmarks.database import READINGS, fill, time_texts
from benchmarks.report import Goal, Of, Row, rates
from common.money import round_half_up
from events.models import Event
from events.services import Terms, create_program, enroll_all, record_completed_event
from meters.services import Readings
from settlement.models import SettlementLine
from settlement.services import post_run, settle
from tests.builder import make_distributor

PARTICIPANTS = {"small": (250, 1_000), "full": (1_000, 10_000, 50_000)}
# Monday to the second Thursday; the events are on its last three days, 16:00 to 18:00 in New York.
FIRST = datetime(2024, 5, 6, tzinfo=UTC)
DAYS = 12
EVENT_DAYS = (date(2024, 5, 14), date(2024, 5, 15), date(2024, 5, 16))
POOL_DAYS = tuple(date(2024, 5, day) for day in (13, 10, 9))
OPENS, SLOTS = timedelta(hours=20), 4
RATE = Decimal("2.80")
GOAL = Goal("≥", 2_000, Of.CORE)


def measure(scale: str) -> Iterator[Row]:
    """Three events of each size; the rule is three-day, each participant is paid, the day has 48 readings."""
    pace = []
    for count in PARTICIPANTS[scale]:
        case = _Case(count)
        took = interleaved(len(EVENT_DAYS), {"portal": case.settle_and_post, "bare": case.bare})
        case.check()
        pace.append([count / each.wall for each in took["portal"]])
        what = f"settle and post, {count:,} participants / bare SQL + sums"
        yield rates(what, "1/s", count, took["portal"], took["bare"], goals=[GOAL])
        yield Row(
            "  of the time of ours, in settle (the rest is post_run)", "share",
            [part / each.wall for part, each in zip(case.settling, took["portal"], strict=True)],
        )  # fmt: skip
    few, *more = PARTICIPANTS[scale]
    for count, figures in zip(more, pace[1:], strict=True):
        yield Row(f"pace with {count:,} participants / with {few:,}", "1/s", figures, pace[0])


class _Case:
    """A program with so many participants and three past events."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.credits: list[Decimal] = []
        self.settling: list[float] = []
        distributor = make_distributor()
        meters = world.make_meters(distributor, count)
        self.ids = [meter.pk for meter in meters]
        fill(self._readings(meters))
        terms = Terms(preset="three-day", rate_per_kw=RATE)
        version, _ = create_program(distributor=distributor, name="Evening peak", terms=terms)
        enroll_all(program=version.program)
        self.events: list[Event] = [
            record_completed_event(program=version.program, start=_start(day), end=_start(day) + SLOTS * world.SLOT)
            for day in EVENT_DAYS
        ]

    def _readings(self, meters: list) -> Readings:
        """Twelve days, with a third less in the events."""
        energies = world.make_energies(self.count, DAYS * world.SLOTS_PER_DAY)
        for day in EVENT_DAYS:
            first = (_start(day) - FIRST) // world.SLOT
            energies[:, first : first + SLOTS] = energies[:, first : first + SLOTS] * 2 // 3
        return world.make_readings(meters, FIRST, energies)

    def settle_and_post(self, number: int) -> None:
        """Baselines, lines with their traces, and ledger entries; parts and the posting in their own transactions."""
        event = self.events[number]
        self.settling.append(timed(lambda: settle(event=event)).wall)
        post_run(run=event.runs.get())

    def bare(self, number: int) -> None:
        """The same sixteen readings of each meter, and its credit in exact numbers."""
        credit = Decimal(0)
        event, nominated = EVENT_DAYS[number], Fraction(world.NOMINATED_KW)
        for actual, usual in _sums(self.ids, event):
            reduction_kw = (Fraction(usual, len(POOL_DAYS)) - actual) / 1_000 / Fraction(SLOTS, 2)
            credit += round_half_up(min(max(Fraction(0), reduction_kw), nominated) * Fraction(RATE), 2)
        self.credits.append(credit)

    def check(self) -> None:
        """Both ways owe the same."""
        lines = SettlementLine.objects.filter(run__event__in=self.events)
        sums = dict(lines.values_list("run__event").annotate(Sum("credit")))
        expected = [sums[event.pk] for event in self.events]
        assert sorted(expected) == sorted(self.credits), (expected, self.credits)
        assert statistics.mean(expected) > 0


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + OPENS


def _sums(ids: list[int], event: date) -> Iterator[tuple[int, int]]:
    """Wh of each meter in the event, and on its three pool days together."""
    actual, usual, day = defaultdict(int), defaultdict(int), str(event)
    ranges = " OR ".join(_range(each) for each in (event, *POOL_DAYS))
    with connection.cursor() as cursor:
        for first in range(0, len(ids), 500):
            chosen = ",".join(map(str, ids[first : first + 500]))
            cursor.execute(
                f"SELECT meter_id, start, energy_wh FROM {READINGS} WHERE meter_id IN ({chosen}) AND ({ranges})"
            )
            for meter, start, wh in cursor.fetchall():
                (actual if start.date() == event else usual)[meter] += wh
    assert len(actual) == len(usual) == len(ids), day
    return zip(actual.values(), (usual[meter] for meter in actual), strict=True)


def _range(day: date) -> str:
    first = int(_start(day).timestamp())
    low, high = time_texts(world.seconds([first, first + (SLOTS - 1) * world.SECONDS]))
    return f"start BETWEEN '{low}' AND '{high}'"
