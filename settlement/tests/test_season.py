"""A season in figures, whether people tire, and what each is expected to deliver."""

import random
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean

import pytest

from events.models import Participation, ParticipationState
from events.services import record_completed_event
from settlement.models import RunKind
from settlement.reports.fatigue import Trend, fatigue
from settlement.reports.past_response import Expected, Past, expected_of, past_of, past_response
from settlement.reports.season import default_season, season_report, seasons_of
from settlement.services import settle
from settlement.tests.world import EVENT_DAY, make_case, put

TODAY = date(2026, 8, 1)


class TestFatigue:
    def test_a_line_with_its_interval_by_hand(self):
        # Mean number 2.5, mean kW 3; slope −5.5 / 5 = −1.1; residuals −0.15, 0.45, −0.45, 0.15: 0.45 in all.
        found = fatigue([(1, 4.5), (2, 4.0), (3, 2.0), (4, 1.5)])
        assert (found.slope_kw, found.level_kw, found.mean_kw) == pytest.approx((-1.1, 5.75, 3.0))
        # t of 2 degrees 2.920 × √(0.45 / 2 / 5).
        assert (found.low_kw, found.high_kw) == pytest.approx((-1.1 - 0.61942, -1.1 + 0.61942), abs=1e-4)
        assert (found.trend, found.share(found.slope_kw)) == (Trend.FALLS, pytest.approx(-1.1 / 3))
        assert found.at(2) == pytest.approx(3.55)

    def test_scatter_is_no_sign(self):
        assert fatigue([(1, 2.0), (2, 3.0), (3, 1.9), (4, 2.6)]).trend is Trend.NO_SIGN
        assert fatigue([(1, 2.0), (2, 2.0), (3, 2.0)]).trend is Trend.NO_SIGN

    def test_rising_and_too_few(self):
        assert fatigue([(1, 1.0), (2, 2.0), (3, 3.1)]).trend is Trend.RISES
        assert fatigue([(1, 1.0), (2, 2.0)]).trend is Trend.TOO_FEW
        assert fatigue([]).trend is Trend.TOO_FEW

    def test_nothing_delivered_has_no_share(self):
        nothing = fatigue([(1, 0.0), (2, 0.0), (4, 0.0)])
        assert (nothing.trend, nothing.share(nothing.slope_kw)) == (Trend.NO_SIGN, None)

    def test_of_a_hundred_flat_seasons_ten_look_like_a_trend(self):
        draws = random.Random(5)
        found = [fatigue([(n, draws.gauss(2, 0.5)) for n in range(1, 9)]).trend for _ in range(1000)]
        assert 70 <= sum(trend is not Trend.NO_SIGN for trend in found) <= 130


class TestPastResponse:
    def test_mean_and_interval_by_hand(self):
        # Two meters with 2 events each: 1 and 3, 5 and 7. σ² = (2 + 2) / 2 = 2; τ² = var(2, 6) − 2 / 2 = 7.
        found = expected_of({1: Past(2, 4.0, 10.0), 2: Past(2, 12.0, 74.0)})
        kept = 7 / 8
        assert found[1].kw == pytest.approx(4 - kept * 2)
        # The kind's mean: (4 × (7 + 1) + 4 × (7 + 1)) / 16 = 4, each 2 away from it: 2 × 2² / 1; t of 2 degrees.
        width = 2.920 * (kept * 1 + (1 - kept) ** 2 * (4 + 8)) ** 0.5
        assert found[2] == Expected(
            pytest.approx(4 + kept * 2), pytest.approx(5.75 - width), pytest.approx(5.75 + width)
        )
        assert found[1].low_kw == 0

    def test_without_two_events_of_anybody_there_is_no_interval(self):
        assert expected_of({1: Past(1, 2.0, 4.0), 2: Past(1, 4.0, 16.0)})[1] == Expected(2.5)

    def test_kinds_do_not_mix(self):
        found = expected_of({1: Past(2, 2.0, 2.0, "home"), 2: Past(2, 200.0, 20_000.0, "school")})
        assert (found[1].kw, found[2].kw) == (1.0, 100.0)

    def test_ninety_of_a_hundred_intervals_hold_the_truth_and_more_events_narrow_them(self):
        draws = random.Random(7)
        inside, widths, nearer = 0, {2: [], 12: []}, 0
        for _round in range(60):
            truths = {pk: max(3.0, draws.gauss(10, 2)) for pk in range(40)}
            pasts = {pk: past([draws.gauss(kw, 2) for _ in range(2 if pk % 2 else 12)]) for pk, kw in truths.items()}
            for pk, found in expected_of(pasts).items():
                inside += found.low_kw <= truths[pk] <= found.high_kw
                widths[pasts[pk].events].append(found.high_kw - found.low_kw)
                nearer += abs(found.kw - truths[pk]) ** 2 - abs(pasts[pk].mean_kw - truths[pk]) ** 2
        assert 0.87 <= inside / 2400 <= 0.93
        assert fmean(widths[12]) < fmean(widths[2])
        assert nearer < 0


