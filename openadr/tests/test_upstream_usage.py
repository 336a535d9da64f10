"""What is told upwards where meters of other intervals join."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.services import enroll_all
from meters.models import Meter
from meters.services import Readings, ingest_readings
from openadr.models import UpstreamReport
from openadr.tests.upstream_world import half_hours_ago, make_town, make_upstream
from openadr.upstream.reports import _due, _interval
from openadr.upstream.usage import Usage, Verdict, usage_of
from tests.builder import make_meter, make_user, map_meter

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


def full_hour():
    start = half_hours_ago(4)
    return start if start.minute == 0 else start - timedelta(minutes=30)


def join_hourly(town, start, wh=9000):
    meter = make_meter(town.distributor, "hourly", usage_kind="home", contracted_kw=1, interval_minutes=60)
    map_meter(meter, make_user(town.distributor))
    enroll_all(program=town)
    ingest_readings(distributor=town.distributor, readings=Readings.of([(meter.pk, start, wh)]), source="test")


def wanted(upstream, start):
    return UpstreamReport(
        upstream=upstream, r_id="usage", granularity_seconds=1800, report_back_seconds=1800, sent_until=start
    )


def measure_half_hours(town, start):
    meters = Meter.objects.filter(enrollments__program=town, interval_minutes=30)
    rows = [(meter.pk, start, 500) for meter in meters]
    ingest_readings(distributor=town.distributor, readings=Readings.of(rows), source="test")


def test_a_longer_meter_that_joined_makes_the_intervals_longer(here):
    town, start = make_town(here.distributor), full_hour()
    upstream = make_upstream(town, 1)
    meters = Meter.objects.filter(enrollments__program=town).count()
    join_hourly(town, start)
    for at in (start, start + timedelta(minutes=30)):
        measure_half_hours(town, at)
    row = wanted(upstream, start)
    [(usage, verdict)], reached = _due(upstream, row, timezone.now())
    assert (usage.seconds, usage.wh, verdict) == (3600, meters * 1000 + 9000, Verdict.SEND)
    assert (reached, row.granularity_seconds) == (start + timedelta(hours=1), 3600)


def test_within_its_hour_nothing_is_told_and_nothing_waits(here):
    """The half hour without it, beside the hour with it, would tell its own use."""
    town, start = make_town(here.distributor), full_hour()
    upstream = make_upstream(town, 1)
    join_hourly(town, start)
    half = start + timedelta(minutes=30)
    measure_half_hours(town, half)
    row = wanted(upstream, half)
    assert usage_of(town, half, 1800).verdict(timezone.now()) is Verdict.SKIP
    assert _due(upstream, row, timezone.now()) == ([], start + timedelta(hours=1))


def test_the_hour_of_all_is_told_whole(here):
    town, start = make_town(here.distributor), full_hour()
    meters = Meter.objects.filter(enrollments__program=town).count()
    join_hourly(town, start)
    for at in (start, start + timedelta(minutes=30)):
        measure_half_hours(town, at)
    usage = usage_of(town, start, 3600)
    assert (usage.wh, usage.left_out) == (meters * 1000 + 9000, 0)
    assert usage.verdict(timezone.now()) is Verdict.SEND


def test_where_all_meters_are_longer_nothing_fails(here):
    town, start = make_town(here.distributor), full_hour()
    upstream = make_upstream(town, 1)
    Meter.objects.filter(enrollments__program=town).update(interval_minutes=60)
    assert usage_of(town, start, 1800).verdict(timezone.now()) is Verdict.SKIP
    row = wanted(upstream, start)
    assert _due(upstream, row, timezone.now()) == ([], start)
    assert row.granularity_seconds == 3600


def test_confidence_is_never_above_a_hundred():
    usage = Usage(timezone.now(), 1800, 100, meters=6, measured=6, readings=12, expected=6)
    row = UpstreamReport(r_id="usage")
    assert _interval(row, usage, Verdict.SEND_PARTLY)["report_payload"]["confidence"] == 100
