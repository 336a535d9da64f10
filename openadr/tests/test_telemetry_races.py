"""Reports at once over several connections: what belongs together is added up once, by whoever is second."""

from datetime import timedelta

import pytest

from openadr.models import EnergyPart, PowerSample, ReportPoint, ReportRequest
from openadr.services.newest import store_newest
from openadr.services.telemetry import SentReport, SentValue, take_reports
from openadr.tests.devices import make_ven, metadata, offer, readings, slot
from tests.builder import make_world
from tests.races.two import WAYS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize("way", WAYS)
def test_two_halves_of_an_interval_at_once_are_one_reading(way):
    here = make_world().here
    ven = make_ven(here.distributor, here.home)
    offer(ven, metadata(energy=("energy_real", "house", {"limits": (10, 900)})))
    request = ReportRequest.objects.get().request_id

    def half(start, number):
        return lambda: take_reports([SentReport(ven.pk, request, (SentValue("energy", start, 900, number),))])

    for back in range(2, 8):
        writers = WAYS[way](half(slot(back), "100.5"), half(slot(back) + QUARTER, "200.5"))
        assert [writer.refused for writer in writers] == [None, None]
    assert [wh for _start, wh in readings(here.home)] == [301] * 6
    assert EnergyPart.objects.count() == 12


@pytest.mark.parametrize("way", WAYS)
def test_the_same_report_at_once_is_kept_once(way):
    here = make_world().here
    ven = make_ven(here.distributor, here.home)
    offer(ven, metadata(energy=("energy_real", "house"), watts=("power_real", "heat-pump")))
    requests = dict(ReportRequest.objects.values_list("granularity_seconds", "request_id"))

    def report():
        take_reports(
            [
                SentReport(ven.pk, requests[10], (SentValue("watts", slot(), number="900"),)),
                SentReport(ven.pk, requests[1800], (SentValue("energy", slot(), number="412"),)),
            ]
        )

    writers = WAYS[way](report, report)
    assert [writer.refused for writer in writers] == [None, None]
    assert readings(here.home) == [(slot(), 412)]
    assert PowerSample.objects.count() == 1


def test_an_older_last_value_is_not_written_over_a_newer_one():
    here = make_world().here
    offer(make_ven(here.distributor, here.home), metadata(energy=("energy_real", "house")))
    point = ReportPoint.objects.get()
    new, old = ({point.pk: (slot(back), float(back))} for back in (1, 2))
    writers = WAYS["second inside first"](lambda: store_newest(new), lambda: store_newest(old))
    assert [writer.refused for writer in writers] == [None, None]
    point.refresh_from_db()
    assert (point.last_at, point.last_value) == (slot(1), 1.0)
