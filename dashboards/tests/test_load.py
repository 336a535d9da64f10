"""What many meters used together: the same numbers in chart, table and file, for whom, and what silence looks like."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.tests.load_tools import add_meter_hours, add_scope_hours, expect, utc
from dashboards.tests.operator_tools import browser, page, query_count, readers_only, statuses
from dashboards.tests.story import make_program
from events.services import record_completed_event
from meters.models import MeterMap, RollupMark, ScopeHour, ScopeKind, ScopeState
from meters.services import Readings, ingest_readings
from meters.services.rollups import refresh_rollups
from organizations.models import GroupMember, OrganizationGroup
from tests.builder import make_meter, map_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# The distributor's clock is New York's: this day begins at 4 am UTC.
MIDNIGHT = utc("2026-07-22T04:00")
DAY = {"start": "2026-07-22", "end": "2026-07-22"}
FLEET = ScopeKind.DISTRIBUTOR


def data(user, scope, pk, tag="", **query):
    headers = {"If-None-Match": tag} if tag else {}
    return browser(user).get(reverse(f"chart_load_{scope}", args=[pk]), DAY | query, headers=headers)


def rows_of(user, scope, pk, **query):
    answer = browser(user).get(reverse(f"chart_load_{scope}_file", args=[pk]), DAY | query)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def table_of(user, scope="load", **query):
    """Rows of the table twin on the operator's page, newest first."""
    return browser(user).get(f"/ops/{scope}", DAY | query).context["chart"]["rows"]


@pytest.fixture
def fleet(here):
    """A day of the distributor: each hour of the clock so many kWh, 500 Wh less than expected; nothing at 5."""
    pk = here.distributor.pk
    add_scope_hours(FLEET, pk, MIDNIGHT - timedelta(days=1), [1000] * 24)
    add_scope_hours(FLEET, pk, MIDNIGHT, [None if hour == 5 else (hour + 1) * 1000 for hour in range(24)])
    for hour in range(24):
        ScopeHour.objects.filter(kind=FLEET, scope_id=pk, start=MIDNIGHT + timedelta(hours=hour)).update(
            predicted_wh=(hour + 1) * 1000 + 500, predicted_slots=4, compared_wh=(hour + 1) * 1000
        )
    return pk


