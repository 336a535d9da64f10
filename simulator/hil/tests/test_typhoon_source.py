"""The Typhoon path up to the pipe: the real child program with a stand-in for Typhoon's package. No hardware."""

import json
import sys
import time

import pytest

from simulator.hil.errors import SourceAway, SourceMissing, SourceNonsense
from simulator.hil.source import FeederState
from simulator.hil.typhoon_source import CHILD, TyphoonSource

NAMES = {
    "model": "feeder.cpd",
    "signals": {"volts": ["V1", "V2", "V3"], "hertz": "f", "watts": "P", "vars": "Q", "shed_watts": "Pshed"},
    "shed_input": "shed",
}
# What typhoon.api.hil would do: a plant of 300 kW that sheds at once; it writes down what it was told.
PACKAGE = """
import os, time
values = {"V1": 270.5, "V2": 270.0, "V3": 269.5, "f": 60.01, "P": 300000.0, "Q": 90000.0, "Pshed": 0.0}
def note(*words):
    with open(os.environ["NOTES"], "a") as file:
        print(*words, file=file)
def load_model(name, vhilDevice=False): note("load", name, vhilDevice); print("Typhoon's own chatter")
def start_simulation(): note("start")
def set_scada_input_value(name, value):
    note("set", name, value)
    values["Pshed"], values["P"] = value, 300000.0 - value
def read_analog_signal(name):
    if os.path.exists(os.environ["NOTES"] + ".hang"): time.sleep(60)
    if os.path.exists(os.environ["NOTES"] + ".raise"): raise RuntimeError("no such signal")
    return values[name]
"""


@pytest.fixture
def notes(tmp_path, monkeypatch):
    package = tmp_path / "lib" / "typhoon" / "api"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "hil.py").write_text(PACKAGE)
    (tmp_path / "model.json").write_text(json.dumps(NAMES))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    return tmp_path / "notes"


@pytest.fixture
def plant(notes):
    source = TyphoonSource(notes.with_name("model.json"), timeout=1.0, first_timeout=10.0)
    yield source
    source.close()


def test_it_reads_and_sheds_over_the_pipe(notes, plant):
    state = plant.read()
    assert isinstance(state, FeederState)
    assert (state.volts, state.hertz, state.watts, state.vars) == ((270.5, 270.0, 269.5), 60.01, 300_000, 90_000)
    plant.write_shed(60_000.0)
    state = plant.read()
    assert (state.setpoint_watts, state.shed_watts, state.watts) == (60_000, 60_000, 240_000)
    assert notes.read_text().splitlines() == ["load feeder.cpd False", "start", "set shed 60000.0"]


def test_a_bridge_that_ends_releases_the_shed(notes, plant):
    plant.write_shed(60_000.0)
    plant.close()
    assert notes.read_text().splitlines()[-1] == "set shed 0.0"


def test_without_the_package_it_says_so_in_one_sentence(tmp_path):
    source = TyphoonSource(tmp_path / "model.json")
    with pytest.raises(SourceMissing, match=r"^Typhoon HIL's Python package is not installed for .*\.$"):
        source.read()
    with pytest.raises(SourceMissing, match="cannot be started"):
        TyphoonSource(tmp_path / "model.json", python=str(tmp_path / "nowhere")).read()


def test_a_child_that_hangs_is_ended_within_its_time_and_the_next_call_starts_another(notes, plant):
    plant.read()
    process = plant._process
    hang = notes.with_name("notes.hang")
    hang.touch()
    begun = time.monotonic()
    with pytest.raises(SourceAway, match="in time"):
        plant.read()
    assert time.monotonic() - begun < 3
    assert process.poll() is not None
    hang.unlink()
    assert plant.read().watts == 300_000


def test_what_the_package_raises_is_said_and_the_child_lives_on(notes, plant):
    plant.read()
    process, fails = plant._process, notes.with_name("notes.raise")
    fails.touch()
    with pytest.raises(SourceAway, match="RuntimeError: no such signal"):
        plant.read()
    fails.unlink()
    assert plant.read().watts == 300_000
    assert plant._process is process


def test_a_child_that_was_killed_is_started_again(plant):
    plant.read()
    plant._process.kill()
    plant._process.wait()
    with pytest.raises(SourceAway):
        plant.read()
    assert plant.read().watts == 300_000


def test_a_configuration_that_is_not_there_is_away(notes):
    source = TyphoonSource(notes.with_name("nowhere.json"), first_timeout=10.0)
    with pytest.raises(SourceAway, match="ended"):
        source.read()


@pytest.mark.parametrize(
    "said",
    [
        "nonsense",
        "[]",
        "{}",
        '{"ok": 5}',
        '{"ok": {"hertz": 60}}',
        '{"ok": {"hertz": NaN, "watts": 1, "vars": 1, "setpoint_watts": 0, "shed_watts": 0, "volts": [1, 1, 1]}}',
        '{"ok": {"hertz": 60, "watts": true, "vars": 1, "setpoint_watts": 0, "shed_watts": 0, "volts": [1, 1, 1]}}',
        '{"ok": {"hertz": 60, "watts": 1, "vars": 1, "setpoint_watts": 0, "shed_watts": 0, "volts": [1, 1]}}',
    ],
)
def test_nonsense_from_the_child_is_not_believed(tmp_path, said):
    program = f"for line in iter(input, ''): print({said!r}, flush=True)"
    source = TyphoonSource(tmp_path, child=[sys.executable, "-c", program])
    with pytest.raises(SourceNonsense):
        source.read()
    source.close()


def test_energy_is_added_up_where_the_model_has_no_counter(notes):
    now = [1000.0]
    source = TyphoonSource(notes.with_name("model.json"), first_timeout=10.0, clock=lambda: now[0])
    first = source.read()
    now[0] += 30
    source.write_shed(60_000.0)
    second = source.read()
    assert second.energy_wh - first.energy_wh == int((300_000 + 240_000) / 2 * 30 / 3600)
    assert second.counter == first.counter
    now[0] += 3600
    assert source.read().counter != first.counter
    source.close()


def test_the_child_needs_nothing_of_ours():
    assert "import simulator" not in CHILD.read_text()
    assert "from simulator" not in CHILD.read_text()