def past(kws):
    return Past(len(kws), sum(kws), sum(kw * kw for kw in kws))


@pytest.mark.django_db
class TestSeason:
    @pytest.fixture
    def case(self):
        return make_case()

    def test_one_event_by_hand(self, case):
        _world, program, event = case
        settle(event=event)
        report = report_of(program)
        (row,) = report.events
        # Home 0.8 of 1 kW at 2.80: 2.24; school 80 of 50 kW: 140.00. Spared (0.8 + 80) × 10.35 = 836.28.
        assert (row.delivered_wh, row.nominated_kw, row.measured) == (161_600, 51, 2)
        assert (row.delivered_kw, row.kw_each, row.share_delivered) == (80.8, 40.4, pytest.approx(80.8 / 51))
        assert (row.asked, row.joined, row.share_joined) == (2, 2, 1.0)
        assert (report.cost, report.demand_savings, report.net) == tuple(map(Decimal, ("142.24", "836.28", "694.04")))
        assert report.cost_per_kw == Decimal("1.76")
        assert (report.has_estimates, report.fatigue.trend) == (False, Trend.TOO_FEW)

    def test_who_skipped_did_not_join_and_who_is_held_out_was_not_asked(self, case):
        world, program, event = case
        rows = Participation.objects.filter(event=event)
        rows.filter(meter=world.here.home).update(state=ParticipationState.OPTED_OUT)
        assert [(row.asked, row.joined) for row in report_of(program).events] == [(2, 1)]
        rows.filter(meter=world.here.home).update(state=ParticipationState.HELD_OUT)
        assert [(row.asked, row.joined) for row in report_of(program).events] == [(1, 1)]

    def test_an_estimate_is_said_to_be_one_and_an_event_without_a_run_has_no_figures(self, case):
        _world, program, event = case
        assert [row.run_kind for row in report_of(program).events] == [None]
        assert report_of(program).cost_per_kw is None
        settle(event=event, kind=RunKind.PRELIMINARY)
        assert report_of(program).has_estimates

    def test_only_the_newest_final_run_counts(self, case):
        world, program, event = case
        settle(event=event)
        put(world.here.home, EVENT_DAY, 800, (16, 18))
        settle(event=event)
        # 0.4 kW of the home now.
        assert report_of(program).delivered_wh == 160_800

    def test_a_correction_under_another_kind_of_pay_adds_no_second_measurement(self):
        _world, program, event = make_case(rate_per_kwh=Decimal("0.50"), flat_per_event=Decimal(1))
        run = settle(event=event)
        assert run.lines.count() > 2
        (row,) = report_of(program).events
        assert (row.measured, row.nominated_kw, row.delivered_wh) == (2, 51, 161_600)
        assert {pk: past.events for pk, past in past_of(program).items()} == dict.fromkeys(past_of(program), 1)

    def test_tests_are_left_out_and_events_numbered_in_their_order(self, case):
        _world, program, event = case
        earlier = event.start - timedelta(days=7)
        record_completed_event(program=program, start=earlier, end=earlier + timedelta(hours=1))
        type(event).objects.filter(pk=event.pk).update(is_test=True)
        assert [(row.number, row.event.start) for row in report_of(program).events] == [(1, earlier)]

    def test_seasons_are_the_terms_own_and_the_years_with_events(self):
        _world, program, _event = make_case(season_start=date(2026, 6, 1), season_end=date(2026, 9, 30))
        seasons = seasons_of(program=program, today=date(2027, 2, 1))
        assert [season.key for season in seasons] == ["2027", "2026-06-01_2026-09-30", "2026"]
        chosen = default_season(seasons=seasons, version=program.current, today=date(2027, 2, 1))
        assert (chosen.first, chosen.last) == (date(2026, 6, 1), date(2026, 9, 30))

    def test_past_response_reads_the_measured_line_of_each_meter(self, case):
        world, program, event = case
        settle(event=event)
        found = past_of(program)
        assert (found[world.here.home.pk].mean_kw, found[world.here.home.pk].last) == (0.8, event.start)
        kws = past_response(meter_ids=[world.here.school.pk], program=program)
        assert kws == {world.here.school.pk: Decimal("80.000")}

    def test_the_queries_do_not_grow_with_the_events(self, case, django_assert_num_queries):
        _world, program, event = case
        settle(event=event)
        season = season_in(program)
        with django_assert_num_queries(7):
            season_report(program=program, season=season)
        for weeks in (1, 2):
            start = event.start - timedelta(days=7 * weeks)
            settle(event=record_completed_event(program=program, start=start, end=start + timedelta(hours=1)))
        with django_assert_num_queries(7):
            assert len(season_report(program=program, season=season).events) == 3


def season_in(program):
    seasons = seasons_of(program=program, today=TODAY)
    return default_season(seasons=seasons, version=program.current, today=TODAY)


def report_of(program):
    return season_report(program=program, season=season_in(program))
