"""Insights: the wholesale view, seasons side by side and in full, who saved most, and past response."""

import csv
from io import StringIO

import pytest

from dashboards.operator_facts.season import fatigue_words
from dashboards.tests.operator_tools import browser, page, query_count, readers_only
from events.services import record_completed_event
from meters.models import IntervalReading
from meters.services.rollups import rebuild_rollups
from settlement.models import RunKind
from settlement.reports.fatigue import fatigue
from settlement.services import settle
from settlement.tests.world import POOL, make_case, put
from tests.builder import make_admin, make_distributor

pytestmark = pytest.mark.django_db
JULY = "/ops/wholesale?month=2026-07"


@pytest.fixture
def case():
    """The event of settlement/tests/test_wholesale_month.py: 80.8 kW less from 4 to 6 pm on 22 July 2026."""
    world, program, event = make_case()
    for day, wh in zip(POOL, (900, 1000, 1100), strict=True):
        put(world.here.home, day, wh)
    rebuild_rollups(distributor=world.here.distributor)
    return world, program, event


def rows_of(user, address):
    answer = browser(user).get(address)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(StringIO(answer.content.decode())))


def pages_of(program):
    names = ("season", "season/chart", "season.csv", "season.json", "rank", "rank.csv", "response", "response.csv")
    return [f"/ops/programs/{program.pk}/{name}" for name in names]


def test_only_the_distributors_people_and_the_platform_see_them(case):
    world, program, _event = case
    for address in (
        "/ops/insights",
        "/ops/wholesale",
        "/ops/wholesale/chart",
        "/ops/wholesale.csv",
        *pages_of(program),
    ):
        assert readers_only(world, address)


def test_a_program_of_another_distributor_is_not_there(case):
    world, program, _event = case
    stranger = browser(world.there.admin)
    assert {stranger.get(address).status_code for address in pages_of(program)} == {404}


def test_a_new_distributor_is_told_what_will_be_here():
    admin = make_admin(make_distributor())
    assert "No program yet" in page(admin, "/ops/insights")
    assert "No reading in this month" in page(admin, "/ops/wholesale")


