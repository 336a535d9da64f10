"""What an event does to the town's load."""

from datetime import UTC, datetime

import numpy as np
import pytest

from simulator.town import Event, build_town, energy_wh, slots_between
from simulator.town.calendar import ZONE
from simulator.town.meters import Home

TOWN = build_town()
DAYS = [(2026, month, day) for month in (2, 5, 8, 11) for day in (4, 5, 10, 12, 17, 18, 19)]


def evening(day: tuple[int, int, int]) -> Event:
    return Event.between(datetime(*day, 16, tzinfo=ZONE), datetime(*day, 18, tzinfo=ZONE))


def without_and_with(event: Event, meters, interval: int = 30):
    """Load from an hour before to two hours after the event: `(n_meters, n_slots)`, twice."""
    slots = slots_between(event.start - 3600, event.end + 7200, interval)
    return (
        energy_wh(TOWN.seed, meters, slots).astype(float),
        energy_wh(TOWN.seed, meters, slots, [event]).astype(float),
    )


@pytest.mark.parametrize("day", DAYS, ids=lambda day: "-".join(map(str, day)))
def test_enrolled_load_falls_by_a_tenth_to_three_tenths_and_half_comes_back(day):
    usual, real = without_and_with(evening(day), TOWN.enrolled())
    saved = (usual - real)[:, 2:6].sum()
    assert 0.10 < saved / usual[:, 2:6].sum() < 0.30
    assert 0.30 < (real - usual)[:, 6:8].sum() / saved < 0.60


def test_each_meter_gets_back_its_own_share_in_the_hour_after_and_nothing_later():
    usual, real = without_and_with(evening((2026, 11, 18)), TOWN.enrolled())
    saved, back = (usual - real)[:, 2:6].sum(axis=1), (real - usual)[:, 6:8].sum(axis=1)
    large = saved > 200.0  # below, rounding to 1 Wh shows
    shares = np.array([meter.rebound for meter in TOWN.enrolled()])
    assert np.allclose((back / np.where(large, saved, 1.0))[large], shares[large], atol=0.02)
    assert np.array_equal(real[:, :2], usual[:, :2])
    assert np.array_equal(real[:, 8:], usual[:, 8:])


def test_meters_differ_some_do_nothing_and_nobody_without_contract_answers():
    usual, real = without_and_with(evening((2026, 11, 18)), TOWN.meters)
    shares = 1.0 - real[:, 2:6].sum(axis=1) / usual[:, 2:6].sum(axis=1)
    enrolled = np.array([meter.contracted_kw is not None for meter in TOWN.meters])
    assert (shares[~enrolled] == 0.0).all()
    assert 2 <= (shares[enrolled] < 0.01).sum() <= 15
    assert shares[enrolled].std() > 0.05


def test_contracts_are_near_what_meters_give_up():
    factors = []
    for day in DAYS:
        usual, real = without_and_with(evening(day), TOWN.enrolled())
        given_up = (usual - real)[:, 2:6].sum(axis=1) / 2000.0
        factors.append(given_up / np.array([meter.contracted_kw for meter in TOWN.enrolled()]))
    by_meter = np.mean(factors, axis=0)
    assert ((by_meter > 0.5) & (by_meter < 1.3)).mean() > 0.7
    assert 0.7 < np.median(by_meter) < 1.0
    assert (by_meter < 0.05).sum() >= 1


def test_an_event_off_the_half_hour_counts_for_the_part_of_the_slot_it_covers():
    on_the_hour = evening((2026, 11, 18))
    late = Event(on_the_hour.start + 900, on_the_hour.end)
    usual, real = without_and_with(late, TOWN.enrolled())
    half_covered, covered = (1.0 - real.sum(axis=0) / usual.sum(axis=0))[1:3]
    assert half_covered == pytest.approx(covered / 2, rel=0.05)


def test_two_events_at_once_cannot_make_a_home_produce():
    event = evening((2026, 11, 18))
    plain = [meter for meter in TOWN.enrolled() if not meter.exports]
    slots = slots_between(event.start, event.end, 30)
    assert (energy_wh(TOWN.seed, plain, slots, [event] * 9) >= 0).all()


def test_five_minute_meters_answer_too():
    fine = [meter for meter in TOWN.enrolled() if meter.interval_minutes == 5]
    assert {isinstance(meter.load, Home) for meter in fine} == {True, False}
    usual, real = without_and_with(evening((2026, 11, 19)), fine, interval=5)
    assert (1.0 - real[:, 12:36].sum(axis=1) / usual[:, 12:36].sum(axis=1) > 0.1).all()


def test_an_event_needs_a_zone_and_an_end_after_its_start():
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        Event.between(noon.replace(tzinfo=None), noon)
    with pytest.raises(ValueError, match="ends before"):
        Event.between(noon, noon)
