"""Terms that pay kW, kWh and points are settled in whole numbers, and say what the exact way says."""

from decimal import Decimal

import pytest

from settlement.models import SettlementRun
from settlement.services.lines import common_of, lines_of
from settlement.services.measuring.case import open_case
from settlement.services.measuring.measured import QuickMeasured
from settlement.services.measuring.participants import read_participants
from settlement.services.measuring.work import Measurement
from settlement.services.paying import open_pay
from settlement.tests.world import make_case
from settlement.traces import opened_with

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.mark.parametrize(
    "terms",
    [
        {"rate_per_kwh": D("1.10"), "rate": "0"},
        {"rate_per_kwh": D("1.10"), "points_per_kwh": 7},
        {"pay_cap": "EXPORTS_ALLOWED", "points_per_kwh": 3},
    ],
)
def test_the_quick_way_writes_the_same_lines_and_hashes_as_the_exact_one(terms):
    _, _, event = make_case(**terms)
    case, paying = open_case(event=event, preset=None), open_pay(event)
    run = SettlementRun(event=event, common=common_of(case))
    rows = Measurement(case).rows(read_participants(event=event))
    assert [type(row) for row in rows] == [QuickMeasured, QuickMeasured]
    for row in rows:
        quick = lines_of(run, case, row, paying)
        exact = lines_of(run, case, row.in_full(), paying)
        assert [told(line) for line in quick] == [told(line) for line in exact]
        # The exact way writes the same trace, but for what the columns say already.
        assert opened_with(quick[0], run.common) == opened_with(exact[0], run.common)


def told(line):
    """The columns of a line, without its trace."""
    return {field.attname: str(getattr(line, field.attname)) for field in line._meta.fields if field.name != "trace"}
