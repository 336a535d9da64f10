"""Homes held out by lot must be enough for a rule that pays by them: said before an event, and before terms."""

from decimal import Decimal

import pytest

from accounts.models import Kind
from events.draw import held_out
from events.errors import BadTerms, GroupTooSmall
from events.models import Enrollment, EventState, ParticipationState, Program
from events.services import (
    Words,
    change_event,
    create_event,
    create_program,
    enroll_all,
    notify_event,
    publish_version,
    schedule_event,
    size_of,
)
from events.tests.world import make_draft, make_program, make_terms, next_span
from meters.models import MeterMap
from tests.builder import make_meter, make_user, map_meter

pytestmark = pytest.mark.django_db
TENTH = Decimal("0.1")


def homes_of(distributor, count, **fields):
    for number in range(count):
        meter = make_meter(distributor, f"H{fields.get('interval_minutes', 30)}-{number}", contracted_kw=1, **fields)
        map_meter(meter, make_user(distributor))


def control_program(here, share=TENTH):
    return make_program(here.distributor, preset="control-group", control_share=share)


def test_four_homes_held_out_are_refused_before_anybody_is_asked_and_five_pass(here):
    homes_of(here.distributor, 48)
    program = control_program(here)
    draft = make_draft(program)
    # 49 homes with the one of the world: 4 held out, where 5 are the fewest.
    refusal = size_of(event=draft).refusals[0]
    assert isinstance(refusal, GroupTooSmall)
    assert "5 at least" in str(refusal)
    assert "only 4 would be held out" in str(refusal)
    with pytest.raises(GroupTooSmall):
        schedule_event(event=draft)
    assert not draft.participations.exists()
    homes_of(here.distributor, 1, interval_minutes=60)
    Enrollment.objects.all().delete()
    meter = make_meter(here.distributor, "one-more", contracted_kw=1)
    map_meter(meter, make_user(here.distributor))
    enroll_all(program=program)
    Enrollment.objects.filter(meter__number="H60-0").delete()
    event = schedule_event(event=draft)
    assert event.participations.filter(state=ParticipationState.HELD_OUT).count() == 5


def test_homes_with_other_intervals_need_a_group_of_their_own(here):
    homes_of(here.distributor, 50)
    homes_of(here.distributor, 30, interval_minutes=60)
    draft = make_draft(control_program(here))
    (refusal,) = size_of(event=draft).refusals
    assert "every 60 minutes, only 3 would" in str(refusal)


def test_homes_are_drawn_among_those_with_the_same_intervals(here):
    homes_of(here.distributor, 50)
    homes_of(here.distributor, 50, interval_minutes=60)
    event = notify_event(event=schedule_event(event=make_draft(control_program(here))))
    out = event.participations.filter(state=ParticipationState.HELD_OUT)
    drawn = set(out.values_list("meter__number", flat=True))
    hourly = [f"H60-{number}" for number in range(50)]
    often = [here.home.number, *(f"H30-{number}" for number in range(50))]
    by_lot = [held_out(seed=event.draw_seed, numbers=numbers, share=TENTH) for numbers in (hourly, often)]
    assert [len(numbers) for numbers in by_lot] == [5, 5]
    assert drawn == by_lot[0] | by_lot[1]
    # Once they are drawn, a new time is no new draw.
    start, end = next_span(3)
    assert change_event(event=event, start=start, end=end).state == EventState.NOTIFIED


def test_a_test_and_a_rule_of_own_days_need_no_group(here):
    start, end = next_span()
    program = control_program(here)
    draft = create_event(program=program, start=start, end=end, words=Words(is_test=True))
    assert schedule_event(event=draft).state == EventState.SCHEDULED
    other = make_program(here.distributor, name="Own days", control_share=TENTH)
    assert schedule_event(event=make_draft(other, days=5)).state == EventState.SCHEDULED


def test_terms_that_compare_with_held_out_homes_say_how_many_are_held_out(here):
    with pytest.raises(BadTerms, match="which share of the homes"):
        create_program(distributor=here.distributor, name="Lot", terms=make_terms("control-group"))
    assert not Program.objects.filter(name="Lot").exists()


def test_nobody_is_held_out_of_a_program_of_organizations_alone(here):
    program = make_program(here.distributor)
    homes = MeterMap.objects.filter(entity__kind=Kind.USER).values("meter")
    Enrollment.objects.filter(meter__in=homes).delete()
    with pytest.raises(BadTerms, match="only organizations take part"):
        publish_version(program=program, terms=make_terms(control_share=TENTH))
    with pytest.raises(BadTerms, match="only organizations take part"):
        publish_version(program=program, terms=make_terms("control-group", control_share=TENTH))
    enroll_all(program=program)
    assert publish_version(program=program, terms=make_terms(control_share=TENTH))[1]
