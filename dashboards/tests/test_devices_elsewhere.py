"""Devices in the live room of an event, on the pages of their people, and their power by the second."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Kind
from dashboards.selectors import device_power
from dashboards.selectors.device_power import event_power
from dashboards.tests.operator_tools import browser, page, query_count
from dashboards.tests.story import coming_event, make_program, now_slot
from dashboards.tests.ven_tools import make_ven, samples, told
from events.models import Event, EventState, Participation, ParticipationState
from events.services import create_event
from meters.models import MeterMap
from openadr.ids import event_ref
from openadr.models import DeliveryStep, Opt, Resource, VenState
from openadr.tests import wire
from openadr.tests.desk_world import work_inline

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def _nothing_kept():
    device_power._kept.clear()
    yield
    device_power._kept.clear()


def running_event(program) -> Event:
    """An event that began half an hour and more ago."""
    start = now_slot() - timedelta(minutes=30)
    event = Event.objects.create(
        program=program, version=program.versions.get(), start=start, end=start + timedelta(hours=2),
        state=EventState.ACTIVE, notified_at=start - timedelta(days=1),
    )  # fmt: skip
    for row in program.enrollments.all():
        Participation.objects.create(event=event, meter_id=row.meter_id, state=ParticipationState.OPTED_IN)
    return event


def test_one_click_starts_a_prepared_event_and_a_device_hears_it_at_its_next_poll(world, monkeypatch, settings):
    work_inline(monkeypatch, settings)
    program = make_program(world.here, world.here.home)
    ven = wire.make_registered(world.here.distributor, world.here.home)
    start = now_slot() + timedelta(days=2)
    event = create_event(program=program, start=start, end=start + timedelta(hours=1))
    (quiet,) = wire.ask(wire.make_desk(), "OadrPoll", wire.poll(ven))
    assert wire.kind(quiet.body) == "oadrResponse"
    said = browser(world.here.admin).post(f"/ops/events/{event.pk}", {"action": "start"}, follow=True)
    assert "Announced: it begins at" in said.content.decode()
    (heard,) = wire.ask(wire.make_desk(), "OadrPoll", wire.poll(ven))
    assert wire.told(heard) == [(event_ref(event.pk), "0", "far")]


def test_the_room_counts_what_devices_answered_and_names_the_lost(world):
    program = make_program(world.here, world.here.home)
    event = coming_event(program)
    answers = {"joins": {"opt": Opt.IN}, "leaves": {"opt": Opt.OUT}, "lost-pump": {"unreachable": True}, "waits": {}}
    vens = {name: make_ven(world.here.distributor, name) for name in answers}
    for name, fields in answers.items():
        told(vens[name], event, **fields)
    told(make_ven(world.here.distributor, "knows"), event, DeliveryStep.ACKNOWLEDGED)
    for address in (f"/ops/events/{event.pk}", f"/ops/events/{event.pk}/live"):
        text = page(world.here.auditor, address)
        assert 'data-part="devices"' in text
        assert "5 told" in text
        assert f'<a href="/ops/vens/{vens["lost-pump"].pk}">lost-pump</a>' in text
        for answer in ("in", "out", "pending", "acknowledged", "unreached"):
            assert f'devices?answer={answer}">1</a>' in text


def test_a_device_that_a_change_did_not_reach_is_named_whatever_it_answered_before(world):
    event = coming_event(make_program(world.here, world.here.home))
    row = told(make_ven(world.here.distributor, "pump"), event, opt=Opt.IN)
    row.modification_number += 1
    row.save()
    text = page(world.here.admin, f"/ops/events/{event.pk}")
    assert 'devices?answer=pending">1</a>' in text
    row.unreachable_at = timezone.now()
    row.save()
    text = page(world.here.admin, f"/ops/events/{event.pk}")
    assert f'<a href="/ops/vens/{row.ven_id}">pump</a>' in text
    assert 'devices?answer=unreached">1</a>' in text
    assert "devices?answer=in" not in text
    assert "pump" in page(world.here.admin, f"/ops/events/{event.pk}/devices?answer=unreached")


def test_a_room_without_devices_has_no_such_card(world):
    event = coming_event(make_program(world.here, world.here.home))
    assert 'data-part="devices"' not in page(world.here.admin, f"/ops/events/{event.pk}")


def test_a_new_sample_changes_the_rooms_live_answer_within_seconds(world):
    ven = make_ven(world.here.distributor, "pump", world.here.home)
    event = running_event(make_program(world.here, world.here.home))
    told(ven, event, opt=Opt.IN)
    resource = ven.resources.get()
    samples(resource, [5000] * 60, until=timezone.now() - timedelta(seconds=12))
    client, address = browser(world.here.admin), f"/ops/events/{event.pk}/live"
    first = client.get(address)
    assert first["Live-Seconds"] == "5"
    assert "5.00 kW" in first.content.decode()
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    samples(resource, [2000])
    second = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert second.status_code == 200
    assert "2.00 kW" in second.content.decode()


def test_powers_are_held_until_a_device_says_something_else(world):
    ven = make_ven(world.here.distributor, "pump", world.here.home, world.here.school)
    event = coming_event(make_program(world.here, world.here.home))
    told(ven, event)
    home, school = ven.resources.order_by("name")
    samples(home, [1000] * 12, until=NOW)
    samples(school, [4000], until=NOW - timedelta(seconds=60))
    found = event_power(event.pk, NOW)
    assert (found.devices, found.speaking, found.now_kw) == (2, 2, 5.0)
    known = found.kw[~np.isnan(found.kw)]
    assert known.tolist() == [1.0] * 5 + [5.0] * 7


def test_a_silent_devices_power_ends(world):
    ven = make_ven(world.here.distributor, "pump", world.here.home, world.here.school)
    event = coming_event(make_program(world.here, world.here.home))
    told(ven, event)
    home, school = ven.resources.order_by("name")
    samples(home, [1000] * 90, until=NOW)
    samples(school, [4000], until=NOW - timedelta(minutes=10))
    assert event_power(event.pk, NOW).now_kw == 1.0


def test_what_is_read_on_equals_what_is_read_anew(world):
    ven = make_ven(world.here.distributor, "pump", world.here.home)
    event = coming_event(make_program(world.here, world.here.home))
    told(ven, event)
    resource = ven.resources.get()
    samples(resource, list(range(1000, 1300)), until=NOW)
    event_power(event.pk, NOW)
    for seconds in (5, 20, 45, 400, 4000):
        later = NOW + timedelta(seconds=seconds)
        samples(resource, [seconds], until=later)
        going = event_power(event.pk, later)
        device_power._kept.clear()
        anew = event_power(event.pk, later)
        assert going.start == anew.start
        np.testing.assert_array_equal(going.kw, anew.kw)


def test_only_resources_that_are_asked_count_and_no_meter_twice(world):
    ven = make_ven(world.here.distributor, "pump", world.here.home)
    whole = ven.resources.get()
    whole.is_source = True
    whole.save()
    part = Resource.objects.create(ven=ven, name="heater", meter=world.here.home)
    other = Resource.objects.create(ven=ven, name="sign")
    event = coming_event(make_program(world.here, world.here.home))
    row = told(ven, event)
    row.resources = []
    row.save()
    assert device_power.told_resources(event.pk) == tuple(sorted((whole.pk, other.pk)))
    row.resources = ["heater"]
    row.save()
    assert device_power.told_resources(event.pk) == (part.pk,)


def test_the_room_asks_as_often_for_many_devices_as_for_few(world):
    event = running_event(make_program(world.here, world.here.home))
    told(make_ven(world.here.distributor, "pump", world.here.home), event)
    few = query_count(world.here.admin, f"/ops/events/{event.pk}/live")
    for number in range(20):
        told(make_ven(world.here.distributor, f"pump-{number}", world.here.school), event)
    assert query_count(world.here.admin, f"/ops/events/{event.pk}/live") == few


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"opt": Opt.IN}, "Your device pump answered: it takes part."),
        ({"opt": Opt.OUT}, "Your device pump answered: it does not take part."),
        ({"unreachable": True}, "Your device pump could not be reached."),
        ({}, "Your device pump has not answered yet."),
    ],
)
def test_a_resident_reads_what_their_device_answered(world, answer, words):
    ven = make_ven(world.here.distributor, "pump", world.here.home, owner_id=world.here.resident.pk)
    event = coming_event(make_program(world.here, world.here.home))
    told(ven, event, **answer)
    for address in (f"/events/{event.pk}", f"/events/{event.pk}/live"):
        assert words in page(world.here.resident, address)


def test_nobody_reads_of_somebody_elses_device(world):
    ven = make_ven(world.here.distributor, "pump", world.here.home, owner_id=world.here.neighbor.pk)
    event = coming_event(make_program(world.here, world.here.home, world.here.neighbor_home))
    told(ven, event)
    for user in (world.here.resident, world.here.neighbor):
        assert "Your device" not in page(user, f"/events/{event.pk}")
    assert "pump" not in page(world.here.resident, f"/meters/{world.here.home.pk}")


def test_people_see_the_devices_behind_their_meter(world):
    make_ven(world.here.distributor, "home-pump", world.here.home)
    make_ven(world.here.distributor, "silent-pump", world.here.home, heard=timedelta(hours=2))
    make_ven(world.here.distributor, "gone-pump", world.here.home, state=VenState.REVOKED)
    make_ven(world.here.distributor, "school-pump", world.here.school, owner_id=world.here.organization.pk)
    text = page(world.here.resident, f"/meters/{world.here.home.pk}")
    assert ["home-pump" in text, "silent-pump" in text, "gone-pump" in text, "school-pump" in text] == [
        True, True, False, False,
    ]  # fmt: skip
    assert "Silent" in text
    assert "/ops/vens" not in text
    assert "school-pump" in page(world.here.member, f"/meters/{world.here.school.pk}")
    assert "home-pump" in page(world.here.auditor, f"/meters/{world.here.home.pk}")


def test_who_has_moved_out_sees_no_devices(world):
    make_ven(world.here.distributor, "home-pump", world.here.home)
    MeterMap.objects.filter(meter=world.here.home, holder_kind=Kind.USER).update(
        valid_to=timezone.now() - timedelta(days=1)
    )
    answer = browser(world.here.resident).get(f"/meters/{world.here.home.pk}")
    assert answer.status_code == 200
    assert "home-pump" not in answer.content.decode()
