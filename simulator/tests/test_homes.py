"""Thermal homes: the same however time is cut, exact meters, and an answer to events that physics allows."""

import csv
import gzip
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.cli import main
from simulator.errors import SimulatorError
from simulator.homes.history import sheds_of, write_history
from simulator.homes.physics import HIGH_C, LOW_C, Homes
from simulator.homes.reaction import is_cut_off, opts_out
from simulator.homes.register import MAX_HOMES, meter_name, number_in
from simulator.homes.sheds import Sheds
from simulator.homes.traits import build_homes
from simulator.town import Event
from simulator.town.calendar import ZONE

SEED = 2026
THIRTY = np.arange(1, 31, dtype=np.int64)
FEW = np.array([1, 4, 5, 9], dtype=np.int64)


def at(*parts: int) -> int:
    """Seconds since 1970 of a local time in the town."""
    return int(datetime(*parts, tzinfo=ZONE).timestamp())


NOON = at(2026, 11, 18, 12)


KEPT = Homes(SEED, FEW, NOON).dump()


def lived(homes: Homes, until: int) -> np.ndarray:
    """Wh, `(n_homes, n_intervals)`."""
    return np.array([wh for _, wh in homes.advance(until)]).T


def test_home_is_the_same_whoever_else_is_asked_for():
    some = lived(Homes(SEED, FEW, NOON), NOON + 7200)
    all_of_them = lived(Homes(SEED, THIRTY, NOON), NOON + 7200)
    assert np.array_equal(all_of_them[FEW - 1], some)
    assert build_homes(SEED, FEW) == build_homes(SEED, FEW)
    assert build_homes(SEED, FEW) != build_homes(SEED + 1, FEW)


@given(st.lists(st.integers(1, 900), min_size=1, max_size=60))
@settings(max_examples=20, deadline=None)
def test_time_may_be_cut_anyhow(seconds):
    sheds = sheds_of(SEED, FEW, [Event(NOON + 600, NOON + 1500)])
    whole, cut = Homes.load(KEPT, SEED, FEW), Homes.load(KEPT, SEED, FEW)
    whole.sheds = cut.sheds = sheds
    end = NOON + sum(seconds)
    energies = [wh.tolist() for _, wh in whole.advance(end)]
    parts: list[list[int]] = []
    for length in seconds:
        parts += [wh.tolist() for _, wh in cut.advance(cut.at + length)]
    assert parts == energies
    assert np.array_equal(whole.power, cut.power)
    assert np.allclose(whole.state.air, cut.state.air)


def test_meter_loses_nothing_of_the_power_that_is_told():
    homes = Homes(SEED, FEW, NOON, sheds_of(SEED, FEW, [Event(NOON + 611, NOON + 1507)]))
    before, told, read = homes.state.carry_ws, np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.int64)
    for moment in range(NOON, NOON + 3600):
        told += homes.power
        for _, wh in homes.advance(moment + 1):
            read += wh
    assert np.array_equal(before + told, read * 3600 + homes.state.carry_ws)
    assert (np.abs(homes.state.carry_ws) <= 1800).all()


def test_state_that_was_kept_goes_on_without_a_seam(tmp_path):
    _, homes = write_history(tmp_path / "a.csv", seed=SEED, numbers=THIRTY, start=NOON - 7200, end=NOON)
    kept = homes.dump()
    unbroken = lived(Homes.load(kept, SEED, THIRTY), NOON + 7200)
    assert np.array_equal(unbroken, lived(homes, NOON + 7200))
    assert np.array_equal(unbroken[FEW - 1], lived(Homes.load(kept, SEED, FEW), NOON + 7200))


@pytest.mark.parametrize(("seed", "numbers"), [(SEED + 1, FEW), (SEED, np.array([77]))])
def test_state_of_other_homes_is_refused(seed, numbers):
    kept = Homes(SEED, FEW, NOON).dump()
    with pytest.raises(SimulatorError, match="other homes"):
        Homes.load(kept, seed, numbers)


@pytest.mark.parametrize("day", [(2026, 1, 14), (2026, 7, 15), (2026, 11, 18)])
def test_event_lowers_the_load_and_much_of_it_comes_back(day):
    start = at(*day, 17)
    end = start + 7200
    usual = lived(Homes(SEED, THIRTY, start), end + 6 * 3600).sum(axis=0)
    homes = Homes(SEED, THIRTY, start, sheds_of(SEED, THIRTY, [Event(start, end)]))
    asked = lived(homes, end + 6 * 3600).sum(axis=0)
    saved = (usual - asked)[:24].sum()
    assert 0.25 < saved / usual[:24].sum() < 0.6
    assert asked[0] < 0.9 * usual[0]  # within the first five minutes
    assert 0.4 < (asked - usual)[24:36].sum() / saved < 0.9
    assert asked[24:].max() > 1.2 * usual[24:30].mean()
    assert (asked - usual)[24:].sum() < 1.1 * saved


def test_comfort_is_kept_through_the_longest_event():
    start = at(2026, 2, 11, 6)
    homes = Homes(SEED, THIRTY, start, sheds_of(SEED, THIRTY, [Event(start, start + 12 * 3600)]))
    for _ in homes.advance(start + 12 * 3600):
        assert homes.state.air.min() > LOW_C - 0.5
        assert homes.state.air.max() < HIGH_C + 3.0  # a spring sun may do more than an air conditioner


