"""What an event may cost at most: where nothing was nominated it is the load; where nothing is known nobody says 0."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from events.costs import Part, highest_cost, unknown_parts
from events.models import Event, PayCap, ProgramVersion
from events.services import size_of
from events.tests.world import make_program, next_span
from meters.models import DailyEnergy
from tests.builder import make_world

D = Decimal
TWO_HOURS = D(2)


def paying(**fields):
    return ProgramVersion(rate_per_kw=D(0), rate_per_kwh=D(2), **{"pay_cap": PayCap.EXPORTS_ALLOWED, **fields})


def test_without_past_and_nomination_the_load_is_the_most():
    parts = [Part(D(0), None, D(5))]
    assert highest_cost(paying(), parts, TWO_HOURS) == D("20.00")
    assert unknown_parts(paying(), parts) == 0


def test_a_nomination_is_the_most_only_where_it_caps_the_pay():
    parts = [Part(D(1), D(3), D(5))]
    assert highest_cost(paying(pay_cap=PayCap.UP_TO_NOMINATION), parts, TWO_HOURS) == D("12.00")
    assert highest_cost(paying(pay_cap=PayCap.UP_TO_SITE_LOAD), parts, TWO_HOURS) == D("20.00")


def test_of_whom_nothing_is_known_nobody_can_say_the_most_but_a_cap():
    parts = [Part(D(0), None), Part(D(1), None), Part(D(0), D(0))]
    assert unknown_parts(paying(), parts) == 1
    capped = paying(cap_per_event=D(7))
    assert unknown_parts(capped, parts) == 0
    assert highest_cost(capped, parts, TWO_HOURS) == D("11.00")
    assert unknown_parts(ProgramVersion(rate_per_kw=D(0), rate_per_kwh=D(0), flat_per_event=D(1)), parts) == 0


@pytest.mark.django_db
def test_the_preview_reserves_by_the_load_of_the_last_days():
    world = make_world()
    here = world.here
    program = make_program(here.distributor, rate="0", rate_per_kwh=D(2), pay_cap=PayCap.EXPORTS_ALLOWED)
    program.enrollments.get(meter=here.school).nominations.all().delete()
    program.enrollments.exclude(meter=here.school).delete()
    start, end = next_span(hours=2)
    event = Event(program=program, version=program.current, start=start, end=end)
    size = size_of(event=event)
    assert (size.reserved, size.unknown) == (D(0), 1)
    DailyEnergy.objects.create(
        meter=here.school, day=timezone.now().date(), energy_wh=48_000, slots=48, peak_wh=5_000,
        peak_start=datetime(2026, 7, 1, tzinfo=UTC),
    )  # fmt: skip
    size = size_of(event=event)
    # 5 kWh in half an hour are 10 kW; for two hours at 2.00.
    assert (size.reserved, size.unknown) == (D("40.00"), 0)
