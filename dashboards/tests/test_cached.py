"""What Redis keeps of charts and of who holds which meter: never another's dates, never an old map, never needed."""

import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from common import cache as portal_cache
from common.cache import AWAY_SECONDS
from dashboards import cached
from dashboards.selectors.windows import window_of
from dashboards.tests.load_tools import add_scope_hours, utc
from dashboards.tests.operator_tools import browser
from dashboards.tests.story import add_readings
from dashboards.views.meter_asked import Reader
from meters.connections import holdings
from meters.models import Meter, MeterMap, ScopeHour, ScopeKind, ScopeState
from meters.services import end_map, move_in
from tests.builder import make_side, make_user
from tests.redis_server import portal_on_redis

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MIDNIGHT = utc("2026-07-22T04:00")
DAY = {"start": "2026-07-22", "end": "2026-07-22"}
# A chart with Redis gone: twice its time-out of two seconds, on a busy machine.
MOST_SECONDS = 5


@pytest.fixture
def redis(tmp_path):
    with portal_on_redis(tmp_path) as server:
        yield server


@pytest.fixture
def side(redis):
    return make_side("Hither")


def load_of(client, organization):
    return client.get(reverse("chart_load_organization", args=[organization.pk]), DAY)


def reading_of(answer):
    return answer.json()["sources"]["slots"]["reading"][0]


def kept_for(person, name, body):
    return cached.kept_bytes(lambda: body, window_of(person), name)


class TestCharts:
    def test_answer_is_kept_until_the_sums_change(self, side):
        organization = side.organization
        add_scope_hours(ScopeKind.ORGANIZATION, organization.pk, MIDNIGHT, [1000] * 24)
        client = browser(side.member)
        assert reading_of(load_of(client, organization)) == 1.0
        # Past the portal's services, which raise the version: what is kept is told.
        ScopeHour.objects.filter(scope_id=organization.pk).update(energy_wh=2000)
        assert reading_of(load_of(client, organization)) == 1.0
        ScopeState.objects.filter(scope_id=organization.pk).update(version=7)
        assert reading_of(load_of(client, organization)) == 2.0

    def test_other_people_do_not_get_what_was_kept_for_somebody(self, side):
        organization = side.organization
        add_scope_hours(ScopeKind.ORGANIZATION, organization.pk, MIDNIGHT, [1000] * 24)
        assert load_of(browser(side.member), organization).status_code == 200
        for stranger in (side.other_organization_admin, side.resident):
            assert load_of(browser(stranger), organization).status_code == 404

    def test_heat_map_and_load_of_the_same_dates_are_kept_apart(self, side):
        organization = side.organization
        add_scope_hours(ScopeKind.ORGANIZATION, organization.pk, MIDNIGHT, [1000] * 24)
        client, address = browser(side.member), reverse("chart_load_organization", args=[organization.pk])
        kinds = [client.get(address, DAY | more).json()["kind"] for more in ({}, {"of": "heat"}, {}, {"of": "heat"})]
        assert kinds == ["load", "heat", "load", "heat"]

    def test_whoever_has_the_meter_now_does_not_get_the_former_ones_chart(self, side):
        add_readings(side.home, days=10)
        change = timezone.now() - timedelta(days=5)
        before = browser(side.resident).get(reverse("chart_meter", args=[side.home.pk])).json()
        end_map(meter_map=MeterMap.objects.get(meter=side.home, entity=side.resident), at=change)
        newcomer = make_user(side.distributor)
        move_in(resident=newcomer, meter=side.home, at=change)
        theirs = browser(newcomer).get(reverse("chart_meter", args=[side.home.pk])).json()
        assert before["sources"]["slots"]["start"][0] < change.timestamp() * 1000 - 3_600_000
        gained = [
            start
            for start, reading in zip(*(theirs["sources"]["slots"][name] for name in ("start", "reading")), strict=True)
            if reading is not None
        ]
        assert min(gained) >= change.timestamp() * 1000 - 1_800_000

    def test_who_holds_nothing_is_not_taken_for_who_sees_everything(self, side):
        # A map may end between the look at the meter and the look at its maps: then nothing is held, as by staff.
        anchor, meter = timezone.now(), side.home
        people = (side.resident, side.member, side.admin, make_user(side.distributor, is_superuser=True))
        tags = [Reader(person, meter, [], anchor).version("the same dates") for person in people]
        assert len(set(tags)) == len(people)
        colleagues = (side.admin, side.staff)
        assert len({Reader(person, meter, [], anchor).version("the same dates") for person in colleagues}) == 1

    def test_each_reader_has_a_key_of_their_own(self, redis, side):
        kept = [kept_for(person, "chart", b"%d" % person.pk) for person in (side.resident, side.admin, side.member)]
        assert kept == [b"%d" % person.pk for person in (side.resident, side.admin, side.member)]
        assert kept_for(side.staff, "chart", b"again") == b"%d" % side.admin.pk

    @pytest.mark.parametrize("name", ["chart_meter", "chart_meter_sums", "chart_meter_hours", "chart_meter_comparison"])
    def test_tag_of_one_reader_says_nothing_to_another(self, side, name):
        add_readings(side.home, days=3)
        address = reverse(name, args=[side.home.pk])
        tag = browser(side.admin).get(address)["ETag"]
        theirs = browser(side.resident).get(address, headers={"if-none-match": tag})
        assert (theirs.status_code, theirs["ETag"] == tag) == (200, False)
        assert browser(side.staff).get(address, headers={"if-none-match": tag}).status_code == 304

    def test_too_large_an_answer_is_not_kept(self, redis, monkeypatch):
        monkeypatch.setattr(cached, "LARGEST_BYTES", 3)
        made = []

        def make():
            made.append(1)
            return b"four"

        assert [cached.kept_bytes(make, "key"), cached.kept_bytes(make, "key")] == [b"four", b"four"]
        assert len(made) == 2

    def test_each_part_of_the_key_counts(self, redis):
        keys = [("load", 1, "en"), ("load", 1, "es"), ("load", 2, "en"), ("load", "1", "en")]
        bodies = [cached.kept_bytes(lambda key=key: repr(key).encode(), *key) for key in keys]
        assert bodies == [repr(key).encode() for key in keys]