class TestWholesale:
    def test_the_newest_month_with_an_event_is_shown_at_the_price_of_its_terms(self, case):
        world, _program, event = case
        settle(event=event)
        words = page(world.here.staff, "/ops/wholesale")
        assert "Friday 17 July 2026, 12 to 1 pm EDT, with 122.2 kW" in words
        assert "did not lower what is billed: they lay in other hours" in words
        assert 'value="10.35"' in words
        assert "81.5 kW" in words

    def test_the_suppliers_hour_and_price_can_be_entered(self, case):
        world, _program, event = case
        settle(event=event)
        words = page(world.here.staff, f"{JULY}&billed_at=2026-07-22T16:20&cost=12")
        assert "the hour that you entered: Wednesday 22 July 2026, 4 to 5 pm EDT, with 41.2 kW" in words
        assert "lowered what is billed by 80.8 kW. At $12.00 per kW that spared $969.60" in words
        assert "between 80.1 kW and 81.5 kW, which is between $961.51 and $977.69" in words

    def test_what_cannot_be_is_said_and_left_aside(self, case):
        world, _program, event = case
        settle(event=event)
        for query, words in (
            ("month=july", "Write a month like 2026-07."),
            ("month=2026-13", "Write a month like 2026-07."),
            ("cost=NaN", "Write the price of a kW like 10.35."),
            ("cost=-1", "greater than or equal to 0"),
            ("cost=1e40", "digits"),
            ("billed_at=noon", "Write the billed hour"),
            ("billed_at=0001-01-01T00:00", "There is no reading in the billed hour"),
            ("billed_at=9999-12-31T23:00", "There is no reading in the billed hour"),
            ("month=2026-07&billed_at=2026-06-01T10:00", "There is no reading in the billed hour"),
        ):
            shown = page(world.here.staff, f"/ops/wholesale?{query}")
            assert words in shown, query
            assert "122.2 kW" in shown, query

    def test_a_month_without_readings_and_one_without_runs(self, case):
        world, _program, _event = case
        assert "No reading in this month" in page(world.here.staff, "/ops/wholesale?month=2025-01")
        words = page(world.here.staff, JULY)
        assert "1 event of the month is not worked out yet" in words
        assert "No event was worked out in this month" in words

    def test_an_estimate_is_said_to_be_one(self, case):
        world, _program, event = case
        settle(event=event, kind=RunKind.PRELIMINARY)
        assert "Some events are estimates so far" in page(world.here.staff, JULY)

    def test_the_suppliers_file_has_each_event_hour_and_a_summary(self, case):
        world, _program, event = case
        settle(event=event)
        address = "/ops/wholesale.csv?month=2026-07&billed_at=2026-07-22T16:00"
        first, second, *summary = rows_of(world.here.auditor, address)
        assert (first["row"], first["hour_start"], second["hour_start"]) == (
            "event_hour", "2026-07-22T20:00:00Z", "2026-07-22T21:00:00Z"
        )  # fmt: skip
        assert (first["load_kw"], first["reduction_kw"], first["meters"], first["status"]) == (
            "41.200", "80.800", "2", "final"
        )  # fmt: skip
        assert (first["reduction_low_kw"], first["reduction_high_kw"]) == ("80.126", "81.474")
        by_name = {row["row"]: row for row in summary}
        assert by_name["billed_peak"]["load_kw"] == "41.200"
        assert by_name["peak_without_events"]["load_kw"] == "122.000"
        assert by_name["coincident_reduction"]["reduction_kw"] == "80.800"
        avoided = by_name["avoided"]
        assert [avoided[name] for name in ("amount", "amount_low", "amount_high", "currency")] == [
            "836.28", "829.30", "843.26", "USD"
        ]  # fmt: skip

    def test_the_chart_draws_each_days_peak_and_marks_the_event(self, case):
        world, _program, event = case
        settle(event=event)
        body = browser(world.here.staff).get("/ops/wholesale/chart?month=2026-07").json()
        assert body["sources"]["bars"]["value"] == [122.2, 122.0, 121.8, 41.2]
        assert body["sources"]["marks"]["mark"] == [122.0]
        assert [row[3] for row in body["rows"]] == ["billed", "", "", "event"]


