"""What everybody may read of a distributor's season."""

from decimal import Decimal

import pytest

from dashboards.public_facts import season
from dashboards.tests.operator_tools import settled_event
from settlement.export_parts import _entries
from settlement.models import BatchKind, LedgerEntry, Unit
from settlement.services.posting import add_batch, pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def side(world):
    settled_event(world.here)
    entries = pair(key="points", holder_id=world.here.resident.pk, amount=Decimal(43000), unit=Unit.POINTS)
    add_batch(distributor_id=world.here.distributor.pk, kind=BatchKind.ADJUSTMENT, entries=entries, reason="test")
    return world.here


def test_points_are_no_money(side):
    money = sum(entry.amount for entry in LedgerEntry.objects.filter(account="owed", unit=Unit.MONEY))
    assert 0 < money < 1000
    assert season(side.distributor)["paid"] == f"${money:.2f}"


def test_a_copy_of_own_data_tells_points_from_money(side):
    assert {(row["amount"] >= 43000, row["currency"]) for row in _entries(side.resident)} == {
        (False, "USD"),
        (True, "points"),
    }