def test_car_is_charged_when_it_leaves_event_or_not():
    start = at(2026, 11, 18, 12)
    homes = Homes(SEED, THIRTY, start, sheds_of(SEED, THIRTY, [Event(start + 6 * 3600, start + 14 * 3600)]))
    lived(homes, at(2026, 11, 19, 2))
    assert homes.state.owed.sum() > 3_600_000  # there were cars to charge
    lived(homes, at(2026, 11, 19, 9))
    assert homes.state.owed.max() <= 60 * 3600


def test_home_that_sleeps_or_opts_out_does_as_always():
    sleeper = int(np.flatnonzero(~build_homes(SEED, np.arange(1, 200)).reacts)[0]) + 1
    out = next(number for number in range(1, 200) if opts_out(SEED, number, f"past-{NOON}"))
    numbers = np.array([sleeper, out], dtype=np.int64)
    asked = Homes(SEED, numbers, NOON, sheds_of(SEED, numbers, [Event(NOON, NOON + 3600)]))
    assert np.array_equal(lived(asked, NOON + 7200), lived(Homes(SEED, numbers, NOON), NOON + 7200))


def test_few_opt_out_or_lose_the_network():
    assert 0.05 < np.mean([opts_out(SEED, number, "event-7") for number in range(1, 2000)]) < 0.11
    numbers = np.arange(1, 2001, dtype=np.int64)
    off = np.mean([is_cut_off(SEED, numbers, NOON + 3600 * hour).mean() for hour in range(0, 240, 3)])
    assert 0.00005 < off < 0.002


def test_call_may_be_added_changed_and_cut_while_homes_live():
    sheds = Sheds(2)
    sheds.put(0, "e", start=100, end=200, level=2)
    assert sheds.levels(99).tolist() == [0, 0]
    assert sheds.next_change(99) == 100
    assert sheds.levels(100).tolist() == [2, 0]
    sheds.put(1, "f", start=150, end=160, level=1)
    assert sheds.levels(155).tolist() == [2, 1]
    sheds.cut(0, "e", 170)
    assert sheds.levels(169).tolist() == [2, 0]
    assert sheds.levels(170).tolist() == [0, 0]
    other = Sheds(2)
    other.load(0, sheds.dump(1, 0))
    assert other.levels(155).tolist() == [1, 0]


def test_history_is_what_the_portal_imports(tmp_path):
    out = tmp_path / "homes.csv.gz"
    night = int(datetime(2026, 11, 1, 4, tzinfo=UTC).timestamp())  # the clocks change in it
    rows, homes = write_history(out, seed=SEED, numbers=FEW, start=night, end=night + 6 * 3600 + 17)
    with gzip.open(out, "rt") as file:
        readings = list(csv.DictReader(file))
    assert len(readings) == rows == 4 * 72
    assert homes.at == night + 6 * 3600
    assert {row["meter"] for row in readings} == {"D-0001", "D-0004", "D-0005", "D-0009"}
    assert readings[0] | {"kwh": ""} == {
        "meter": "D-0001",
        "start": "2026-11-01T04:00:00Z",
        "end": "2026-11-01T04:05:00Z",
        "kwh": "",
    }


def test_homes_live_as_people_do():
    """Kilowatt-hours a day per home, by season, and what is asked for most of it."""
    for month, low, high in [(1, 25, 45), (4, 12, 32), (7, 12, 32)]:
        start = at(2026, month, 12, 0)
        energies = lived(Homes(SEED, THIRTY, start), start + 3 * 86_400)
        assert low < energies.sum() / 3000 / 30 < high
        assert energies.max() * 12 < 30_000  # no home draws more than its fuse


def test_meters_command_lists_homes_with_contracts_and_residents(tmp_path):
    out, people = tmp_path / "meters.csv", tmp_path / "people.csv"
    assert main(["homes", "meters", "--out", str(out), "--people", str(people), "--count", "40"]) == 0
    rows = list(csv.DictReader(out.open()))
    assert [row["meter"] for row in rows] == [meter_name(number) for number in range(1, 41)]
    assert {row["interval_minutes"] for row in rows} == {"5"}
    assert all(0.3 <= float(row["nomination_kw"]) <= 4.0 for row in rows)
    assert len({row["name"] for row in rows}) == 40
    assert len({row["owner_name"] for row in csv.DictReader(people.open())}) == 40


@pytest.mark.parametrize(
    "words",
    [
        ["history", "--out", "x", "--count", "0"],
        ["history", "--out", "x", "--count", str(MAX_HOMES + 1)],
        ["history", "--out", "x", "--start", "2026-01-02T00:00:00Z", "--end", "2026-01-01T00:00:00Z"],
        ["live", "--every", "0"],
        ["live", "--names", "gateway"],
        ["live", "--names", "D-0001", "x D-0001"],
        ["live", "--url", "ftp://here"],
        ["live", "--vens", "/nowhere"],
    ],
)
def test_wrong_words_end_with_a_sentence(words, capsys):
    assert main(["homes", *words]) == 1
    assert capsys.readouterr().err.strip().endswith(".")


def test_home_is_found_by_its_meter():
    assert number_in(["gateway", "site D-0042"]) == 42
    assert number_in(["gateway"]) is None
