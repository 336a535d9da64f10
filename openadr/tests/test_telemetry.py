"""Reports become readings, power and states: once, to the Wh, and only for whom they are."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from meters.models import IntervalReading, Quality
from openadr.models import DeviceStatus, EnergyPart, PowerSample, ReportPoint, ReportRequest, RequestState, Resource
from openadr.services.enrolling import map_resource
from openadr.services.telemetry import SentReport, SentValue, sweep_telemetry, take_reports
from openadr.tests.devices import (
    HALF_HOUR,
    code_of,
    described,
    hand_in,
    interval,
    make_ven,
    metadata,
    offer,
    readings,
    send,
    slot,
)
from tests.builder import map_meter

ENERGY = {"energy": ("energy_real", "house")}


@pytest.fixture
def ven(here):
    return make_ven(here.distributor, here.home)


def request_of(ven, seconds=None):
    found = ReportRequest.objects.filter(report__ven=ven).exclude(state="ended")
    return (found if seconds is None else found.filter(granularity_seconds=seconds)).get().request_id


def offering(ven, **points):
    offer(ven, metadata(**(points or ENERGY)))
    return ven


def test_an_energy_is_the_meters_reading(ven, here):
    offering(ven)
    assert described(send(ven, request_of(ven), interval("energy", slot(), 412, 1800))) == "OK"
    assert readings(here.home) == [(slot(), 412)]
    point, request = ReportPoint.objects.get(), ReportRequest.objects.get()
    assert (point.last_at, point.last_value) == (slot(), 412.0)
    assert request.state == RequestState.RUNNING
    assert request.last_report_at is not None


@pytest.mark.parametrize(("scale", "value", "wh"), [("k", "0.4125", 412), ("m", 412_600, 413), ("M", "0.0004", 400)])
def test_scales_are_exact(ven, here, scale, value, wh):
    offering(ven, energy=("energy_real", "house", {"scale": scale}))
    send(ven, request_of(ven), interval("energy", slot(), value, 1800))
    assert readings(here.home) == [(slot(), wh)]


def test_a_length_that_is_not_said_is_the_one_asked_for(ven, here):
    offering(ven)
    send(ven, request_of(ven), interval("energy", slot() + timedelta(milliseconds=120), 5))
    assert readings(here.home) == [(slot(), 5)]


def test_a_repeated_report_changes_nothing(ven, here):
    offering(ven)
    for _time in range(3):
        assert described(send(ven, request_of(ven), interval("energy", slot(), 412), interval("energy", slot(1), 7)))
    rows = list(IntervalReading.objects.values())
    send(ven, request_of(ven), interval("energy", slot(1), 7), interval("energy", slot(), 412))
    assert list(IntervalReading.objects.values()) == rows
    assert len(rows) == 2


def test_out_of_order_is_fine_and_the_newest_stays_the_newest(ven, here):
    offering(ven)
    for back, value in ((1, 3), (3, 1), (2, 2)):
        send(ven, request_of(ven), interval("energy", slot(back), value))
    assert [wh for _start, wh in readings(here.home)] == [1, 2, 3]
    assert ReportPoint.objects.get().last_value == 3


def test_a_value_that_cannot_be_true_is_refused_alone(ven, here):
    offering(ven)
    day = timedelta(days=1)
    bad = [
        interval("energy", slot(), "NaN"),
        interval("energy", slot(3), "INF"),
        interval("energy", slot(4), "1e30"),
        interval("energy", slot(5), "3e9"),
        interval("energy", slot() + 400 * day, 5),
        interval("energy", datetime(1970, 1, 1, tzinfo=UTC), 5),
        interval("energy", slot(-1), 5),
        interval("energy", slot(6), 5, 3600),
        interval("energy", slot(7) + timedelta(minutes=1), 5, 1800),
        interval("energy", slot(8), -5),
        interval("nobody", slot(), 5),
        interval("energy", slot(9), 5, data_quality="Quality Bad - Sensor Failure"),
        interval("energy", slot(10), 5, 0),
    ]
    reply = send(ven, request_of(ven), *bad[:7], interval("energy", slot(2), 99), *bad[7:])
    assert code_of(reply) == "200"
    assert readings(here.home) == [(slot(2), 99)]
    assert "and 8 more" in described(reply)
    assert "not a finite number" in described(reply)


def test_an_uncertain_value_is_an_estimate(ven, here):
    offering(ven)
    send(ven, request_of(ven), interval("energy", slot(), 5, data_quality="Quality Uncertain - Non Specific"))
    assert IntervalReading.objects.get().quality == Quality.ESTIMATED


def test_an_unknown_request_is_452_and_the_others_are_kept(ven, here):
    offering(ven)
    assert code_of(send(ven, "request-of-nobody", interval("energy", slot(), 5))) == "452"
    assert readings(here.home) == []


def test_only_the_source_of_a_meter_gives_readings(ven, here):
    offering(ven, energy=("energy_real", "house"), pump=("energy_real", "heat-pump"))
    reply = send(ven, request_of(ven), interval("pump", slot(), 5, 1800), interval("energy", slot(), 9))
    assert readings(here.home) == [(slot(), 9)]
    assert "not from the source" in described(reply)


def test_an_ended_resource_gives_no_readings(ven, here):
    offering(ven)
    Resource.objects.update(ended_at=timezone.now())
    send(ven, request_of(ven), interval("energy", slot(), 5))
    assert readings(here.home) == []


def test_an_owners_ven_reports_only_the_owners_time(here):
    meter = here.distributor.meters.create(number="moved")
    organization = here.organization
    map_meter(meter, organization, slot(4), valid_to=slot(2))
    ven = offering(make_ven(here.distributor, meter, owner_id=organization.pk))
    values = [interval("energy", slot(back), back) for back in (5, 4, 3, 2)]
    reply = send(ven, request_of(ven), *values)
    assert readings(meter) == [(slot(4), 4), (slot(3), 3)]
    assert described(reply).count("owner") == 2


def test_power_and_states_are_none_of_the_meters_once_the_owner_has_left_it(here):
    meter = here.distributor.meters.create(number="moved")
    held = map_meter(meter, here.organization, slot(9))
    ven = offering(make_ven(here.distributor, meter, owner_id=here.organization.pk), watts=("power_real", "house"))
    assert described(send(ven, request_of(ven), interval("watts", timezone.now(), 700))) == "OK"
    assert PowerSample.objects.count() == 1
    held.valid_to = timezone.now()
    held.save()
    reply = send(ven, request_of(ven), interval("watts", timezone.now(), 900))
    assert "does not have the meter" in described(reply)
    assert PowerSample.objects.get().power_w == 700


def test_the_distributors_own_ven_reports_all_times(ven, here):
    offering(ven)
    send(ven, request_of(ven), interval("energy", slot(30), 1))
    assert len(readings(here.home)) == 1


def test_parts_of_an_interval_add_up_when_it_is_whole(ven, here):
    offering(ven, energy=("energy_real", "house", {"limits": (10, 600)}))
    start, ten = slot(), timedelta(minutes=10)
    for number, value in ((2, "100.4"), (0, "100.3")):
        assert described(send(ven, request_of(ven), interval("energy", start + number * ten, value, 600))) == "OK"
        assert readings(here.home) == []
    send(ven, request_of(ven), interval("energy", start + ten, "100.4"))
    assert readings(here.home) == [(start, 301)]
    for _again in range(2):
        send(ven, request_of(ven), interval("energy", start + ten, "200.4"))
    assert readings(here.home) == [(start, 401)]
    assert EnergyPart.objects.count() == 3


def test_parts_of_one_meter_are_none_of_the_next_ones(ven, here):
    offering(ven, energy=("energy_real", "house", {"limits": (10, 600)}))
    start, ten = slot(), timedelta(minutes=10)
    for number in range(2):
        send(ven, request_of(ven), interval("energy", start + number * ten, 100, 600))
    other = here.distributor.meters.create(number="other")
    map_resource(ven=ven, name="house", meter=other)
    assert not EnergyPart.objects.exists()
    map_resource(ven=ven, name="house", meter=other)
    assert readings(other) == []


def test_an_energy_with_another_request_is_no_part(ven, here):
    offering(ven, energy=("energy_real", "house", {"limits": (10, 600)}), watts=("power_real", "house"))
    start, ten = slot(), timedelta(minutes=10)
    for number in range(3):
        value = interval("energy", start + number * ten, 100)
        send(ven, request_of(ven, 600), value)
        assert described(send(ven, request_of(ven, 10), value, interval("watts", start, 1))) == "OK"
    assert readings(here.home) == [(start, 300)]


def test_a_part_over_two_intervals_or_to_come_is_refused(ven, here):
    offering(ven, energy=("energy_real", "house", {"limits": (10, 600)}))
    over = interval("energy", slot() + timedelta(minutes=25), 1, 600)
    future = interval("energy", timezone.now() - timedelta(seconds=30), 1, 600)
    reply = send(ven, request_of(ven), over, future)
    assert "reaches over" in described(reply)
    assert "not ended" in described(reply)
    assert not EnergyPart.objects.exists()


def test_parts_follow_the_meters_clock(here):
    # Half-hour offset from UTC: an hour of the meter starts at half past.
    meter = here.distributor.meters.create(number="far", zone_name="Asia/Kolkata", interval_minutes=60)
    ven = offering(make_ven(here.distributor, meter), energy=("energy_real", "house", {"limits": (10, 1800)}))
    hour = slot(3, timedelta(hours=1)) + HALF_HOUR
    send(ven, request_of(ven), interval("energy", hour, 10, 1800), interval("energy", hour + HALF_HOUR, 11, 1800))
    assert readings(meter) == [(hour, 21)]


def test_mean_power_over_an_interval_is_its_energy(ven, here):
    offering(ven, watts=("power_real", "house", {"reading_type": "Mean", "scale": "k"}))
    send(ven, request_of(ven, 1800), interval("watts", slot(), 1.5, 1800))
    assert readings(here.home) == [(slot(), 750)]
    assert not PowerSample.objects.exists()


def test_momentary_power_is_no_energy(ven, here):
    offering(ven, watts=("power_real", "house"))
    send(ven, request_of(ven), interval("watts", slot(), 1500, 1800))
    assert readings(here.home) == []
    assert PowerSample.objects.get().power_w == 1500


def test_power_is_kept_once_a_moment(ven):
    offering(ven, watts=("power_real", "heat-pump"))
    now = timezone.now().replace(microsecond=0)
    for value in (900, 900, 1000):
        send(ven, request_of(ven), interval("watts", now, value))
    send(ven, request_of(ven), interval("watts", now - timedelta(seconds=10), -40.4))
    assert list(PowerSample.objects.order_by("at").values_list("power_w", flat=True)) == [-40, 1000]
    assert ReportPoint.objects.get().last_value == 1000
    assert "more than" in described(send(ven, request_of(ven), interval("watts", now, "1e12")))


def test_other_values_and_states_are_the_newest_of_their_name(ven):
    offering(ven, v=("voltage", "heat-pump"))
    now = timezone.now().replace(microsecond=0)
    send(ven, request_of(ven), interval("v", now, 230.5))
    send(ven, request_of(ven), interval("v", now - timedelta(minutes=1), 100))
    status = DeviceStatus.objects.get()
    assert status.values["voltage"] == {"value": 230.5, "unit": "V", "at": now.isoformat()}
    assert status.at == now


STATUS = """<o:oadrPayload xmlns:o="http://openadr.org/oadr-2.0b/2012/07"
    xmlns:e="http://docs.oasis-open.org/ns/energyinterop/201110"
    xmlns:p="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"
    xmlns="urn:ietf:params:xml:ns:icalendar-2.0" xmlns:s="urn:ietf:params:xml:ns:icalendar-2.0:stream">
  <o:oadrSignedObject><o:oadrUpdateReport e:schemaVersion="2.0b"><p:requestID>01</p:requestID><o:oadrReport>
    <dtstart><date-time>{start}</date-time></dtstart><duration><duration>PT1H</duration></duration>
    <s:intervals>{intervals}</s:intervals>
    <e:reportRequestID>{request}</e:reportRequestID><e:reportSpecifierID>x</e:reportSpecifierID>
    <e:createdDateTime>{start}</e:createdDateTime>
  </o:oadrReport></o:oadrUpdateReport></o:oadrSignedObject></o:oadrPayload>"""
ONE_STATE = """<e:interval><o:oadrReportPayload><e:rID>s</e:rID><o:oadrPayloadResourceStatus>
    <o:oadrOnline>true</o:oadrOnline><o:oadrManualOverride>{override}</o:oadrManualOverride>
    <o:oadrLoadControlState><o:oadrCapacity><o:oadrCurrent>0.5</o:oadrCurrent></o:oadrCapacity></o:oadrLoadControlState>
  </o:oadrPayloadResourceStatus></o:oadrReportPayload></e:interval>"""
ONE_VALUE = """<e:interval>{own}<o:oadrReportPayload><e:rID>energy</e:rID><e:payloadFloat><e:value>{value}</e:value>
  </e:payloadFloat></o:oadrReportPayload></e:interval>"""


def by_hand(ven, request, intervals, start):
    return hand_in(STATUS.format(request=request, intervals=intervals, start=f"{start:%Y-%m-%dT%H:%M:%SZ}"), ven)


def test_a_state_by_hand_is_kept(ven):
    offer(ven, metadata("TELEMETRY_STATUS", s=("status", "heat-pump")))
    late = slot()
    by_hand(ven, request_of(ven), ONE_STATE.format(override="1"), late)
    by_hand(ven, request_of(ven), ONE_STATE.format(override="0"), late - HALF_HOUR)
    status = DeviceStatus.objects.get()
    assert (status.at, status.is_online, status.is_overridden) == (late, True, True)
    assert status.values["capacity"]["value"] == 0.5


def test_intervals_without_times_share_the_reports(ven, here):
    offering(ven)
    start = slot(2, timedelta(hours=1))
    both = "".join(ONE_VALUE.format(own="", value=value) for value in (10, 20))
    by_hand(ven, request_of(ven), both, start)
    assert readings(here.home) == [(start, 10), (start + HALF_HOUR, 20)]


def test_a_broken_time_spoils_its_own_value_alone(ven, here):
    offering(ven)
    start = slot(2, timedelta(hours=1))
    odd = "<duration><duration>P9999999999999D</duration></duration>"
    own = f"<dtstart><date-time>{start:%Y-%m-%dT%H:%M:%SZ}</date-time></dtstart>"
    good = "<duration><duration>PT1800S</duration></duration>"
    values = ONE_VALUE.format(own=own + odd, value=1) + ONE_VALUE.format(own=own + good, value=2)
    reply = by_hand(ven, request_of(ven), values, start)
    assert readings(here.home) == [(start, 2)]
    assert "duration" in described(reply)


def test_many_vens_are_taken_in_one_call(here, world, django_assert_max_num_queries):
    meters = [here.distributor.meters.create(number=f"many-{number}") for number in range(6)]
    vens = [offering(make_ven(here.distributor, meter)) for meter in meters]
    vens.append(offering(make_ven(world.there.distributor, world.there.home)))
    batch = [
        SentReport(ven.pk, request_of(ven), (SentValue("energy", slot(), number=str(at)),))
        for at, ven in enumerate(vens)
    ]
    with django_assert_max_num_queries(60):
        taken = take_reports([*batch, SentReport(vens[0].pk, "nobody"), SentReport(vens[0].pk, batch[1].request_id)])
    assert [each.is_known for each in taken] == [True] * 7 + [False] * 2
    assert [readings(meter)[0][1] for meter in meters] == list(range(6))
    assert readings(world.there.home) == [(slot(), 6)]


def test_the_later_of_two_reports_of_one_call_counts(ven, here):
    offering(ven)
    reports = [SentReport(ven.pk, request_of(ven), (SentValue("energy", slot(), number=each),)) for each in "12"]
    take_reports(reports)
    assert readings(here.home) == [(slot(), 2)]


def test_old_samples_are_swept(ven):
    resource = Resource.objects.first()
    for days in (1, 5):
        at = timezone.now() - timedelta(days=days)
        PowerSample.objects.create(resource=resource, at=at, power_w=1)
        EnergyPart.objects.create(resource=resource, at=at, seconds=60, energy_mwh=1)
    assert sweep_telemetry() == 2
    assert (PowerSample.objects.count(), EnergyPart.objects.count()) == (1, 1)


def test_nothing_is_no_work(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert take_reports([]) == []
