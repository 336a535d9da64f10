"""Which nomination an event counts: by deadline, by stint, and never one made after the start."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import NamedTuple

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from events import services
from events.models import Enrollment, Event, Nomination
from events.nominations import Moments, Stint, counted
from events.selectors import newest_nominations, nominations_of
from events.tests.test_joining import join, make_open
from events.tests.world import PAST, make_announced
from meters.models import MeterMap
from meters.services import map_meter
from settlement.services.measuring.participants import read_participants
from tests.builder import make_meter, make_organization

D, HOUR, DAY = Decimal, timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


class Row(NamedTuple):
    valid_from: datetime
    is_first: bool = False


def chosen(*rows, stint=None, deadline=2 * HOUR, is_recorded=False):
    """The number of the row that counts for an event at noon."""
    at = Moments(NOON - deadline, NOON, is_recorded)
    found = counted(((1, row) for row in rows), stints={} if stint is None else {1: stint}, at=at).get(1)
    return None if found is None else rows.index(found)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([-48, -24, -1], 1),  # the newest by the deadline
        ([-48, 1], 0),
        ([-1, -0.5], 0),  # who joined late has the first figure
        ([0, 1], 0),  # at the start is not after it
        ([1, 2], None),  # made after the start: never
    ],
)
def test_the_figure_in_force_at_the_deadline_counts_and_none_from_after_the_start(rows, expected):
    assert chosen(*(Row(NOON + hours * HOUR) for hours in rows)) == expected


def test_an_event_recorded_afterwards_takes_the_first_figure_there_is():
    assert chosen(Row(NOON + HOUR), Row(NOON + 2 * HOUR), is_recorded=True) == 0
    assert chosen(Row(NOON - DAY), Row(NOON + HOUR, is_first=True), is_recorded=True) == 0


def test_who_leaves_and_joins_again_after_the_deadline_is_held_to_the_new_figure():
    rows = [Row(NOON - 30 * DAY, is_first=True), Row(NOON - HOUR, is_first=True), Row(NOON - HOUR / 2)]
    assert chosen(*rows) == 1
    # Joined again only after the start: that event saw the older stint.
    assert chosen(rows[0], Row(NOON + HOUR, is_first=True)) == 0


def test_a_figure_from_somebody_elses_time_binds_nobody():
    rows = [Row(NOON - 30 * DAY), Row(NOON - HOUR)]
    assert chosen(*rows, stint=Stint(NOON - DAY)) == 1
    assert chosen(rows[0], stint=Stint(NOON - DAY)) is None
    assert chosen(Row(NOON + DAY), stint=Stint(None, NOON + HOUR), is_recorded=True) is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Portal, rita@example.com", "Portal, person 7"),
        ("Administración, Rita@example.com", "Administración, person 7"),
        ("API, gone@example.com", "API, an earlier account"),
        ("Operator, a-very-long-address-that-was-cut@exam", "Operator, an earlier account"),
        ("Letter of 2 May, page 3", "Letter of 2 May, page 3"),
        ("Meter list, 2026-05-02", "Meter list, 2026-05-02"),
        ("10 kW @ noon", "10 kW @ noon"),
    ],
)
def test_figures_of_before_lose_the_address_and_keep_who_gave_them(source, expected):
    module = import_module("events.migrations.0022_nomination_without_address")
    assert module.renamed(source, {"rita@example.com": 7}) == expected


HOURS = st.lists(st.tuples(st.integers(-99, 99), st.booleans()), max_size=8).map(sorted)


@given(hours=HOURS, later=HOURS, is_recorded=st.booleans())
def test_what_is_promised_after_the_start_changes_no_figure(hours, later, is_recorded):
    rows = [Row(NOON + hour * HOUR, is_first) for hour, is_first in hours]
    more = [Row(NOON + (100 + hour + 100) * HOUR, is_first) for hour, is_first in later]
    before = chosen(*rows, is_recorded=is_recorded)
    after = chosen(*rows, *more, is_recorded=is_recorded)
    assert after == before or (before is None and is_recorded)


@given(hours=HOURS, begins=st.integers(-99, 99))
def test_what_counts_lies_within_the_stint_and_never_after_the_start(hours, begins):
    rows = [Row(NOON + hour * HOUR, is_first) for hour, is_first in hours]
    number = chosen(*rows, stint=Stint(NOON + begins * HOUR))
    if number is not None:
        assert NOON + begins * HOUR <= rows[number].valid_from <= NOON


def seen(event: Event) -> dict[int, Decimal]:
    """What previews and the settlement hold each meter to; they agree."""
    settled = {who.meter_id: who.nominated_kw for who in read_participants(event=event) if who.nominated_kw is not None}
    assert settled == {pk: row.kw for pk, row in nominations_of(event=event).items()}
    return settled


def move(meter, old, new, at):
    """The meter goes from one holder to another at a moment of the past."""
    MeterMap.objects.filter(meter=meter, entity_id=old.pk).update(valid_to=at)
    map_meter(meter=meter, holder=new, valid_from=at)


def promised(enrollment, kw, at, **more):
    return Nomination.objects.create(enrollment=enrollment, kw=kw, valid_from=at, source="test", **more)


@pytest.mark.django_db
class TestStints:
    @pytest.fixture
    def now(self):
        return timezone.now()

    def test_a_newcomer_is_not_held_to_the_former_holders_figure(self, here, now):
        program = make_open(here, rate="2", nomination_deadline_minutes=3 * 1440)
        row = services.enroll(program=program, meter=here.school, kw=D(500))
        Nomination.objects.all()._raw_delete("default")
        promised(row, 500, now - 90 * DAY)
        newcomer = make_organization(here.distributor)
        move(here.school, here.organization, newcomer, now - 5 * DAY)
        services.end_enrollment(enrollment=row)
        services.enroll(program=program, meter=here.school, kw=D(20))
        # The deadline was before the newcomer joined: the first figure of the stint counts.
        assert seen(make_announced(program)) == {here.school.pk: 20}
        assert newest_nominations(program_id=program.pk)[here.school.pk].kw == 20

    def test_a_newcomer_who_promises_as_much_has_a_row_of_their_own(self, here, now):
        program = make_open(here, rate="2")
        row = services.enroll(program=program, meter=here.school, kw=D(20))
        Nomination.objects.all()._raw_delete("default")
        promised(row, 20, now - 90 * DAY)
        move(here.school, here.organization, make_organization(here.distributor), now - DAY)
        services.nominate(enrollment=row, kw=D(20), source="test")
        assert Nomination.objects.count() == 2
        assert seen(make_announced(program)) == {here.school.pk: 20}
        services.nominate(enrollment=row, kw=D(20), source="test")
        assert Nomination.objects.count() == 2

    def test_a_newcomer_without_a_figure_has_none(self, here, now):
        program = make_open(here)
        row = services.enroll(program=program, meter=here.neighbor_home)
        promised(row, 500, now - 90 * DAY)
        old = MeterMap.objects.get(meter=here.neighbor_home, valid_to=None, holder_kind="user").entity
        move(here.neighbor_home, old, make_organization(here.distributor), now - DAY)
        assert seen(make_announced(program)) == {}
        assert newest_nominations(program_id=program.pk) == {}

    def test_the_former_holders_event_still_sees_the_former_figure(self, here, now):
        program = make_open(here, rate="2")
        row = services.enroll(program=program, meter=here.school, kw=D(500))
        Nomination.objects.all()._raw_delete("default")
        promised(row, 500, PAST[0] - DAY)
        event = services.record_completed_event(program=program, start=PAST[0], end=PAST[1])
        move(here.school, here.organization, make_organization(here.distributor), PAST[1] + DAY)
        promised(row, 20, PAST[1] + 2 * DAY, is_first=True)
        assert seen(event) == {here.school.pk: 500}

    def test_the_list_from_before_the_first_holder_came_binds_that_one(self, here, now):
        meter = make_meter(here.distributor, "LISTED", contracted_kw=D(30))
        program = make_open(here, rate="2")
        Enrollment.objects.create(program=program, meter=meter, enrolled_at=now - 90 * DAY)
        promised(Enrollment.objects.get(meter=meter), 30, now - 90 * DAY)
        map_meter(meter=meter, holder=make_organization(here.distributor), valid_from=now - DAY)
        assert seen(make_announced(program)) == {meter.pk: 30}

    def test_a_past_event_of_a_meter_that_nobody_held_takes_the_list_of_now(self, here, now):
        meter = make_meter(here.distributor, "LISTED", contracted_kw=D(30))
        map_meter(meter=meter, holder=make_organization(here.distributor), valid_from=now - DAY)
        program = make_open(here, rate="2")
        services.enroll(program=program, meter=meter)
        event = services.record_completed_event(program=program, start=PAST[0], end=PAST[1])
        assert seen(event) == {meter.pk: 30}

    def test_a_contract_entered_ahead_counts_from_the_move_in_if_it_is_dated_so(self, here, now):
        program = make_open(here, rate="2", nomination_deadline_minutes=0)
        row = services.enroll(program=program, meter=here.school, kw=D(500))
        services.nominate(enrollment=row, kw=D(20), source="contract", valid_from=now + DAY)
        move(here.school, here.organization, make_organization(here.distributor), now + DAY)
        assert seen(make_announced(program)) == {here.school.pk: 20}

    def test_joining_again_starts_with_the_figure_of_now(self, here, now):
        program = make_open(here, rate="2", nomination_deadline_minutes=3 * 1440)
        row = services.enroll(program=program, meter=here.school, kw=D(500))
        Nomination.objects.all()._raw_delete("default")
        promised(row, 500, now - 90 * DAY, is_first=True)
        services.end_enrollment(enrollment=row)
        (row,) = join(program, here.organization_admin, here.school, kw={here.school.pk: D(20)})
        Enrollment.objects.update(state="active")
        services.nominate(enrollment=row, kw=D(1), source="test")
        assert seen(make_announced(program)) == {here.school.pk: 20}

    def test_a_figure_given_after_the_start_earns_nothing(self, here, now):
        program = make_open(here)
        row = services.enroll(program=program, meter=here.neighbor_home)
        event = make_announced(program)
        promised(row, 5, event.start + HOUR)
        assert seen(event) == {}