class TestNumbers:
    def test_chart_table_and_file_say_what_was_summed(self, here, fleet):
        payload = data(here.staff, "distributor", fleet).json()
        slots = payload["sources"]["slots"]
        kwh = [None if hour == 5 else hour + 1.0 for hour in range(24)]
        assert slots["start"] == [round((MIDNIGHT.timestamp() + 3600 * hour) * 1000) for hour in range(24)]
        assert slots["reading"] == kwh
        assert slots["prediction"] == [None if value is None else value + 0.5 for value in kwh]
        assert slots["meters"] == [0 if hour == 5 else 2 for hour in range(24)]
        assert slots["usual"] == [2] * 24
        table = [row[1] for row in reversed(table_of(here.staff))]
        assert table == ["no data" if value is None else f"{value:.3f}" for value in kwh]
        file = rows_of(here.staff, "distributor", fleet)
        assert [row["kwh"] for row in file] == ["" if value is None else f"{value:.3f}" for value in kwh]
        assert [row["expected_kwh"] for row in file[:2]] == ["1.500", "2.500"]
        assert (file[0]["start"], file[23]["end"]) == ("2026-07-22T04:00:00Z", "2026-07-23T04:00:00Z")

    def test_page_has_the_same_rows_as_its_chart(self, here, fleet):
        words = page(here.staff, "/ops/load?start=2026-07-22&end=2026-07-22")
        for row in table_of(here.staff):
            assert row[0] in words
        assert "294.0 kWh used, 4 % less than expected" in words

    def test_heat_map_and_its_file_have_the_same_hours(self, here, fleet):
        payload = data(here.staff, "distributor", fleet, of="heat").json()
        cells = sorted(
            (bottom, value)
            for level in range(1, 6)
            for bottom, value in zip(
                payload["sources"][f"heat_{level}"]["bottom"],
                payload["sources"][f"heat_{level}"]["value"],
                strict=True,
            )
        )
        assert cells == [(hour, hour + 1.0) for hour in range(24) if hour != 5]
        file = rows_of(here.staff, "distributor", fleet, of="heat")
        assert [(row["hour"], row["kwh"]) for row in file[:2]] == [("00:00", "1.000"), ("01:00", "2.000")]

    def test_peak_is_told_with_its_time(self, here, fleet):
        assert rows_of(here.staff, "distributor", fleet, of="peaks") == [
            {"start": "2026-07-23T03:00:00Z", "end": "2026-07-23T04:00:00Z", "kwh": "24.000", "mean_kw": "24.000"}
        ]
        words = page(here.staff, "/ops/load?start=2026-07-22&end=2026-07-22")
        assert "Wed 22 Jul, 11:00 pm to 12:00 am EDT" in words

    def test_period_before_is_compared_hour_by_hour_of_the_clock(self, here, fleet):
        payload = data(here.staff, "distributor", fleet, compare="before").json()
        assert payload["sources"]["slots"]["before"] == [1.0] * 24
        assert rows_of(here.staff, "distributor", fleet, compare="before")[3]["kwh_before"] == "1.000"
        assert "than in the same hours of the period before" in payload["say"]

    def test_period_before_across_a_clock_change_keeps_the_hour_of_the_clock(self, here):
        # Clocks go back in the night to Sunday 1 November 2026.
        pk = here.distributor.pk
        add_scope_hours(FLEET, pk, utc("2026-10-31T04:00"), [(hour + 1) * 1000 for hour in range(24)])
        add_scope_hours(FLEET, pk, utc("2026-11-01T04:00"), [500] * 25)
        day = {"start": "2026-11-01", "end": "2026-11-01", "compare": "before"}
        slots = data(here.staff, "distributor", pk, **day).json()["sources"]["slots"]
        assert slots["before"] == [1.0, 2.0, 2.0, *(float(hour) for hour in range(3, 25))]

    def test_what_has_no_forecast_counts_as_measured(self, here):
        pk = here.distributor.pk
        fields = {"predicted_slots": 2, "predicted_wh": 700, "compared_wh": 400}
        add_scope_hours(FLEET, pk, MIDNIGHT, [1000], **fields)
        assert data(here.staff, "distributor", pk).json()["sources"]["slots"]["prediction"][0] == 1.3

    def test_year_is_shown_by_day_and_adds_up(self, here):
        pk = here.distributor.pk
        add_scope_hours(FLEET, pk, utc("2025-01-01T05:00"), [1000] * (365 * 24))
        year = {"period": "year", "day": "2025-06-01", "start": "", "end": ""}
        slots = data(here.staff, "distributor", pk, **year).json()["sources"]["slots"]
        assert len(slots["start"]) == 365
        assert sum(slots["reading"]) == 365 * 24
        # The days on which clocks change have 23 and 25 hours.
        assert {23.0, 24.0, 25.0} == set(slots["reading"])

    def test_event_is_shaded_and_named_in_the_table(self, here, fleet):
        start = MIDNIGHT + timedelta(hours=18)
        program = make_program(here, here.home)
        record_completed_event(program=program, start=start, end=start + timedelta(hours=2))
        payload = data(here.staff, "distributor", fleet).json()
        assert payload["sources"]["events"]["start"] == [round(start.timestamp() * 1000)]
        assert [row[-1] for row in table_of(here.staff)[4:6]] == ["event", "event"]


class TestSilence:
    def test_hours_that_few_meters_reported_are_hatched_and_told(self, here):
        pk = here.distributor.pk
        add_scope_hours(FLEET, pk, MIDNIGHT, [43_000] * 12, meters=430, slots=860)
        add_scope_hours(FLEET, pk, MIDNIGHT + timedelta(hours=12), [20_000] * 2, meters=200, slots=400)
        add_scope_hours(FLEET, pk, MIDNIGHT + timedelta(hours=14), [41_200] * 10, meters=412, slots=824)
        payload = data(here.staff, "distributor", pk).json()
        dip = round((MIDNIGHT + timedelta(hours=12)).timestamp() * 1000)
        assert payload["sources"]["gaps"] == {"start": [dip], "end": [dip + 2 * 3_600_000]}
        assert "412 of 430 meters reported" in payload["say"]
        assert "In 2 hours fewer than 95 % reported" in payload["say"]
        assert table_of(here.staff)[-13][3:] == ["200", "430", "not all reported"]
        assert payload["sources"]["slots"]["remark"][12] == "not all reported"

    def test_hour_of_which_half_is_measured_is_hatched_too(self, here):
        pk = here.distributor.pk
        add_scope_hours(FLEET, pk, MIDNIGHT, [1000] * 3)
        add_scope_hours(FLEET, pk, MIDNIGHT + timedelta(hours=3), [500], slots=2)
        assert len(data(here.staff, "distributor", pk, end="2026-07-22T08:00").json()["sources"]["gaps"]["start"]) == 1

    def test_fleet_that_grew_is_not_hatched_before_it_grew(self, here):
        pk = here.distributor.pk
        add_scope_hours(FLEET, pk, MIDNIGHT, [1000] * 24, meters=2)
        add_scope_hours(FLEET, pk, MIDNIGHT + timedelta(days=9), [9000] * 24, meters=20, slots=40)
        assert data(here.staff, "distributor", pk).json()["sources"]["gaps"]["start"] == []

    def test_nothing_in_the_dates_says_so(self, here):
        assert data(here.staff, "distributor", here.distributor.pk).json()["empty"]
        assert "No readings in these dates" in page(here.staff, "/ops/load")

    def test_newer_readings_that_wait_are_told(self, here, fleet):
        RollupMark.objects.create(
            distributor=here.distributor, meter=here.home, start=MIDNIGHT, end=MIDNIGHT + timedelta(hours=1)
        )
        assert "Newer readings are being added up" in page(here.staff, "/ops/load")


