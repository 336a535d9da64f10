"""manage.py check_ledger: whole ledgers hold, a changed entry is found at its posting, each distributor for itself."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.services import record_completed_event
from events.tests.world import PAST, make_program
from settlement.models import LedgerEntry
from settlement.services import check_ledger, post_run, settle
from settlement.tests.world import make_case, put_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def books():
    """Two distributors: two postings here, one there."""
    world, program, event = make_case()
    there = world.there
    for each in (event, record_completed_event(program=program, start=PAST[0], end=PAST[1] - timedelta(hours=1))):
        post_run(run=settle(event=each))
    put_history(there.home, 1000, 600)
    elsewhere = record_completed_event(program=make_program(there.distributor), start=PAST[0], end=PAST[1])
    post_run(run=settle(event=elsewhere))
    return world


def said(distributor):
    out = StringIO()
    call_command("check_ledger", distributor=distributor.name, stdout=out)
    return out.getvalue()


def test_each_distributors_ledger_is_checked_for_itself(books):
    assert said(books.here.distributor).startswith("2 postings with ")
    assert said(books.there.distributor).startswith("1 postings with ")
    with pytest.raises(CommandError, match="--distributor"):
        call_command("check_ledger")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="dropping a trigger commits elsewhere")
def test_an_entry_changed_past_the_triggers_is_found_at_its_posting(books):
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'settlement_ledgerentry'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')
    mine = LedgerEntry.objects.filter(batch__distributor=books.here.distributor, batch__number=2)
    assert mine.filter(pk=mine.first().pk).update(amount=Decimal("99.00")) == 1
    with pytest.raises(CommandError, match="Posting 2 does not hold"):
        said(books.here.distributor)
    found = check_ledger(distributor=books.here.distributor)
    assert (found.holds, found.broken, found.batches) == (False, 2, 2)
    assert check_ledger(distributor=books.there.distributor).holds
