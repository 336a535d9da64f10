"""Registers that count up: worked example D3, late reads, rollover, gaps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meters.models import IntervalReading, Quality, ReadingKind, ReadingRevision, RegisterRead, RollupMark
from meters.services import RegisterReads, ingest_register
from meters.tests.helpers import NOON, make_batch, slot, stored
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db

BACK = "the register went back: no energy before this read"


def make_register(distributor=None, **fields):
    return make_meter(distributor or make_distributor(), reading_kind=ReadingKind.REGISTER, **fields)


def read(meter, *reads, source="test", batch=None):
    rows = RegisterReads.of([(meter.pk, moment, wh) for moment, wh in reads])
    return ingest_register(distributor=meter.distributor, reads=rows, source=source, batch=batch)


def energies(meter):
    return [(start, wh, quality) for start, wh, _, quality, _ in stored(meter)]


D3 = [(0, 1_000_000), (1, 1_000_500), (3, 1_002_000), (4, 5_000), (5, 5_400)]
D3_ENERGIES = [
    (slot(0), 500, Quality.MEASURED),
    (slot(1), 750, Quality.ESTIMATED),
    (slot(2), 750, Quality.ESTIMATED),
    (slot(4), 400, Quality.MEASURED),
]


def test_worked_example_d3():
    meter = make_register()
    result = read(meter, *[(slot(at), wh) for at, wh in D3])
    assert energies(meter) == D3_ENERGIES
    assert (result.new, result.repeated, result.refused) == (4, 0, 0)
    assert [(each.row, each.meter, each.problem) for each in result.problems] == [(3, meter.number, BACK)]


def test_worked_example_d3_over_zero_of_a_dial():
    meter = make_register(register_limit_wh=10**8)
    result = read(meter, (slot(0), 99_999_800), (slot(1), 300))
    assert energies(meter) == [(slot(0), 500, Quality.MEASURED)]
    assert result.problems == ()


@pytest.mark.parametrize("at", range(len(D3)))
def test_worked_example_d3_with_one_read_late(at):
    meter = make_register()
    rest = [row for number, row in enumerate(D3) if number != at]
    read(meter, *[(slot(number), wh) for number, wh in rest])
    read(meter, (slot(D3[at][0]), D3[at][1]))
    assert [row[:2] for row in energies(meter)] == [row[:2] for row in D3_ENERGIES]


def test_a_dial_of_unknown_size_never_goes_over_zero():
    meter = make_register()
    result = read(meter, (slot(0), 99_999_800), (slot(1), 300))
    assert (energies(meter), [each.problem for each in result.problems]) == ([], [BACK])


def test_a_new_meter_at_half_of_the_dial_is_no_rollover():
    meter = make_register(register_limit_wh=10**8)
    assert [each.problem for each in read(meter, (slot(0), 60_000_000), (slot(1), 0)).problems] == [BACK]
    assert energies(meter) == []


def test_one_read_alone_gives_no_energy():
    meter = make_register()
    assert read(meter, (slot(0), 5)).new == 0
    assert RegisterRead.objects.get().value_wh == 5


def test_the_remainder_of_a_split_comes_first():
    meter = make_register()
    read(meter, (slot(0), 0), (slot(3), 8))
    assert [wh for _, wh, _ in energies(meter)] == [3, 3, 2]


def test_the_same_reads_again_change_nothing():
    meter = make_register()
    read(meter, (slot(0), 0), (slot(1), 8))
    meter.refresh_from_db()
    version = meter.data_version
    result = read(meter, (slot(0), 0), (slot(1), 8), (slot(1), 8))
    assert (result.new, result.corrected, result.repeated, result.refused) == (0, 0, 3, 0)
    meter.refresh_from_db()
    assert meter.data_version == version
    assert not ReadingRevision.objects.exists()


def test_a_late_read_between_two_makes_estimates_measured_and_keeps_them_as_revisions():
    meter = make_register()
    read(meter, (slot(0), 0), (slot(2), 100))
    result = read(meter, (slot(1), 70), source="late.csv")
    assert energies(meter) == [(slot(0), 70, Quality.MEASURED), (slot(1), 30, Quality.MEASURED)]
    assert result.corrected == 2
    revisions = ReadingRevision.objects.order_by("start").values_list(
        "energy_wh", "quality", "replaced_by_wh", "source"
    )
    assert list(revisions) == [(50, 2, 70, "late.csv"), (50, 2, 30, "late.csv")]


def test_a_read_that_says_otherwise_changes_both_of_its_sides():
    meter = make_register()
    read(meter, (slot(0), 0), (slot(1), 10), (slot(2), 20))
    read(meter, (slot(1), 12))
    assert energies(meter) == [(slot(0), 12, Quality.CORRECTED), (slot(1), 8, Quality.CORRECTED)]
    assert RegisterRead.objects.get(at=slot(1)).former_wh == 10


def test_a_late_read_above_the_next_takes_away_what_stood_after_it():
    meter = make_register()
    read(meter, (slot(0), 0), (slot(2), 100))
    result = read(meter, (slot(1), 500))
    assert energies(meter) == [(slot(0), 500, Quality.MEASURED)]
    assert [each.problem for each in result.problems] == [BACK]
    gone = ReadingRevision.objects.get(start=slot(1))
    assert (gone.energy_wh, gone.replaced_by_wh) == (50, None)


@pytest.mark.parametrize(
    ("moment", "wh", "sentence"),
    [
        (NOON + timedelta(minutes=7), 1, "no interval of 30 minutes starts then"),
        (datetime(2999, 1, 1, tzinfo=UTC), 1, "the interval has not ended yet"),
        (slot(0), -1, "a register never shows less than 0"),
        (slot(0), 10**8, "the dial only counts to 99999999 Wh"),
        (slot(0), 10**15 + 1, "the dial only counts to 99999999 Wh"),
    ],
)
def test_a_read_that_cannot_be_true_is_refused(moment, wh, sentence):
    meter = make_register(register_limit_wh=10**8)
    result = read(meter, (moment, wh))
    assert [each.problem for each in result.problems] == [sentence]
    assert result.refused == 1
    assert not RegisterRead.objects.exists()


def test_a_meter_that_sends_energies_has_no_register():
    meter = make_meter(make_distributor())
    assert read(meter, (slot(0), 1)).problems[0].problem == "the meter sends energies and has no register"


def test_a_strangers_meter_does_not_exist():
    meter, here = make_register(), make_distributor()
    rows = RegisterReads.of([(meter.pk, slot(0), 1)])
    result = ingest_register(distributor=here, reads=rows, source="test")
    assert result.problems[0].problem == "there is no such meter"


def test_years_without_a_read_are_not_filled():
    meter = make_register()
    result = read(meter, (NOON - timedelta(days=500), 0), (NOON, 10**6))
    assert energies(meter) == []
    assert result.problems[0].problem.startswith("more than 400 days after the read before")


def test_a_read_over_a_clock_change_counts_hours_that_were():
    meter = make_register(interval_minutes=60)
    # New York's clocks went forward at 07:00 UTC.
    read(meter, (datetime(2024, 3, 10, 5, tzinfo=UTC), 0), (datetime(2024, 3, 11, 4, tzinfo=UTC), 2300))
    assert [wh for _, wh, _ in energies(meter)] == [100] * 23


def test_changed_intervals_are_marked_and_spans_are_of_the_batch():
    meter = make_register()
    batch = make_batch(meter.distributor)
    read(meter, (slot(0), 0), (slot(2), 100), batch=batch)
    assert batch.spans.values_list("start", "end").get() == (slot(0), slot(2))
    assert RollupMark.objects.values_list("meter_id", "start", "end").get() == (meter.pk, slot(0), slot(2))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.dictionaries(st.integers(0, 40), st.integers(0, 10**6), min_size=2, max_size=12), data=st.data())
def test_in_any_order_the_sum_is_what_the_register_counted(steps, data):
    IntervalReading.objects.all()._raw_delete("default")
    meter = make_register()
    reads, total = [], 0
    for at in sorted(steps):
        total += steps[at]
        reads.append((slot(at), total))
    sent = data.draw(st.permutations(reads))
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        part, sent = sent[:size], sent[size:]
        read(meter, *part)
    rows = {start: (wh, quality) for start, wh, quality in energies(meter)}
    for (begin, low), (end, high) in pairwise(reads):
        count = (end - begin) // timedelta(minutes=30)
        mine = [rows.pop(begin + number * timedelta(minutes=30)) for number in range(count)]
        assert sum(wh for wh, _ in mine) == high - low
        assert max(wh for wh, _ in mine) - min(wh for wh, _ in mine) <= 1
        assert {quality for _, quality in mine} <= ({0, 1} if count == 1 else {2})
    assert not rows
