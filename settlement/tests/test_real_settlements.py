"""The 90 rows of a real utility's settlements, through the commands, to the cent.

Skipped where the shared data are absent; nothing of them is stored in this project.
"""

import csv
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from django.core.management import call_command
from django.test import TestCase

from events.models import Event, EventState
from settlement.models import Account, LedgerEntry, SettlementRun
from settlement.tests import real_program as real
from settlement.traces import opened
from tests.builder import make_distributor

pytestmark = pytest.mark.slow

TOLERANCE = Decimal("0.000001")  # the sheet has six decimals


def rows_of(path):
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def settle_by_command(start, end):
    """(event, meter) -> the row of our CSV file."""
    with NamedTemporaryFile(suffix=".csv") as file:
        options = ["--program=Load response", f"--start={start}", f"--end={end}", f"--csv={file.name}"]
        call_command("settle_event", *options, stdout=StringIO())
        return {(start, row["meter"]): row for row in rows_of(file.name)}


@real.needs_data
class SettlementsOf2021(TestCase):
    """Both events, imported and settled once."""

    @classmethod
    def setUpTestData(cls):
        make_distributor("Cooperative")
        call_command("import_meters", str(real.FOLDER / "meters.csv"), stdout=StringIO())
        call_command("import_readings", str(real.FOLDER / "readings.csv.gz"), stdout=StringIO(), stderr=StringIO())
        terms = [f"--rate={real.RATE}", "--wholesale-cost=10.35", "--enroll-all", "--holidays", *real.HOLIDAYS]
        call_command("create_program", "Load response", *terms, stdout=StringIO())
        cls.settled = {}
        for start, end in real.events():
            cls.settled |= settle_by_command(start, end)

    def test_the_ninety_credits_come_out_to_the_cent_but_for_the_one_that_slipped(self):
        differing = {}
        for row in real.sheet():
            ours, theirs = self.settled[real.key_of(row)]["credit"], str(real.paid(row))
            if ours != theirs:
                differing[real.key_of(row)] = ours, theirs
        assert len(real.sheet()) == 90
        assert len(differing) == 1
        assert differing == real.wrongly_paid()

    def test_energies_factors_and_demand_savings_agree(self):
        compared = 0
        for row in real.sheet():
            ours = self.settled[real.key_of(row)]
            savings = Decimal(ours["demand_savings"]) - Decimal(row["demand_savings_usd"])
            assert abs(savings) <= Decimal("0.00501")  # the sheet does not round
            if row["meter"] == real.blank():
                continue
            columns = ["baseline_kwh", "event_kwh", "performance_kwh", "delivered_kwh"]
            if row not in real.shifted():
                assert Decimal(ours["nomination_kw"]) == Decimal(row["nomination_kw"])
                columns.append("performance_factor")
            for name in columns:
                assert abs(Decimal(ours[name]) - Decimal(row[name])) <= TOLERANCE, (row["meter"], name)
            compared += len(columns)
        assert compared == 88 * 4 + 56  # 33 nominations of the first event are a neighbour’s

    def test_the_meter_that_the_sheet_left_blank_is_measured(self):
        lines = [self.settled[start, real.blank()] for start, _ in real.events()]
        expected = [round(each, 6) for each in real.performances_of_blank()]
        assert [Fraction(line["performance_kwh"]) for line in lines] == expected
        assert {line["credit"] for line in lines} == {"0.00"}

    def test_a_meter_without_readings_is_told_apart_and_not_paid(self):
        (first, _), _ = real.events()
        unread = set(real.nominations()) - real.read_meters()
        nominated = {meter for meter in unread if real.nominations()[meter]}
        assert nominated
        for meter in nominated:
            line = self.settled[first, meter]
            assert (line["status"], line["credit"]) == ("insufficient_history", "0.00")
        # Nothing nominated, so not enrolled.
        assert not {(first, meter) for meter in unread - nominated} & set(self.settled)

    def test_the_ledger_holds_what_the_rows_say_and_the_events_are_settled(self):
        owed = sum(entry.amount for entry in LedgerEntry.objects.filter(account=Account.OWED))
        assert owed == sum(Decimal(row["credit"]) for row in self.settled.values())
        assert set(Event.objects.values_list("state", flat=True)) == {EventState.SETTLED}
        assert SettlementRun.objects.count() == 2

    def test_no_holiday_is_near_enough_to_matter(self):
        for run in SettlementRun.objects.all():
            days = opened(run.lines.get(meter__number=min(real.nominations())))["days"]
            assert "HOLIDAY" not in {day["outcome"] for day in days}