class TestConnections:
    def test_map_that_ends_binds_on_the_very_next_request(self, side):
        add_readings(side.home, days=10)
        client, address = browser(side.resident), reverse("chart_meter", args=[side.home.pk])
        assert client.get(address).status_code == 200
        end = timezone.now() - timedelta(days=3)
        end_map(meter_map=MeterMap.objects.get(meter=side.home, entity=side.resident), at=end)
        slots = client.get(address).json()["sources"]["slots"]
        known = [at for at, value in zip(slots["start"], slots["reading"], strict=True) if value is not None]
        assert max(known) < end.timestamp() * 1000

    def test_is_read_once_while_nothing_changes(self, side, django_assert_num_queries):
        meter = Meter.objects.get(pk=side.home.pk)
        first = holdings(holder_id=side.resident.pk, meter=meter)
        with django_assert_num_queries(0):
            assert holdings(holder_id=side.resident.pk, meter=meter) == first
        assert holdings(holder_id=side.neighbor.pk, meter=meter) == []

    def test_what_is_rolled_back_is_not_kept(self, side):
        with transaction.atomic():
            MeterMap.objects.get(meter=side.home, entity=side.resident).delete()
            assert holdings(holder_id=side.resident.pk, meter=Meter.objects.get(pk=side.home.pk)) == []
            transaction.set_rollback(True)
        version = Meter.objects.get(pk=side.home.pk).data_version
        Meter.objects.filter(pk=side.home.pk).update(data_version=version + 1)
        assert len(holdings(holder_id=side.resident.pk, meter=Meter.objects.get(pk=side.home.pk))) == 1


class TestRedisGone:
    def test_pages_and_charts_go_on_without_a_long_wait(self, side, redis):
        organization = side.organization
        add_scope_hours(ScopeKind.ORGANIZATION, organization.pk, MIDNIGHT, [1000] * 24)
        client = browser(side.member)
        assert load_of(client, organization).status_code == 200
        redis.stop()
        for ask in (lambda: load_of(client, organization), lambda: client.get("/org/load", DAY)):
            began = time.monotonic()
            assert ask().status_code == 200
            assert time.monotonic() - began < MOST_SECONDS
        assert reading_of(load_of(client, organization)) == 1.0

    def test_what_changed_meanwhile_is_told_when_redis_is_back(self, side, redis):
        organization = side.organization
        add_scope_hours(ScopeKind.ORGANIZATION, organization.pk, MIDNIGHT, [1000] * 24)
        client = browser(side.member)
        load_of(client, organization)
        redis.stop()
        ScopeHour.objects.filter(scope_id=organization.pk).update(energy_wh=3000)
        ScopeState.objects.filter(scope_id=organization.pk).update(version=9)
        assert reading_of(load_of(client, organization)) == 3.0
        redis.start()
        portal_cache._away_until.clear()
        assert reading_of(load_of(client, organization)) == 3.0

    def test_redis_that_does_not_answer_is_waited_for_once(self, side, redis):
        redis.process.send_signal(19)
        try:
            began = time.monotonic()
            assert [cache.get("a"), cache.set("a", 1), cache.get("a")] == [None, None, None]
            assert time.monotonic() - began < MOST_SECONDS < 3 * AWAY_SECONDS
        finally:
            redis.process.send_signal(18)
