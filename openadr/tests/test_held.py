"""Energies that a clock a little ahead of ours reports before their end: they wait for it, and none is lost."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError

from meters.models import IntervalReading, Quality
from openadr.models import EnergyPart, ReportRequest, Resource
from openadr.services import held, telemetry
from openadr.services.held import store_held
from openadr.services.telemetry import sweep_telemetry
from openadr.tests.devices import HALF_HOUR, described, interval, make_ven, metadata, offer, readings, send, slot

TEN = timedelta(minutes=10)
AFTER = timedelta(seconds=1)


@pytest.fixture
def ven(here):
    return make_ven(here.distributor, here.home)


def offering(ven, **fields):
    offer(ven, metadata(energy=("energy_real", "house", fields)))
    return ReportRequest.objects.get(report__ven=ven).request_id


def at(moment):
    return time_machine.travel(moment, tick=False)


def test_an_energy_before_its_end_is_taken_and_is_a_reading_after_it(ven, here):
    request, start = offering(ven), slot()
    end = start + HALF_HOUR
    with at(end - timedelta(seconds=20)):
        assert described(send(ven, request, interval("energy", start, 412.4))) == "OK"
        assert (store_held(), readings(here.home)) == (0, [])
    with at(end):
        assert store_held() == 1
        assert readings(here.home) == [(start, 412)]
        assert (store_held(), EnergyPart.objects.count()) == (0, 0)


def test_an_energy_further_ahead_than_clocks_may_be_is_refused(ven, settings):
    request, start = offering(ven), slot()
    settings.VTN_SKEW_SECONDS = 30
    with at(start + HALF_HOUR - timedelta(seconds=31)):
        assert "not ended" in described(send(ven, request, interval("energy", start, 412)))
    assert not EnergyPart.objects.exists()


def test_said_again_it_is_one_reading_and_the_last_word_counts(ven, here):
    request, start = offering(ven), slot()
    with at(start + HALF_HOUR - AFTER):
        for value in (1, 1, 2):
            send(ven, request, interval("energy", start, value))
        assert EnergyPart.objects.count() == 1
    with at(start + HALF_HOUR + AFTER):
        send(ven, request, interval("energy", start, 3))
        assert (store_held(), readings(here.home)) == (0, [(start, 3)])


def test_the_last_part_of_an_interval_waits_and_completes_it(ven, here):
    request, start = offering(ven, limits=(10, 600)), slot()
    with at(start + HALF_HOUR - AFTER):
        send(ven, request, interval("energy", start + 2 * TEN, "100.4", data_quality="Quality Uncertain - Sub Normal"))
        reply = send(ven, request, interval("energy", start, "100.3"), interval("energy", start + TEN, "100.4"))
        assert described(reply) == "OK"
        assert readings(here.home) == []
    with at(start + HALF_HOUR):
        assert store_held() == 1
    assert readings(here.home) == [(start, 301)]
    assert IntervalReading.objects.get().quality == Quality.ESTIMATED
    assert not EnergyPart.objects.filter(due_at__isnull=False).exists()


def test_a_part_that_waited_counts_when_the_missing_one_comes(ven, here):
    request, start = offering(ven, limits=(10, 900)), slot()
    half = timedelta(minutes=15)
    with at(start + HALF_HOUR - AFTER):
        send(ven, request, interval("energy", start + half, 2))
    with at(start + HALF_HOUR):
        assert store_held() == 1
        assert readings(here.home) == []
        send(ven, request, interval("energy", start, 1))
    assert readings(here.home) == [(start, 3)]


def test_what_is_uncertain_is_an_estimate_after_waiting_too(ven):
    request, start = offering(ven), slot()
    with at(start + HALF_HOUR - AFTER):
        send(ven, request, interval("energy", start, 5, data_quality="Quality Uncertain - Non Specific"))
    assert store_held() == 1
    assert IntervalReading.objects.get().quality == Quality.ESTIMATED


def test_an_interval_off_the_meters_grid_is_refused_at_once(ven):
    request, start = offering(ven), slot() + timedelta(minutes=1)
    with at(start + HALF_HOUR - AFTER):
        assert "reaches over" in described(send(ven, request, interval("energy", start, 5)))
    assert not EnergyPart.objects.exists()


def test_what_is_no_meters_any_more_is_refused_with_a_line_in_the_log(ven, here, caplog):
    request, start = offering(ven), slot()
    with at(start + HALF_HOUR - AFTER):
        send(ven, request, interval("energy", start, 5))
    Resource.objects.update(ended_at=start)
    assert store_held() == 0
    assert "not from the source" in caplog.text
    assert (readings(here.home), EnergyPart.objects.count()) == ([], 0)


def test_trouble_with_one_leaves_it_waiting_and_stores_the_others(ven, here, monkeypatch, caplog):
    other = make_ven(here.distributor, here.distributor.meters.create(number="other"))
    start = slot()
    for each in (ven, other):
        request = offering(each)
        with at(start + HALF_HOUR - AFTER):
            send(each, request, interval("energy", start, 5))
    store = held.store_energy

    def fail(amounts, *, now):
        store(amounts, now=now)  # the failure comes last: nothing of it stays
        if any(each.point.meter_id == here.home.pk for each in amounts):
            raise DatabaseError("broken")

    monkeypatch.setattr(held, "store_energy", fail)
    assert (store_held(), readings(here.home)) == (1, [])
    assert "wait on" in caplog.text
    monkeypatch.undo()
    assert (store_held(), readings(here.home)) == (1, [(start, 5)])


def test_the_hourly_sweep_stores_first_what_waited_long(ven, here):
    from openadr.tasks import sweep_telemetry as job

    request, start = offering(ven), slot()
    with at(start + HALF_HOUR - AFTER):
        send(ven, request, interval("energy", start, 5))
    with at(start + telemetry.KEPT + HALF_HOUR):
        job()
        assert sweep_telemetry() == 0
    assert readings(here.home) == [(start, 5)]
