"""Hits follow what is stored, whichever way the readings came."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from meters.models import Exclusion, HitState, IntervalReading, Meter, Quality, QualityHit, QualityMark, QualityRule
from meters.services.doubts import Doubt
from meters.services.exclusions import add_exclusion, remove_exclusion
from meters.services.quality.check import check_quality
from meters.services.quality.marks import check_marked, mark_quality
from meters.services.quality.rules import Found
from meters.services.quality.store import note_refused, store_findings
from meters.tests.helpers import make_batch
from meters.tests.quality_world import FIRST, at, check_all, hits, hours_of, send, starts_of, usual
from tests.builder import Side, make_meter

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LATER = FIRST + 20 * DAY


def test_usual_days_have_no_hit(here: Side) -> None:
    send(here.home, days=40)
    check_all(here.home)
    assert hits(here.home) == []


def test_a_missing_hour_is_a_gap(here: Side) -> None:
    send(here.home, days=2, wrong=dict.fromkeys(hours_of(at(FIRST, 3), 1)))
    check_all(here.home)
    assert hits(here.home) == [("gap", at(FIRST, 3), at(FIRST, 4), 2, None, None)]


def test_what_is_missing_in_a_noted_outage_is_no_gap_until_the_note_goes(here: Side) -> None:
    send(here.home, days=2, wrong=dict.fromkeys(hours_of(at(FIRST, 3), 3)))
    check_marked(distributor=here.distributor)
    assert len(hits(here.home)) == 1
    outage = Exclusion(
        distributor=here.distributor, kind="outage", feeder=here.home.feeder, start=at(FIRST, 3), end=at(FIRST, 5)
    )
    outage, _is_new = add_exclusion(exclusion=outage, by=here.admin)
    check_marked(distributor=here.distributor)
    assert hits(here.home) == [("gap", at(FIRST, 5), at(FIRST, 6), 2, None, None)]
    remove_exclusion(exclusion=outage, by=here.admin)
    check_marked(distributor=here.distributor)
    assert hits(here.home) == [("gap", at(FIRST, 3), at(FIRST, 6), 6, None, None)]


def test_what_comes_before_the_first_reading_is_no_gap(here: Side) -> None:
    send(here.home, wrong=dict.fromkeys(hours_of(at(FIRST, 0), 9)))
    check_all(here.home)
    assert hits(here.home) == []


def test_a_spike_is_far_above_the_same_slot_of_four_weeks(here: Side) -> None:
    send(here.home, days=30, wrong={at(LATER, 18): 40_000})
    check_all(here.home)
    [(rule, start, end, slots, value, usual_wh)] = hits(here.home)
    assert (rule, start, end, slots, value) == ("spike", at(LATER, 18), at(LATER, 18.5), 1, 40_000)
    assert 755 <= usual_wh <= 775


def test_in_the_first_week_nothing_is_a_spike(here: Side) -> None:
    send(here.home, days=6, wrong={at(FIRST + 5 * DAY, 18): 40_000})
    check_all(here.home)
    assert hits(here.home) == []


def test_a_load_that_comes_every_week_is_no_spike(here: Side) -> None:
    weekly = {at(FIRST + week * 7 * DAY, 10): 20_000 for week in range(8)}
    send(here.home, days=56, wrong=weekly)
    check_all(here.home)
    assert [start for rule, start, *_rest in hits(here.home) if start > at(FIRST + 28 * DAY, 0)] == []


def test_a_day_of_one_value_is_stuck(here: Side) -> None:
    send(here.home, days=30, wrong=dict.fromkeys(hours_of(at(LATER, 6), 30), 333))
    check_all(here.home)
    assert hits(here.home) == [("stuck", at(LATER, 6), at(LATER, 36), 60, 333, None)]


def test_a_run_that_is_longer_than_any_window_has_its_true_ends(here: Side) -> None:
    send(here.home, days=40, wrong=dict.fromkeys(hours_of(at(FIRST + DAY, 0), 24 * 35), 333))
    check_quality(
        distributor=here.distributor, meters=[here.home], start=at(FIRST + 30 * DAY, 0), end=at(FIRST + 31 * DAY, 0)
    )
    assert hits(here.home) == [("stuck", at(FIRST + DAY, 0), at(FIRST + 36 * DAY, 0), 48 * 35, 333, None)]


def test_zeros_of_a_quarter_day_are_stuck_where_there_were_none(here: Side) -> None:
    send(here.home, days=30, wrong=dict.fromkeys(hours_of(at(LATER, 6), 7), 0))
    check_all(here.home)
    assert hits(here.home) == [("stuck", at(LATER, 6), at(LATER, 13), 14, 0, None)]


def test_nights_of_a_solar_meter_are_not_stuck(here: Side) -> None:
    solar = make_meter(here.distributor, exports=True)
    nights = {start: 0 for day in range(30) for start in hours_of(at(FIRST + day * DAY, 0), 6)}
    noons = {start: -900 for day in range(30) for start in hours_of(at(FIRST + day * DAY, 11), 2)}
    send(solar, days=30, wrong=nights | noons)
    check_all(solar)
    assert hits(solar) == []


def test_below_zero_is_a_hit_where_nothing_is_fed_in(here: Side) -> None:
    solar = make_meter(here.distributor, exports=True)
    send(solar, days=2, wrong={at(FIRST, 12): -50})
    Meter.objects.filter(pk=solar.pk).update(exports=False)
    solar.refresh_from_db()
    check_all(solar)
    assert hits(solar) == [("negative", at(FIRST, 12), at(FIRST, 12.5), 1, -50, 0)]


def test_an_autumn_day_without_its_second_hour_is_a_gap_and_too_short(here: Side) -> None:
    day = date(2024, 11, 3)
    repeated = [start for start in starts_of(day, 1) if start.hour == 6]
    send(here.home, day - DAY, days=3, wrong=dict.fromkeys(repeated))
    check_all(here.home)
    bounds = starts_of(day, 1)
    assert [hit[:4] for hit in hits(here.home)] == [
        ("day_length", bounds[0], bounds[-1] + timedelta(minutes=30), 48),
        ("gap", repeated[0], repeated[-1] + timedelta(minutes=30), 2),
    ]


def test_a_filled_gap_is_gone_and_opens_again_when_it_comes_back(here: Side) -> None:
    hole = dict.fromkeys(hours_of(at(FIRST, 3), 1))
    send(here.home, days=2, wrong=hole)
    check_marked(distributor=here.distributor)
    assert len(hits(here.home)) == 1
    send(here.home)
    check_marked(distributor=here.distributor)
    assert hits(here.home) == []
    assert len(hits(here.home, "gone")) == 1
    IntervalReading.objects.filter(meter=here.home, start__in=list(hole)).delete()
    mark_quality(distributor_id=here.distributor.pk, meter_ids=[here.home.pk], start=min(hole), end=max(hole))
    check_marked(distributor=here.distributor)
    assert len(hits(here.home)) == 1


def _accept(meter: Meter) -> None:
    QualityHit.objects.filter(meter=meter).update(state=HitState.ACCEPTED, reason="seen")


def test_an_accepted_hit_stays_so_while_its_value_is_the_same(here: Side) -> None:
    send(here.home, days=30, wrong={at(LATER, 18): 40_000})
    check_all(here.home)
    _accept(here.home)
    check_all(here.home)
    assert hits(here.home) == []
    send(here.home, LATER, wrong={at(LATER, 18): 60_000})
    check_all(here.home)
    assert [hit[4] for hit in hits(here.home)] == [60_000]
    assert QualityHit.objects.get(meter=here.home).reason == ""


def test_a_run_that_somebody_accepted_may_go_on(here: Side) -> None:
    send(here.home, days=25)
    send(here.home, FIRST + 25 * DAY, wrong=dict.fromkeys(starts_of(FIRST + 25 * DAY, 1), 50))
    check_all(here.home)
    _accept(here.home)
    send(here.home, FIRST + 26 * DAY, wrong=dict.fromkeys(starts_of(FIRST + 26 * DAY, 1), 50))
    check_all(here.home)
    assert hits(here.home) == []
    assert [hit[3] for hit in hits(here.home, "accepted")] == [96]


def test_estimates_are_not_judged(here: Side) -> None:
    send(here.home, days=20)
    send(here.home, LATER, quality=Quality.ESTIMATED, wrong=dict.fromkeys(starts_of(LATER, 1), 90_000))
    check_all(here.home)
    assert hits(here.home) == []


def test_the_other_distributor_is_left_alone(world: object, here: Side) -> None:
    there = world.there  # type: ignore[attr-defined]  # a fixture
    send(there.home, days=2, wrong=dict.fromkeys(hours_of(at(FIRST, 3), 1)))
    check_marked(distributor=here.distributor)
    assert not QualityHit.objects.exists()
    assert QualityMark.objects.count() == 1


def test_a_meter_that_changed_since_it_was_read_is_left_for_the_next_turn(here: Side) -> None:
    finding = (QualityRule.GAP, Found(0, 1_800, 1))
    kept = store_findings(
        distributor=here.distributor,
        findings={here.home.pk: [finding]},
        versions={here.home.pk: here.home.data_version - 1},
        span=(0, 86_400),
    )
    assert kept.changed_meanwhile == (here.home.pk,)
    assert not QualityHit.objects.exists()


def test_what_an_import_refused_is_noted_once(here: Side) -> None:
    doubts = [Doubt(here.home.pk, QualityRule.REGISTER, 1_719_792_000, 1_719_793_800, 1, -500)]
    batch = make_batch(here.distributor)
    for _turn in range(2):
        noted = note_refused(distributor=here.distributor, doubts=doubts, batch=batch)
    assert noted == 0
    assert [hit[0] for hit in hits(here.home)] == ["register"]
    # Nothing that is stored says whether it still holds.
    check_all(here.home)
    assert [hit[0] for hit in hits(here.home)] == ["register"]


def test_a_future_reading_is_no_hit_once_its_time_has_come(here: Side) -> None:
    soon = datetime(2100, 1, 1, tzinfo=UTC)
    IntervalReading.objects.create(meter=here.home, start=soon, energy_wh=5)
    check_quality(distributor=here.distributor, meters=[here.home], start=soon, end=soon + DAY)
    assert [hit[0] for hit in hits(here.home)] == ["future"]
    QualityHit.objects.update(start=datetime(2020, 1, 1, tzinfo=UTC), end=datetime(2020, 1, 2, tzinfo=UTC))
    check_marked(distributor=here.distributor)
    assert hits(here.home) == []


def _plan(chance: random.Random) -> list[tuple[date, dict[datetime, int | None]]]:
    """Days with everything that can be wrong, in the order of the calendar."""
    plan: list[tuple[date, dict[datetime, int | None]]] = []
    for number in range(45):
        day, wrong = FIRST + number * DAY, dict[datetime, int | None]()
        if number % 5 == 0:
            wrong |= dict.fromkeys(hours_of(at(day, chance.randrange(20)), chance.choice([0.5, 2, 4])))
        if number % 7 == 0:
            wrong[at(day, 18)] = chance.choice([5_000, 40_000])
        if number % 8 in (0, 1):
            wrong |= dict.fromkeys(starts_of(day, 1), 420)
        if number % 11 == 0:
            wrong |= dict.fromkeys(hours_of(at(day, 2), 7), 0)
        plan.append((day, wrong))
    return plan


def test_checking_change_by_change_leaves_what_checking_all_leaves(here: Side) -> None:
    chance = random.Random(7)  # reproducible, no secret
    plan, other = _plan(chance), make_meter(here.distributor)
    for day, wrong in plan:
        send(other, day, wrong=wrong)
    chance.shuffle(plan)
    QualityMark.objects.all().delete()
    for number, (day, wrong) in enumerate(plan):
        send(here.home, day, wrong=wrong)
        if number % 3 == 0:
            check_marked(distributor=here.distributor)
    check_marked(distributor=here.distributor)
    check_all(other)
    assert hits(here.home) == hits(other)
    assert {hit[0] for hit in hits(other)} == {"gap", "spike", "stuck"}


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_leave_one_hit_each(here: Side) -> None:
    meters = [make_meter(here.distributor) for _number in range(6)]
    for meter in meters:
        send(meter, days=3, wrong=dict.fromkeys(hours_of(at(FIRST, 3), 1)))

    def look() -> None:
        try:
            for _turn in range(3):
                check_quality(distributor=here.distributor, meters=meters, start=at(FIRST, 0), end=at(FIRST, 24))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(look) for _worker in range(2)]:
            done.result()
    assert QualityHit.objects.filter(state="open").count() == 6


def test_the_number_of_queries_does_not_grow_with_the_meters(here: Side, django_assert_max_num_queries: object) -> None:
    meters = [make_meter(here.distributor) for _number in range(8)]
    for meter in meters:
        send(meter, days=9, wrong=dict.fromkeys(hours_of(at(FIRST, 3), 1)))
    with django_assert_max_num_queries(16):  # type: ignore[operator]  # a fixture
        check_quality(distributor=here.distributor, meters=meters, start=at(FIRST, 0), end=at(FIRST, 24))
    assert QualityHit.objects.count() == 8


def test_usual_values_are_what_the_tests_think() -> None:
    values = [usual(start) for start in starts_of(FIRST, 40)]
    assert 190 < min(values) < max(values) < 1_000