class TestSeason:
    def test_its_figures_are_those_of_the_settlement(self, case):
        world, program, event = case
        settle(event=event)
        words = page(world.here.auditor, f"/ops/programs/{program.pk}/season?season=2026")
        for figure in ("161.6", "$142.24", "$1.76", "$694.04", "80.8 kW of 51.0 kW", "2 of 2", "Too few events"):
            assert figure in words, figure

    def test_files_say_the_same(self, case):
        world, program, event = case
        settle(event=event)
        (row,) = rows_of(world.here.auditor, f"/ops/programs/{program.pk}/season.csv?season=2026")
        assert (row["delivered_kw"], row["cost"], row["figures"]) == ("80.800", "142.24", "final")
        data = browser(world.here.auditor).get(f"/ops/programs/{program.pk}/season.json?season=2026").json()
        assert (data["net"], data["fatigue"]["trend"]) == ("694.04", "too_few")
        assert data["events"][0]["delivered_kwh"] == "161.600"

    def test_an_event_without_a_run_has_gaps_and_no_zeros(self, case):
        world, program, _event = case
        (row,) = rows_of(world.here.auditor, f"/ops/programs/{program.pk}/season.csv?season=2026")
        assert (row["figures"], row["delivered_kw"], row["cost"]) == ("open", "", "")
        assert "0 of 1 events worked out" in page(world.here.auditor, f"/ops/programs/{program.pk}/season?season=2026")

    def test_a_season_that_is_not_there_is_not_found(self, case):
        world, program, _event = case
        for key in ("1999", "x", "2026-01-01_2026-12-31"):
            assert browser(world.here.staff).get(f"/ops/programs/{program.pk}/season?season={key}").status_code == 404
        assert browser(world.here.staff).get(f"/ops/programs/{program.pk}/season/chart?of=x").status_code == 404

    def test_charts_have_a_bar_for_each_event(self, case):
        world, program, event = case
        settle(event=event, kind=RunKind.PRELIMINARY)
        address = f"/ops/programs/{program.pk}/season/chart?season=2026"
        delivered = browser(world.here.staff).get(address).json()
        assert (delivered["sources"]["part_bars"]["value"], delivered["sources"]["marks"]["mark"]) == ([80.8], [51.0])
        each = browser(world.here.staff).get(f"{address}&of=fatigue").json()
        assert (each["sources"]["part_bars"]["value"], each["sources"]["marks"]["mark"]) == ([40.4], [])

    def test_programs_stand_side_by_side_and_queries_do_not_grow_with_events(self, case):
        world, program, event = case
        settle(event=event)
        assert program.name in page(world.here.staff, "/ops/insights")
        address = f"/ops/programs/{program.pk}/season?season=2026"
        before = query_count(world.here.staff, address)
        length = event.end - event.start
        settle(
            event=record_completed_event(program=program, start=event.start - 84 * length, end=event.end - 84 * length)
        )
        assert query_count(world.here.staff, address) == before

    def test_fatigue_is_told_in_plain_words(self):
        falls = fatigue_words(fatigue([(1, 3.0), (2, 2.0), (3, 1.0)]))
        assert falls.startswith("A sign of fatigue: what a meter delivers falls by 50.0 % with each event")
        assert fatigue_words(fatigue([(1, 1.0), (2, 3.0), (3, 1.0)])).startswith("No sign of fatigue: from one event")
        assert fatigue_words(fatigue([(1, 1.0), (2, 2.0), (3, 3.0)])).startswith("No sign of fatigue: what a meter")
        assert fatigue_words(fatigue([(1, 0.0), (2, 0.0), (3, 0.0)])).startswith("Nothing was delivered")


class TestStanding:
    def test_the_rank_is_by_saved_in_events_with_participation_beside_it(self, case):
        world, program, event = case
        settle(event=event)
        # 3 of 4 half hours of the event below a forecast, none elsewhere.
        readings = IntervalReading.objects.filter(meter=world.here.home, start__gte=event.start, start__lt=event.end)
        for place, reading in enumerate(readings.order_by("start")):
            IntervalReading.objects.filter(meter=world.here.home, start=reading.start).update(
                predicted_wh=700 if place else 500
            )
        rebuild_rollups(distributor=world.here.distributor)
        first, second = rows_of(world.here.staff, f"/ops/programs/{program.pk}/rank.csv?season=2026")
        assert (first["rank"], first["meter"], first["saved_in_events_kwh"]) == (
            "1", world.here.school.number, "160.000"
        )  # fmt: skip
        assert (second["saved_in_events_kwh"], second["earned"], second["events"]) == ("1.600", "2.24", "1")
        assert (second["participation"], second["intervals_with_forecast"]) == ("0.7500", "4")
        assert (second["below_forecast_kwh"], second["signed_kwh"]) == ("0.300", "0.200")
        assert "75 %" in page(world.here.staff, f"/ops/programs/{program.pk}/rank?season=2026")

    def test_past_response_is_shown_and_written(self, case):
        world, program, event = case
        assert "No settled event yet" in page(world.here.staff, f"/ops/programs/{program.pk}/response")
        settle(event=event)
        first, second = rows_of(world.here.staff, f"/ops/programs/{program.pk}/response.csv")
        assert (first["mean_kw"], second["mean_kw"], second["events"]) == ("80.000", "0.800", "1")
        assert second["last_event"] == "2026-07-22T20:00:00Z"
        assert "22 July 2026" in page(world.here.staff, f"/ops/programs/{program.pk}/response")

    def test_a_name_is_no_formula_in_a_file(self, case):
        world, program, event = case
        type(world.here.home).objects.filter(pk=world.here.home.pk).update(usage_kind="=1+1")
        settle(event=event)
        kinds = {row["kind"] for row in rows_of(world.here.staff, f"/ops/programs/{program.pk}/response.csv")}
        assert "'=1+1" in kinds
