"""Whose reports are a meter's readings, when devices and people come and go."""

from datetime import timedelta

import pytest
from django.utils import timezone

from meters.models import MeterMap
from meters.services import end_map
from openadr.models import Measure, ReportRequest, RequestState, Resource
from openadr.services.enrolling import end_resource, enroll_ven, map_resource, revoke_ven
from openadr.services.reports import OfferedPoint, OfferedReport, register_reports
from openadr.services.sources import pass_on_sources
from openadr.tasks import sweep_identities

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ENERGY = OfferedPoint(r_id="e", resource_name="house", measure=Measure.ENERGY, unit="Wh", reading_type="Direct Read")


@pytest.fixture
def home(here):
    """Makes a VEN that offers the energy of here.home."""

    def make(name, owner=None):
        resources = [("house", here.home)]
        ven = enroll_ven(distributor=here.distributor, name=name, owner=owner, resources=resources).ven
        register_reports(ven_pk=ven.pk, reports=[OfferedReport("usage", "TELEMETRY_USAGE", (ENERGY,))])
        return ven

    return make


def leave(meter, owner, at):
    end_map(meter_map=MeterMap.objects.get(meter=meter, entity=owner.pk), at=at)


def is_source(ven):
    return Resource.objects.get(ven=ven, name="house").is_source


def is_asked(ven):
    rows = ReportRequest.objects.filter(report__ven=ven)
    return rows.exclude(state__in=(RequestState.ENDED, RequestState.ENDING)).exists()


@pytest.mark.parametrize("how", ["end", "revoke"])
def test_the_newcomer_reports_at_once_when_the_old_device_ends(home, django_capture_on_commit_callbacks, how):
    old, new = home("old"), home("new")
    assert (is_source(old), is_source(new), is_asked(new)) == (True, False, False)
    with django_capture_on_commit_callbacks(execute=True):
        if how == "end":
            end_resource(resource=old.resources.get())
        else:
            revoke_ven(ven=old, reason="Stolen.")
    assert (is_source(new), is_asked(new)) == (True, True)


def test_the_newcomer_reports_when_the_owner_of_the_old_device_has_left(here, home, monkeypatch):
    old, new = home("old", owner=here.resident), home("new")
    left = timezone.now() + HOUR
    leave(here.home, here.resident, left)
    assert pass_on_sources() == 0
    monkeypatch.setattr(timezone, "now", lambda: left)
    sweep_identities()
    assert (is_source(old), is_asked(old)) == (False, False)
    assert (is_source(new), is_asked(new)) == (True, True)
    assert pass_on_sources() == 0


def test_a_device_that_loses_a_meter_to_a_newcomer_is_not_asked_for_it_any_more(here, home):
    old = home("old", owner=here.resident)
    assert is_asked(old)
    leave(here.home, here.resident, timezone.now())
    new = home("new")
    assert (is_source(new), is_asked(new)) == (True, True)
    assert (is_source(old), is_asked(old)) == (False, False)


def test_of_several_none_is_chosen_and_none_of_who_does_not_have_the_meter(here, home):
    old, first, second = home("old"), home("first"), home("second", owner=here.neighbor)
    assert pass_on_sources() == 0
    third = home("third")
    end_resource(resource=old.resources.get())
    assert pass_on_sources() == 0
    end_resource(resource=third.resources.get())
    assert pass_on_sources() == 1
    assert (is_source(first), is_source(second)) == (True, False)


def test_what_somebody_said_to_be_no_reading_never_is(here, home):
    old, charger = home("old"), home("charger")
    map_resource(ven=charger, name="house", meter=here.home, is_source=False)
    end_resource(resource=old.resources.get())
    assert pass_on_sources() == 0
    map_resource(ven=charger, name="house", meter=here.home)
    assert is_source(charger)


def test_other_things_behind_the_same_device_stay_what_they_are(here, home):
    gateway = home("gateway")
    map_resource(ven=gateway, name="charger", meter=here.home)
    end_resource(resource=gateway.resources.get(name="house"))
    assert pass_on_sources() == 0
