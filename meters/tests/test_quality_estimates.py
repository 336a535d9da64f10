"""Estimates: numbers worked by hand, bounds as properties, and what is left empty on purpose."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from meters.models import Exclusion, ExclusionKind, IntervalReading, Quality, QualityHit
from meters.services import exclude
from meters.services.columns import integers
from meters.services.quality.estimates import History, Why, estimate, on_a_line
from meters.services.quality.fill import NothingToEstimate, estimate_gap, fill_due_gaps
from meters.services.quality.marks import check_marked
from meters.tests.quality_world import FIRST, at, hours_of, send, starts_of, usual
from tests.builder import Side, make_meter

DAY = timedelta(days=1)
STEP, SECONDS = 1_800, 86_400
MONDAY = (date(2024, 7, 8) - date(1970, 1, 1)).days


def test_a_line_is_rounded_half_up_slot_by_slot() -> None:
    assert on_a_line(100, 200, 1) == [150]
    assert on_a_line(100, 103, 1) == [102]
    # 412 + 41.2, + 82.4, + 123.6, + 164.8
    assert on_a_line(412, 618, 4) == [453, 494, 536, 577]
    assert on_a_line(50, -50, 3) == [25, 0, -25]


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(1, 120))
def test_a_line_stays_between_its_ends_and_never_turns(before: int, after: int, slots: int) -> None:
    line = on_a_line(before, after, slots)
    assert min(before, after) <= min(line) <= max(line) <= max(before, after)
    assert line == sorted(line, reverse=after < before)
    assert abs(sum(line) - slots * (before + after) / 2) <= slots / 2


def _history(values: dict[int, int], holidays: frozenset[date] = frozenset()) -> History:
    """Readings of one slot (noon) on days counted from MONDAY."""
    local = [(MONDAY + day) * SECONDS + 43_200 for day in values]
    return History(integers(local), integers(list(values.values())), STEP, holidays)


def _noon(day: int) -> int:
    return (MONDAY + day) * SECONDS + 43_200


def test_the_mean_is_of_the_four_most_recent_like_days() -> None:
    history = _history({-10: 9_000, -6: 100, -5: 110, -4: 120, -3: 131, -2: 7_000, -1: 8_000})
    # Monday: Tuesday to Friday of the week before, 461 / 4 = 115.25; the weekend is another kind of day.
    assert history.mean(_noon(0)) == 115


def test_a_holiday_is_like_a_weekend() -> None:
    values = {-8: 10, -7: 90, -6: 20, -5: 90, -4: 90, -3: 90, -2: 30, -1: 41}
    fourth = date(2024, 7, 2)  # day -6, a Tuesday
    assert _history(values, frozenset({fourth})).mean(_noon(5)) == round((41 + 30 + 20 + 10) / 4)


def test_two_like_days_are_too_few() -> None:
    assert _history({-3: 100, -4: 100}).mean(_noon(0)) is None
    assert _history({-3: 100, -4: 100, -46: 100}).mean(_noon(0)) is None


def test_the_doubled_hour_of_autumn_counts_once() -> None:
    local = [_noon(-2), _noon(-2), _noon(-1), _noon(-8)]
    history = History(integers(local), integers([100, 300, 200, 200]), STEP, frozenset())
    assert history.mean(_noon(5)) == 200


@given(st.dictionaries(st.integers(-44, -1), st.integers(-(10**6), 10**6), min_size=40))
def test_an_estimate_lies_between_the_values_it_is_made_of(values: dict[int, int]) -> None:
    mean = _history(values).mean(_noon(0))
    assert mean is not None
    assert min(values.values()) <= mean <= max(values.values())


def test_only_a_short_gap_between_two_readings_gets_a_line() -> None:
    local = {start: start for start in (STEP, 2 * STEP)}
    known = {0: 100, 3 * STEP: 400}
    empty = _history({})
    made = estimate(missing=list(local), local=local, excluded=frozenset(), known=known, history=empty)
    assert made.values == {STEP: 200, 2 * STEP: 300}
    made = estimate(missing=list(local), local=local, excluded=frozenset({STEP}), known=known, history=empty)
    assert made == ({2 * STEP: 300}, {STEP: Why.EXCLUDED})
    made = estimate(missing=list(local), local=local, excluded=frozenset(), known={0: 100}, history=empty)
    assert made.refused == {STEP: Why.FEW_DAYS, 2 * STEP: Why.FEW_DAYS}


def _estimated(side: Side) -> dict[datetime, int]:
    rows = IntervalReading.objects.filter(meter=side.home, quality=Quality.ESTIMATED)
    return dict(rows.values_list("start", "energy_wh"))


@pytest.mark.django_db
def test_a_gap_of_two_hours_is_bridged_and_one_of_more_is_not(here: Side) -> None:
    hole = list(hours_of(at(FIRST, 3), 2))
    send(here.home, wrong=dict.fromkeys(hole))
    assert estimate_gap(meter=here.home, start=hole[0], end=hole[-1] + timedelta(minutes=30)).filled == 4
    line = on_a_line(usual(at(FIRST, 2.5)), usual(at(FIRST, 5)), 4)
    assert _estimated(here) == dict(zip(hole, line, strict=True))


@pytest.mark.django_db
def test_a_longer_gap_gets_the_mean_of_like_days(here: Side) -> None:
    friday = FIRST + 11 * DAY
    hole = list(hours_of(at(friday, 3), 5))
    send(here.home, days=14, wrong=dict.fromkeys(hole))
    estimate_gap(meter=here.home, start=hole[0], end=at(friday, 8))
    expected = {start: (sum(usual(start - back * DAY) for back in (1, 2, 3, 4)) * 2 + 4) // 8 for start in hole}
    assert _estimated(here) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(("day", "slots"), [(date(2024, 3, 10), 46), (date(2024, 11, 3), 50)])
def test_a_whole_day_of_a_clock_change_is_filled_slot_by_slot(here: Side, day: date, slots: int) -> None:
    send(here.home, day - 30 * DAY, days=60, wrong=dict.fromkeys(starts_of(day, 1)))
    assert estimate_gap(meter=here.home, start=at(day, 0), end=at(day, 0) + 26 * timedelta(hours=1)).filled == slots
    assert sorted(_estimated(here)) == starts_of(day, 1)


@pytest.mark.django_db
def test_without_like_days_there_is_no_estimate_and_a_reason(here: Side) -> None:
    send(here.home, days=3, wrong=dict.fromkeys(hours_of(at(FIRST + DAY, 3), 5)))
    with pytest.raises(NothingToEstimate, match="fewer than three like days"):
        estimate_gap(meter=here.home, start=at(FIRST + DAY, 0), end=at(FIRST + 2 * DAY, 0))
    assert _estimated(here) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [ExclusionKind.OUTAGE, ExclusionKind.IDLE, ExclusionKind.TEST])
def test_an_outage_stays_empty(here: Side, kind: ExclusionKind) -> None:
    hole = list(hours_of(at(FIRST, 3), 2))
    send(here.home, wrong=dict.fromkeys(hole))
    exclude(kind=kind, meters=[here.home], start=hole[1], end=hole[3], source="test")
    result = estimate_gap(meter=here.home, start=at(FIRST, 0), end=at(FIRST, 12))
    assert (result.filled, result.excluded) == (2, 2)
    assert sorted(_estimated(here)) == [hole[0], hole[3]]
    with pytest.raises(NothingToEstimate, match="outage"):
        estimate_gap(meter=here.home, start=at(FIRST, 0), end=at(FIRST, 12))


@pytest.mark.django_db
def test_days_of_events_and_outages_are_no_like_days(here: Side) -> None:
    friday = FIRST + 11 * DAY
    hole = list(hours_of(at(friday, 3), 5))
    send(here.home, days=14, wrong=dict.fromkeys(hole) | {at(friday - DAY, 3): 9_000})
    span = {"start": at(friday - DAY, 0), "end": at(friday, 0)}
    exclude(kind=ExclusionKind.EVENT, meters=[here.home], source="event", **span)
    estimate_gap(meter=here.home, start=hole[0], end=at(friday, 8))
    # Thursday is left out: Monday to Wednesday and the Friday before.
    days = [usual(hole[0] - back * DAY) for back in (2, 3, 4, 7)]
    assert _estimated(here)[hole[0]] == (sum(days) * 2 + 4) // 8
    assert Exclusion.objects.count() == 1


@pytest.mark.django_db
def test_nothing_is_estimated_outside_of_first_and_last_reading(here: Side) -> None:
    send(here.home)
    for start in (FIRST - 5 * DAY, FIRST + DAY):
        with pytest.raises(NothingToEstimate, match="No reading is missing"):
            estimate_gap(meter=here.home, start=at(start, 0), end=at(start, 24))
    with pytest.raises(NothingToEstimate, match="No reading is missing"):
        estimate_gap(meter=make_meter(here.distributor), start=at(FIRST, 0), end=at(FIRST, 24))
    with pytest.raises(NothingToEstimate, match="45 days"):
        estimate_gap(meter=here.home, start=at(FIRST, 0), end=at(FIRST + 60 * DAY, 0))


@pytest.mark.django_db
def test_hours_that_begin_at_half_past_of_utc_are_estimated_on_their_own_grid(here: Side) -> None:
    meter = make_meter(here.distributor, zone_name="Asia/Kolkata", interval_minutes=60)
    first = datetime(2024, 6, 2, 18, 30, tzinfo=UTC)
    hours = [first + timedelta(hours=number) for number in range(6)]
    for start, wh in ((hours[0], 100), (hours[2], 300)):
        IntervalReading.objects.create(meter=meter, start=start, energy_wh=wh)
    assert estimate_gap(meter=meter, start=first, end=hours[5]).filled == 1
    assert IntervalReading.objects.get(meter=meter, quality=Quality.ESTIMATED).start == hours[1]


@pytest.mark.django_db
def test_an_estimate_gives_way_to_the_reading_that_comes_late(here: Side) -> None:
    hole = list(hours_of(at(FIRST, 3), 1))
    send(here.home, wrong=dict.fromkeys(hole))
    estimate_gap(meter=here.home, start=at(FIRST, 0), end=at(FIRST, 24))
    send(here.home)
    late = IntervalReading.objects.filter(meter=here.home, start__in=hole).values_list("energy_wh", "quality")
    assert list(late) == [(usual(start), Quality.MEASURED) for start in hole]


@pytest.mark.django_db
def test_the_job_waits_a_day_and_tries_each_gap_once(here: Side) -> None:
    send(here.home, days=2, wrong=dict.fromkeys([*hours_of(at(FIRST, 3), 1), *hours_of(at(FIRST + DAY, 3), 5)]))
    check_marked(distributor=here.distributor)
    early, late = at(FIRST, 4) + timedelta(hours=23), timezone.now()
    assert fill_due_gaps(distributor=here.distributor, now=early) == 0
    assert fill_due_gaps(distributor=here.distributor, now=late) == 2
    assert QualityHit.objects.get(start=at(FIRST + DAY, 3)).reason == Why.FEW_DAYS
    check_marked(distributor=here.distributor)
    states = dict(QualityHit.objects.values_list("start", "state"))
    assert states == {at(FIRST, 3): "gone", at(FIRST + DAY, 3): "open"}
    assert fill_due_gaps(distributor=here.distributor, now=late) == 0