class TestTags:
    def test_same_answer_is_not_sent_again_nor_summed(self, here, fleet):
        first = data(here.staff, "distributor", fleet)
        again = data(here.staff, "distributor", fleet, tag=first["ETag"])
        assert (again.status_code, again.content) == (304, b"")
        assert data(here.staff, "distributor", fleet, tag=first["ETag"], of="heat").status_code == 200

    def test_new_version_of_the_sums_is_sent(self, here, fleet):
        first = data(here.staff, "distributor", fleet)
        ScopeState.objects.filter(scope_id=fleet).update(version=99)
        assert data(here.staff, "distributor", fleet, tag=first["ETag"]).status_code == 200


class TestParts:
    def test_organizations_meters_add_up_to_it_also_in_days_that_are_cut(self, here):
        schools = here.organization.pk
        other = make_meter(here.distributor, "S2")
        map_meter(other, here.organization, valid_from=MIDNIGHT + timedelta(hours=10))
        add_meter_hours(here.school, MIDNIGHT, [1000] * 24)
        add_meter_hours(other, MIDNIGHT, [100] * 24)
        add_scope_hours(ScopeKind.ORGANIZATION, schools, MIDNIGHT, [1000] * 10)
        add_scope_hours(ScopeKind.ORGANIZATION, schools, MIDNIGHT + timedelta(hours=10), [1100] * 14)
        parts = rows_of(here.member, "organization", schools, of="parts")
        assert [(row["number"], row["kwh"]) for row in parts] == [("Hither-school", "24.000"), ("S2", "1.400")]
        cut = rows_of(
            here.member, "organization", schools, of="parts", start="2026-07-22T05:00", end="2026-07-22T12:00"
        )
        assert [row["kwh"] for row in cut] == ["7.000", "0.200"]
        shown = rows_of(here.member, "organization", schools)
        assert sum(Decimal(row["kwh"] or 0) for row in shown) == sum(Decimal(row["kwh"]) for row in parts)

    def test_days_that_are_whole_come_from_sums_of_days(self, here):
        add_meter_hours(here.school, MIDNIGHT, [1000] * 72)
        add_scope_hours(ScopeKind.ORGANIZATION, here.organization.pk, MIDNIGHT, [1000] * 72)
        span = {"start": "2026-07-22T12:00", "end": "2026-07-24T12:00"}
        assert rows_of(here.member, "organization", here.organization.pk, of="parts", **span)[0]["kwh"] == "48.000"

    def test_meter_that_was_given_up_before_the_dates_is_no_part(self, here):
        MeterMap.objects.filter(meter=here.school, entity=here.organization).update(valid_to=MIDNIGHT)
        add_meter_hours(here.school, MIDNIGHT, [1000] * 24)
        assert rows_of(here.member, "organization", here.organization.pk, of="parts") == []

    def test_fleet_is_taken_apart_by_feeder_or_organization(self, here, fleet):
        feeder = here.home.feeder
        add_scope_hours(ScopeKind.FEEDER, feeder.pk, MIDNIGHT, [2000] * 24)
        add_scope_hours(ScopeKind.ORGANIZATION, here.organization.pk, MIDNIGHT, [3000] * 24)
        assert rows_of(here.staff, "distributor", fleet, of="parts")[0]["kwh"] == "48.000"
        named = rows_of(here.staff, "distributor", fleet, of="parts", by="organizations")
        assert [(row["name"], row["kwh"]) for row in named] == [("Hither Schools", "72.000"), ("Hither Water", "0.000")]
        words = page(here.staff, "/ops/load?start=2026-07-22&end=2026-07-22&by=organizations")
        assert f"/ops/load/organizations/{here.organization.pk}" in words

    def test_name_that_looks_like_a_formula_is_made_harmless(self, here, fleet):
        here.organization.name = "=1+1"
        here.organization.save()
        names = [row["name"] for row in rows_of(here.staff, "distributor", fleet, of="parts", by="organizations")]
        assert "'=1+1" in names


