"""Statements: sums by hand, who sees whose, and the files."""

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.test import Client

from dashboards.tests.operator_tools import browser
from settlement.canonical import digest
from settlement.models import Account, BatchKind, LedgerBatch, LedgerEntry, Unit
from settlement.reports.statements import month_bounds, statement_of
from settlement.services.posting import pair

pytestmark = pytest.mark.django_db


def post(holder, distributor, amount, at, unit=Unit.MONEY, reason="test"):
    number = LedgerBatch.objects.filter(distributor=distributor).count() + 1
    batch = LedgerBatch.objects.create(
        distributor=distributor, number=number, sha256=f"{number:064}", posted_at=at, kind=BatchKind.ADJUSTMENT,
        reason=reason,
    )  # fmt: skip
    for entry in pair(key=f"{distributor.pk}-{number}", holder_id=holder.pk, amount=Decimal(amount), unit=unit):
        entry.batch = batch
        entry.save()
    return batch


@pytest.fixture
def here(world):
    side = world.here
    # 1 August 03:30 UTC is still July in New York.
    post(side.resident, side.distributor, "4.10", datetime(2026, 6, 30, 12, tzinfo=UTC))
    post(side.resident, side.distributor, "2.50", datetime(2026, 7, 10, 12, tzinfo=UTC))
    post(side.resident, side.distributor, "-0.60", datetime(2026, 8, 1, 3, 30, tzinfo=UTC), reason="=1+1")
    post(side.resident, side.distributor, "205", datetime(2026, 7, 11, tzinfo=UTC), Unit.POINTS)
    post(side.organization, side.distributor, "140", datetime(2026, 7, 12, tzinfo=UTC))
    post(side.neighbor, side.distributor, "99", datetime(2026, 7, 12, tzinfo=UTC))
    return side


def test_a_month_opens_with_what_was_owed_and_closes_with_what_is(here):
    entries = LedgerEntry.objects.filter(holder_id=here.resident.pk, account=Account.OWED)
    july = statement_of(entries=entries, month=date(2026, 7, 15), zone=here.distributor.zone)
    assert july.opening == {Unit.MONEY: Decimal("4.10"), Unit.POINTS: Decimal(0)}
    assert july.closing == {Unit.MONEY: Decimal("6.00"), Unit.POINTS: Decimal(205)}
    assert july.head == (4, f"{4:064}")
    august = statement_of(entries=entries, month=date(2026, 8, 1), zone=here.distributor.zone)
    assert (august.opening, august.posted) == (july.closing, ())


def test_a_month_has_the_length_that_clocks_give_it(here):
    start, end = month_bounds(date(2026, 11, 30), here.distributor.zone)
    assert (start, end) == (datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 12, 1, 5, tzinfo=UTC))


def test_the_pages_show_the_months_and_the_sums(here):
    client = browser(here.resident)
    listed = client.get("/rewards/statements").content.decode()
    assert [month in listed for month in ("2026-06", "2026-07", "2026-08")] == [True, True, False]
    page = client.get("/rewards/statements/2026-07").content.decode()
    assert all(words in page for words in ("$4.10", "$1.90", "$6.00", "205 points", "−$0.60"))
    assert "$99.00" not in page


def test_members_read_the_organizations_statement(here):
    page = browser(here.member).get("/rewards/statements/2026-07").content.decode()
    assert "$140.00" in page
    assert "$2.50" not in page


def test_files_say_the_same_and_carry_their_hash(here):
    client = browser(here.resident)
    data = json.loads(client.get("/rewards/statements/2026-07.json").content)
    assert data.pop("sha256") == digest(data)
    assert (data["opening"]["money"], data["closing"]["money"], len(data["entries"])) == ("4.10", "6.00", 3)
    rows = list(csv.DictReader(StringIO(client.get("/rewards/statements/2026-07.csv").content.decode())))
    assert [row["amount"] for row in rows] == ["2.50", "-0.60", "205.00"]
    assert rows[1]["reason"] == "'=1+1"


@pytest.mark.parametrize("month", ["2026-13", "26-07", "0000-00", "2026-7-1", "july", "9999-12", "0001-01"])
def test_a_month_that_is_none_is_not_found(here, month):
    for end in ("", ".csv", ".json"):
        assert browser(here.resident).get(f"/rewards/statements/{month}{end}").status_code == 404


def test_a_month_without_postings_is_an_empty_statement(here):
    assert "Nothing was posted" in browser(here.resident).get("/rewards/statements/2025-01").content.decode()


def test_the_distributors_people_have_the_ledger_instead_and_visitors_sign_in(here):
    assert browser(here.staff).get("/rewards/statements").status_code == 404
    assert Client().get("/rewards/statements").status_code == 302
