"""The model: a set-point is followed by a ramp, and what was shed comes back in part."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.hil.feeder import Feeder, FeederTraits, unshed_watts, unshed_wh
from simulator.hil.tests.rigs import NOON, TRAITS

HOUR = 3600.0


def feeder(**changes) -> Feeder:
    return Feeder(replace(TRAITS, **changes), now=float(NOON))


def unshed(until: float) -> float:
    """What the same feeder would have drawn in Wh without any shed."""
    calm = feeder()
    calm.advance(until)
    return calm.energy_wh


def test_several_hundred_kilowatts_at_any_hour():
    fixed, controllable = unshed_watts(TRAITS, np.arange(NOON, NOON + 86_400 * 28, 600))
    total = fixed + controllable
    assert 200_000 < total.min() < total.max() < 500_000
    assert 100_000 < controllable.min() <= controllable.max() <= TRAITS.controllable_watts


def test_the_unshed_load_is_the_same_however_it_is_cut():
    whole, _ = unshed_watts(TRAITS, np.arange(NOON, NOON + 7200))
    part, _ = unshed_watts(TRAITS, np.arange(NOON + 3000, NOON + 3010))
    assert whole[3000:3010] == pytest.approx(part, abs=1e-6)
    other, _ = unshed_watts(FeederTraits(seed=7), np.arange(NOON, NOON + 10))
    assert not np.allclose(other, whole[:10])


def test_the_shed_ramps_to_its_set_point_and_holds_it():
    one = feeder()
    one.setpoint_watts = 60_000
    one.advance(NOON + 5.0)
    assert one.shed_watts == pytest.approx(5 * TRAITS.ramp_watts)
    one.advance(NOON + 60.0)
    assert one.shed_watts == 60_000
    calm = feeder()
    calm.advance(NOON + 60.0)
    assert calm.watts - one.watts == pytest.approx(60_000)


def test_no_more_is_shed_than_there_is_to_shed():
    one = feeder()
    one.setpoint_watts = TRAITS.controllable_watts
    one.advance(NOON + 300.0)
    assert one.achieved_watts == pytest.approx(one.available_watts, rel=0.01)
    assert one.achieved_watts <= one.available_watts < TRAITS.controllable_watts
    assert one.watts > 100_000


def test_the_voltage_rises_when_load_is_shed_and_more_on_a_weak_feeder():
    rises = []
    for strength in (9e6, 4.5e6):
        one = feeder(short_circuit_va=strength)
        one.advance(NOON + 60.0)
        before = one.volts()
        one.setpoint_watts = 100_000
        one.advance(NOON + 120.0)
        rises.append(min(after - was for after, was in zip(one.volts(), before, strict=True)))
    assert 2.0 < rises[0] < rises[1]
    assert rises[1] == pytest.approx(2 * rises[0], rel=0.1)


@settings(max_examples=10)
@given(watts=st.floats(1_000, 100_000), seconds=st.integers(30, 600), cuts=st.integers(1, 40))
def test_what_comes_back_is_the_share_of_what_was_shed(watts, seconds, cuts):
    one = feeder(rebound_seconds=60.0)
    one.setpoint_watts = watts
    for cut in range(1, cuts + 1):
        one.advance(NOON + seconds * cut / cuts)
    one.setpoint_watts = 0
    # Straight up, held, straight down.
    shed_wh = watts * seconds / HOUR
    one.advance(NOON + 4000.0)
    saved_wh = unshed(NOON + 4000.0) - one.energy_wh
    assert saved_wh == pytest.approx((1 - TRAITS.rebound_share) * shed_wh, rel=0.05)
    assert one.owed_wh == pytest.approx(0, abs=0.01 * shed_wh)


def test_nothing_comes_back_while_a_shed_is_asked_for():
    one = feeder()
    one.setpoint_watts = 50_000
    one.advance(NOON + 900.0)
    assert one.rebound_watts == 0
    one.setpoint_watts = 0
    one.advance(NOON + 930.0)
    assert one.rebound_watts > 20_000
    one.setpoint_watts = 10_000
    one.advance(NOON + 931.0)
    assert one.rebound_watts == 0


def test_a_clock_set_back_changes_nothing():
    one = feeder()
    one.advance(NOON + 100.0)
    energy = one.energy_wh
    one.advance(NOON + 50.0)
    assert (one.now, one.energy_wh) == (NOON + 100.0, energy)


def test_the_past_it_writes_is_the_past_it_would_have_measured():
    one, measured, before = feeder(), [], 0.0
    for number in range(1, 13):
        one.advance(NOON + 300.0 * number)
        measured.append(one.energy_wh - before)
        before = one.energy_wh
    assert unshed_wh(TRAITS, NOON, NOON + 3600, 300) == pytest.approx(measured, rel=0.001)
