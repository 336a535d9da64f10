"""A real program's ordinary days of spring 2021: the audit against a computation of its own, straight from the words.

Skipped where the shared data are absent; nothing of them is stored in this project. The days are those that the
folder has (2021-03-21 to 06-27), 53 of them with twelve earlier ones.
"""

import csv
from datetime import timedelta
from io import StringIO
from tempfile import NamedTemporaryFile

import numpy as np
import pytest
from django.core.management import call_command
from django.test import TestCase

from common.intervals import parse_local
from events.models import Program
from events.services import record_completed_event
from settlement.baselines import get_preset
from settlement.placebo import Hours, Load, baseline_wh, figures, measured, ordinary_days
from settlement.tests.placebo_reference import (
    EVENT_DAYS,
    EVENTS,
    FIRST,
    FOLDER,
    HOLIDAYS,
    HOURS,
    LAST,
    RULES,
    Reference,
)
from tests.builder import make_distributor

# Both round to 1 Wh or not; nothing else may differ.
TOLERANCE = 0.0005
RECOMMENDED = "weighted-twelve-additive"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the shared data are not at {FOLDER}")


@pytest.fixture(scope="module")
def reference():
    return Reference()


@pytest.fixture(scope="module")
def load(reference):
    found = Load.of(FIRST, np.round(reference.kwh * 1000))
    for day in EVENT_DAYS:
        if day <= LAST:
            found.excluded[:, found.index(day)] = True
    return found


def ours(name, load, days):
    """The figures of a preset by the portal's arrays."""
    cells = [Hours(day, hour * 60) for day in days for hour in HOURS]
    actual = np.stack([measured(load, each) for each in cells], 1)
    usual = np.stack([baseline_wh(get_preset(name), load, each, frozenset(HOLIDAYS)) for each in cells], 1)
    return figures(usual, actual)


def audited_days(load):
    known = [load.day(at) for at in range(load.day_count)]
    return ordinary_days(known, holidays=HOLIDAYS, event_days=EVENT_DAYS, first=FIRST, last=LAST)


def test_the_audited_days_are_the_same(reference, load):
    assert audited_days(load) == [reference.days[n] for n in reference.audited]
    assert len(reference.audited) == 53
    assert len(reference.numbers) == 51


@pytest.mark.parametrize("name", RULES)
def test_every_preset_agrees_by_pure_function(name, reference, load):
    found = ours(name, load, audited_days(load))
    assert found[1:4] == pytest.approx(reference.figures(RULES[name]), abs=TOLERANCE)


def test_the_recommended_rule_chosen_on_the_earlier_half_holds_on_the_later(reference, load):
    days = audited_days(load)
    earlier, later = ([reference.days[n] for n in reference.half(number)] for number in (1, 2))
    assert earlier + later == days
    tried = {name: ours(name, load, earlier) for name in RULES}
    fair = {name: found for name, found in tried.items() if abs(found.bias) <= 0.01}
    assert min(fair, key=lambda name: fair[name].for_nothing) == RECOMMENDED
    found = ours(RECOMMENDED, load, later)
    assert found.rrmse <= 0.165
    assert found.for_nothing <= 0.06
    assert abs(found.bias) <= 0.01


@pytest.mark.slow
class AuditOf2021(TestCase):
    """The same through the commands, imported and audited once."""

    @classmethod
    def setUpTestData(cls):
        make_distributor("Cooperative")
        call_command("import_meters", str(FOLDER / "meters.csv"), stdout=StringIO())
        call_command("import_readings", str(FOLDER / "readings.csv.gz"), stdout=StringIO(), stderr=StringIO())
        terms = ["--rate=2.80", "--enroll-all", "--holidays", *sorted(day.isoformat() for day in HOLIDAYS)]
        call_command("create_program", "Load response", *terms, stdout=StringIO())
        record_events()

    def test_every_preset_agrees_through_the_command(self):
        reference, rows = Reference(), audit_by_command(FIRST, LAST)
        for name, rule in RULES.items():
            found = [float(rows[name][column]) for column in ("median_rrmse", "bias", "pay_for_nothing")]
            assert found == pytest.approx(reference.figures(rule), abs=TOLERANCE), name
        assert rows[RECOMMENDED]["verdict"] == "best"
        assert rows["control-group"]["verdict"] == "not applicable: nobody_held_out"
        assert rows["forecast"]["verdict"] == "not applicable: no_predictions"

    def test_chosen_on_the_earlier_half_and_reported_on_the_later(self):
        reference = Reference()
        earlier, later = ([reference.days[n] for n in reference.half(number)] for number in (1, 2))
        assert audit_by_command(earlier[0], earlier[-1])[RECOMMENDED]["verdict"] == "best"
        row = audit_by_command(later[0], later[-1], "--preset", RECOMMENDED)[RECOMMENDED]
        assert int(row["cells"]) == 27 * 4 * 51
        assert float(row["median_rrmse"]) <= 0.165
        assert float(row["pay_for_nothing"]) <= 0.06
        found = [float(row[column]) for column in ("median_rrmse", "bias", "pay_for_nothing")]
        assert found == pytest.approx(reference.figures(RULES[RECOMMENDED], reference.half(2)), abs=TOLERANCE)


def record_events():
    """The program's events within the data, as if they had just been noted down."""
    program = Program.objects.get()
    for text in EVENTS[:3]:
        start = parse_local(text, program.zone)
        record_completed_event(program=program, start=start, end=start + timedelta(hours=1))


def audit_by_command(first, last, *more):
    """Rule -> its row over all meters, from the CSV file."""
    with NamedTemporaryFile(suffix=".csv") as file:
        options = ["--program=Load response", f"--from={first}", f"--to={last}", f"--csv={file.name}"]
        call_command("placebo", *options, *more, stdout=StringIO())
        with open(file.name, newline="", encoding="utf-8") as stream:
            return {row["preset"]: row for row in csv.DictReader(stream) if row["scope"] == "all"}
