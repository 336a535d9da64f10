"""Estimates of missing readings and money: nothing is paid for them, and days of them are no usual days."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from meters.models import IntervalReading, Quality
from meters.services.quality import estimate_gap
from settlement.baselines.model import DayOutcome
from settlement.services import settle
from settlement.tests.world import EVENT_DAY, HALF_HOUR, POOL, local, make_case, put
from settlement.traces import opened

pytestmark = pytest.mark.django_db


def _hole(meter, day, hours):
    """Takes away the readings of these local hours, with a reading kept on both sides."""
    span = {"start__gte": local(day, hours[0]), "start__lt": local(day, hours[1])}
    IntervalReading.objects.filter(meter=meter, **span).delete()


def test_an_estimated_slot_of_an_event_earns_nothing():
    world, _program, event = make_case()
    home = world.here.home
    paid = settle(event=event).lines.get(meter=home)
    assert (paid.delivered_wh, paid.credit) == (1600, Decimal("2.24"))
    _hole(home, EVENT_DAY, (16, 17))
    assert estimate_gap(meter=home, start=local(EVENT_DAY, 16), end=local(EVENT_DAY, 17)).filled == 2
    line = settle(event=event).lines.get(meter=home)
    # The line between 600 and 600 is the true value; still only the two measured slots of four are worth money.
    assert [slot["estimated"] for slot in opened(line)["slots"]] == [True, True, False, False]
    assert line.delivered_wh == 800
    assert line.credit == Decimal("1.12")
    # The real readings come late: everything is paid.
    put(home, EVENT_DAY, 600, hours=(16, 17))
    assert settle(event=event).lines.get(meter=home).credit == Decimal("2.24")


def test_a_day_with_more_than_a_fifth_of_estimates_is_no_usual_day():
    world, _program, event = make_case()
    home, day = world.here.home, POOL[0]
    for back in (date(2026, 7, 16), date(2026, 7, 15), date(2026, 7, 14)):
        put(home, back, 1000)
    _hole(home, day, (16, 17))
    estimate_gap(meter=home, start=local(day, 16), end=local(day, 17))
    rows = IntervalReading.objects.filter(
        meter=home, start__gte=local(day, 16), start__lt=local(day, 16) + 2 * HALF_HOUR
    )
    assert set(rows.values_list("quality", flat=True)) == {Quality.ESTIMATED}
    days = opened(settle(event=event).lines.get(meter=home))["days"]
    outcomes = {each["day"]: each["outcome"] for each in days}
    assert outcomes[day.isoformat()] == DayOutcome.TOO_MANY_ESTIMATES
    assert outcomes[(day - timedelta(days=1)).isoformat()] == DayOutcome.USED
