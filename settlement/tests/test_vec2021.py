"""The 90 rows of a real utility's settlements, through the commands, to the cent.

Skipped where the shared data are absent; nothing of them is stored in this project.
"""

import csv
import os
from decimal import Decimal
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from django.core.management import call_command
from django.test import TestCase

from events.models import Event, EventState
from settlement.models import Account, LedgerEntry, SettlementRun
from settlement.traces import opened
from tests.builder import make_distributor

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("DRPORTAL_SHARED_DATA", ROOT.parent / "shared" / "data")) / "vec2021"
EVENTS = (("2021-03-29T07:00", "2021-03-29T08:00"), ("2021-05-25T17:00", "2021-05-25T18:00"))
# What the utility leaves out besides weekends. None of these days lies within three business days of the two
# events, so the 90 rows come out without them as well.
HOLIDAYS = ("2021-04-02", "2021-05-31", "2021-09-06")
TOLERANCE = Decimal("0.000001")  # the sheet has six decimals
BLANK = "M032"  # the sheet left its energies out
OVERPAID = (EVENTS[0][0], "M035")  # the sheet took its neighbour's nomination


def rows_of(path):
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def settle_by_command(start, end):
    """(event, meter) -> the row of our CSV file."""
    with NamedTemporaryFile(suffix=".csv") as file:
        options = ["--program=Load response", f"--start={start}", f"--end={end}", f"--csv={file.name}"]
        call_command("settle_event", *options, stdout=StringIO())
        return {(start, row["meter"]): row for row in rows_of(file.name)}


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the shared data are not at {FOLDER}")
class SettlementsOf2021(TestCase):
    """Both events, imported and settled once."""

    @classmethod
    def setUpTestData(cls):
        make_distributor("Cooperative")
        call_command("import_meters", str(FOLDER / "meters.csv"), stdout=StringIO())
        call_command("import_readings", str(FOLDER / "readings.csv.gz"), stdout=StringIO(), stderr=StringIO())
        terms = ["--rate=2.80", "--wholesale-cost=10.35", "--enroll-all", "--holidays", *HOLIDAYS]
        call_command("create_program", "Load response", *terms, stdout=StringIO())
        cls.settled = {}
        for start, end in EVENTS:
            cls.settled |= settle_by_command(start, end)

    def test_the_ninety_credits_come_out_to_the_cent_but_for_the_one_that_slipped(self):
        sheet = rows_of(FOLDER / "settlements.csv")
        differing = {}
        for due in sheet:
            key = due["event"], due["meter"]
            if self.settled[key]["credit"] != str(round(Decimal(due["credit_usd"]), 2)):
                differing[key] = self.settled[key]["credit"], str(round(Decimal(due["credit_usd"]), 2))
        assert len(sheet) == 90
        assert differing == {OVERPAID: ("280.00", "310.46")}

    def test_energies_factors_and_demand_savings_agree(self):
        compared = 0
        for due in rows_of(FOLDER / "settlements.csv"):
            ours = self.settled[due["event"], due["meter"]]
            savings = Decimal(ours["demand_savings"]) - Decimal(due["demand_savings_usd"])
            assert abs(savings) <= Decimal("0.00501")  # the sheet does not round
            if due["meter"] == BLANK:
                continue
            columns = ["baseline_kwh", "event_kwh", "performance_kwh", "delivered_kwh"]
            if Decimal(ours["nomination_kw"]) == Decimal(due["nomination_kw"]):
                columns.append("performance_factor")
            for name in columns:
                assert abs(Decimal(ours[name]) - Decimal(due[name])) <= TOLERANCE, (due["meter"], name)
            compared += len(columns)
        assert compared == 88 * 4 + 56  # 33 nominations of the first event are a neighbour’s

    def test_the_meter_that_the_sheet_left_blank_is_measured(self):
        performances = [self.settled[start, BLANK]["performance_kwh"] for start, _ in EVENTS]
        assert performances == ["-1.887667", "-0.813000"]
        assert {self.settled[start, BLANK]["credit"] for start, _ in EVENTS} == {"0.00"}

    def test_a_meter_without_readings_is_told_apart_and_not_paid(self):
        first = EVENTS[0][0]
        assert self.settled[first, "M042"]["status"] == "insufficient_history"
        assert self.settled[first, "M042"]["credit"] == "0.00"
        assert (first, "M011") not in self.settled  # nothing nominated, so not enrolled

    def test_the_ledger_holds_what_the_rows_say_and_the_events_are_settled(self):
        owed = sum(entry.amount for entry in LedgerEntry.objects.filter(account=Account.OWED))
        assert owed == sum(Decimal(row["credit"]) for row in self.settled.values())
        assert set(Event.objects.values_list("state", flat=True)) == {EventState.SETTLED}
        assert SettlementRun.objects.count() == 2

    def test_no_holiday_is_near_enough_to_matter(self):
        for run in SettlementRun.objects.all():
            days = opened(run.lines.get(meter__number="M001"))["days"]
            assert "HOLIDAY" not in {day["outcome"] for day in days}
