"""Whom an event asks."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from events.errors import NobodyEnrolled, UnknownTarget, WrongState
from events.models import Event, EventTarget, Participation
from events.selectors import meters_taking_part, targets_of
from events.services import (
    change_event,
    create_event,
    notify_event,
    read_targets,
    schedule_event,
    set_targets,
)
from events.targets import EVERYBODY, Targets
from events.tests.world import make_program, next_span
from organizations.models import GroupMember, OrganizationGroup
from tests.builder import make_meter, map_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(here):
    other = make_meter(here.distributor, "water", contracted_kw=Decimal(7))
    map_meter(other, here.other_organization)
    return make_program(here.distributor)


@pytest.fixture
def group(here):
    group = OrganizationGroup.objects.create(distributor=here.distributor, name="Schools")
    GroupMember.objects.create(group=group, organization=here.organization)
    return group


def targets(here, *values):
    return read_targets(distributor=here.distributor, values=values)


def draft(program, found=EVERYBODY, days=2):
    start, end = next_span(days)
    return create_event(program=program, start=start, end=end, targets=found)


def numbers(event):
    return set(Participation.objects.filter(event=event).values_list("meter__number", flat=True))


def test_without_targets_everybody_enrolled_is_asked(here, program):
    assert numbers(schedule_event(event=draft(program))) == {"Hither-home", "Hither-school", "water"}


def test_a_group_stands_for_the_meters_its_organizations_hold(here, program, group):
    event = schedule_event(event=draft(program, targets(here, f"group-{group.pk}")))
    assert numbers(event) == {"Hither-school"}


def test_feeder_and_organization_add_up(here, program):
    found = targets(here, f"feeder-{here.home.feeder_id}", f"organization-{here.other_organization.pk}")
    assert numbers(schedule_event(event=draft(program, found))) == {"Hither-home", "water"}


def test_who_holds_it_at_the_start_counts(here, program, group):
    row = here.school.maps.get(entity_id=here.organization.pk)
    row.valid_to = timezone.now()
    row.save()
    with pytest.raises(NobodyEnrolled, match="None of those whom the event asks"):
        schedule_event(event=draft(program, targets(here, f"group-{group.pk}")))


def test_only_who_is_enrolled_takes_part(here, program):
    found = targets(here, f"feeder-{here.home.feeder_id}")
    start, _end = next_span()
    assert here.neighbor_home.feeder_id == here.home.feeder_id
    assert [row.number for row in meters_taking_part(program=program, at=start, targets=found)] == ["Hither-home"]


@pytest.mark.parametrize("value", ["group-0", "group-x", "planet-1", "feeder-", "", f"organization-{'9' * 20}"])
def test_an_unknown_target_is_refused(here, value):
    with pytest.raises(UnknownTarget):
        targets(here, value)


def test_targets_of_another_distributor_are_unknown(world):
    there = world.there
    group = OrganizationGroup.objects.create(distributor=there.distributor, name="Theirs")
    for value in (f"group-{group.pk}", f"feeder-{there.home.feeder_id}", f"organization-{there.organization.pk}"):
        with pytest.raises(UnknownTarget):
            targets(world.here, value)


def test_a_draft_is_aimed_anew_and_a_scheduled_event_is_not(here, program, group):
    event = draft(program, targets(here, f"group-{group.pk}"))
    other = targets(here, f"organization-{here.other_organization.pk}")
    set_targets(event=event, targets=other, by=here.admin)
    assert targets_of(event) == other
    schedule_event(event=event)
    assert numbers(event) == {"water"}
    with pytest.raises(WrongState, match="whom it asks is fixed"):
        set_targets(event=event, targets=EVERYBODY)


def test_the_history_says_who_aimed_it(here, program, group):
    event = draft(program)
    set_targets(event=event, targets=targets(here, f"group-{group.pk}"), by=here.admin)
    entry = AuditEntry.objects.get(content_type__model="eventtarget")
    assert (entry.act, entry.actor_id, entry.tenant_id) == ("event.changed", here.admin.pk, here.distributor.pk)


def test_moving_an_event_keeps_whom_it_asks(here, program, group):
    event = notify_event(event=schedule_event(event=draft(program, targets(here, f"group-{group.pk}"))))
    start, end = next_span(4)
    change_event(event=event, start=start, end=end)
    assert numbers(event) == {"Hither-school"}


def test_a_group_that_grows_later_does_not_change_who_was_told(here, program, group):
    event = notify_event(event=schedule_event(event=draft(program, targets(here, f"group-{group.pk}"))))
    GroupMember.objects.create(group=group, organization=here.other_organization)
    assert numbers(event) == {"Hither-school"}


def test_no_targets_are_falsy():
    assert not EVERYBODY
    assert Targets(groups=frozenset({1}))


class TestTheApi:
    def test_it_shows_targets_to_the_distributor_and_to_nobody_else(self, client, here, program, group):
        found = targets(here, f"group-{group.pk}")
        event = notify_event(event=schedule_event(event=draft(program, found)))
        client.force_login(here.admin)
        assert client.get(f"/api/v1/events/{event.pk}").json()["targets"] == [f"group-{group.pk}"]
        client.force_login(here.member)
        assert "targets" not in client.get(f"/api/v1/events/{event.pk}").json()

    def test_it_makes_a_draft_for_a_group(self, client, here, program, group):
        client.force_login(here.admin)
        start, end = next_span(9)
        data = {
            "program": program.pk,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "targets": [f"group-{group.pk}"],
        }
        answer = client.post("/api/v1/events", data, content_type="application/json")
        assert answer.status_code == 201
        assert EventTarget.objects.get(event=answer.json()["id"]).group == group

    def test_a_strangers_group_makes_no_draft(self, client, world, program):
        theirs = OrganizationGroup.objects.create(distributor=world.there.distributor, name="Theirs")
        client.force_login(world.here.admin)
        start, end = next_span(9)
        data = {
            "program": program.pk,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "targets": [f"group-{theirs.pk}"],
        }
        assert client.post("/api/v1/events", data, content_type="application/json").status_code == 400
        assert not Event.objects.exists()

    def test_meters_are_found_by_group(self, client, world, group):
        client.force_login(world.here.admin)
        rows = client.get(f"/api/v1/meters?group={group.pk}").json()["results"]
        assert [row["number"] for row in rows] == ["Hither-school"]
        client.force_login(world.there.admin)
        assert client.get(f"/api/v1/meters?group={group.pk}").json()["count"] == 0