class TestWho:
    def test_fleet_is_for_the_distributors_people(self, world, here, fleet):
        assert readers_only(world, "/ops/load")

    def test_parts_of_another_distributor_are_not_found(self, world):
        there = world.there
        group = OrganizationGroup.objects.create(distributor=there.distributor, name="Theirs")
        for address in (
            f"/ops/load/feeders/{there.home.feeder_id}",
            f"/ops/load/groups/{group.pk}",
            f"/ops/load/organizations/{there.organization.pk}",
            f"/charts/load/distributors/{there.distributor.pk}",
            f"/charts/load/organizations/{there.organization.pk}/file.csv",
        ):
            assert browser(world.here.admin).get(address).status_code == 404, address

    def test_member_sees_the_own_organization_alone(self, here):
        client = browser(here.member)
        assert client.get("/org/load").status_code == 200
        assert client.get(f"/charts/load/organizations/{here.organization.pk}").status_code == 200
        for address in (
            f"/charts/load/organizations/{here.other_organization.pk}",
            f"/charts/load/feeders/{here.home.feeder_id}",
            f"/charts/load/distributors/{here.distributor.pk}",
        ):
            assert client.get(address).status_code == 404, address

    def test_resident_has_none(self, here):
        client = browser(here.resident)
        assert client.get("/org/load").status_code == 404
        assert client.get(f"/charts/load/distributors/{here.distributor.pk}").status_code == 404

    def test_each_kind_has_its_page(self, world, here):
        group = OrganizationGroup.objects.create(distributor=here.distributor, name="All schools")
        GroupMember.objects.create(group=group, organization=here.organization)
        for address in (
            f"/ops/load/feeders/{here.home.feeder_id}",
            f"/ops/load/groups/{group.pk}",
            f"/ops/load/organizations/{here.organization.pk}",
        ):
            assert statuses(world, address)["staff"] == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [({"start": "x", "end": "y"}, 400), ({"period": "eon", "start": "", "end": ""}, 400), ({"of": "pie"}, 404)],
)
def test_bad_addresses_are_refused_in_words(here, fleet, query, status):
    answer = browser(here.staff).get(reverse("chart_load_distributor_file", args=[fleet]), DAY | query)
    assert answer.status_code == status


def test_page_costs_the_same_queries_for_many_meters(here):
    feeder = here.home.feeder_id
    add_scope_hours(ScopeKind.FEEDER, feeder, MIDNIGHT, [1000] * 24)
    address = f"/ops/load/feeders/{feeder}?start=2026-07-22&end=2026-07-22"
    before = query_count(here.staff, address)
    for _ in range(5):
        make_meter(here.distributor, feeder=here.home.feeder)
    assert query_count(here.staff, address) == before


def test_expectation_of_all_hours_is_compared(here):
    add_scope_hours(FLEET, here.distributor.pk, MIDNIGHT, [900] * 24)
    expect(FLEET, here.distributor.pk, 1000)
    assert "10 % less than expected" in data(here.staff, "distributor", here.distributor.pk).json()["say"]


class TestSums:
    """From readings to the page, with nothing made by hand in between."""

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(values=st.lists(st.integers(0, 5000), min_size=48, max_size=48), moved=st.integers(0, 47))
    def test_hours_of_an_organization_are_the_sum_of_what_its_meters_had_while_it_held_them(self, world, values, moved):
        with transaction.atomic():
            side = world.here
            other = make_meter(side.distributor)
            start = MIDNIGHT + moved * timedelta(minutes=30)
            map_meter(other, side.organization, valid_from=start)
            slots = [MIDNIGHT + place * timedelta(minutes=30) for place in range(48)]
            rows = [(meter.pk, at, wh) for meter in (side.school, other) for at, wh in zip(slots, values, strict=True)]
            ingest_readings(distributor=side.distributor, readings=Readings.of(rows), source="test")
            refresh_rollups(distributor=side.distributor)
            whole = -(-moved // 2)
            hours = [sum(values[2 * hour : 2 * hour + 2]) * (2 if hour >= whole else 1) / 1000 for hour in range(24)]
            file = rows_of(side.member, "organization", side.organization.pk)
            assert [float(row["kwh"]) for row in file] == hours
            parts = rows_of(side.member, "organization", side.organization.pk, of="parts")
            assert sum(Decimal(row["kwh"]) for row in parts) == sum(Decimal(row["kwh"]) for row in file)
            transaction.set_rollback(True)
