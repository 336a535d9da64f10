"""Measured against usual, worked by hand: what the live room and the participant's page rest on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.charts.room import RoomSeries, room_csv_rows, room_plot, room_rows
from dashboards.operator_facts import room_meters, room_numbers
from dashboards.operator_facts.room_meters import Doing
from dashboards.selectors.event_grid import grid_of
from dashboards.selectors.event_own import own_of
from dashboards.selectors.event_usual import usual_of
from dashboards.selectors.event_watch import Shelf, answers_in, watch
from events.models import Event, EventState, OptPolicy, Participation, ParticipationState, ProgramVersion
from events.tests.world import make_program
from meters.models import Exclusion, ExclusionKind, IntervalReading, Meter
from settlement.baselines import PRESETS
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db
HALF_HOUR = timedelta(minutes=30)
# 16:00 to 18:00 on a Wednesday in New York.
START = datetime(2026, 7, 22, 20, tzinfo=UTC)
END = START + 4 * HALF_HOUR


@pytest.fixture
def place():
    return make_distributor()


def make_event(distributor, *meters, start=START, end=END, state=EventState.ACTIVE, preset="three-day", **fields):
    """An event that these meters take part in; nobody said no."""
    version = make_program(distributor, preset=preset, **fields.pop("terms", {})).versions.get()
    event = Event.objects.create(
        program=version.program, version=version, start=start, end=end, state=state,
        notified_at=start - timedelta(days=1), **fields,
    )  # fmt: skip
    for meter in meters:
        Participation.objects.create(event=event, meter=meter, state=ParticipationState.NO_RESPONSE)
    return Event.objects.select_related("program__distributor", "version").get(pk=event.pk)


def read(meter, start, *energies):
    """Readings one after the other; None leaves a gap."""
    step = timedelta(minutes=meter.interval_minutes)
    rows = [
        IntervalReading(meter=meter, start=start + place * step, energy_wh=wh)
        for place, wh in enumerate(energies)
        if wh is not None
    ]
    IntervalReading.objects.bulk_create(rows)
    Meter.objects.filter(pk=meter.pk).update(data_version=meter.data_version + 1)
    meter.refresh_from_db()


def days_of(meter, *energies, first=START, count=10, step=1):
    """The same hours on each of so many days before: flat within the day, the newest day first."""
    slots = 24 * 60 // meter.interval_minutes
    for age in range(1, count + 1):
        day = first - timedelta(days=age * step)
        read(meter, day - timedelta(hours=12), *[energies[(age - 1) % len(energies)]] * slots)


def seen(event, now, shelf=None):
    return watch(event, answers_in(event), now, shelf or Shelf(9))


class TestUsual:
    def test_it_is_the_mean_of_the_rules_days_in_kw(self, place):
        meter = make_meter(place)
        # Three business days before Wednesday: Tuesday, Monday, Friday; the weekend between them is not asked.
        days_of(meter, 300, 450, 9999, 9999, 600)
        event = make_event(place, meter)
        grid = grid_of(event, {30})
        usual = usual_of(event, [meter], grid, with_today=False)
        # (300 + 450 + 600) / 3 Wh in half an hour are 900 W.
        assert usual.watts[0].tolist() == [900.0] * grid.count

    def test_its_range_is_that_of_the_days(self, place):
        meter = make_meter(place)
        days_of(meter, 300, 450, 9999, 9999, 600)
        event = make_event(place, meter)
        usual = usual_of(event, [meter], grid_of(event, {30}), with_today=False)
        # Days of 600, 900 and 1200 W: a standard deviation of 300 W, a third of 900.
        assert usual.spread == pytest.approx(1.28 / 3)

    @pytest.mark.parametrize("preset", ["ten-in-ten", "high-five-of-ten", "middle-eight-of-ten", "five-in-ten"])
    def test_in_the_event_it_is_what_the_settlement_computes(self, place, preset):
        assert preset in PRESETS
        meter = make_meter(place)
        days_of(meter, *range(300, 620, 20), count=16)
        event = make_event(place, meter, preset=preset)
        grid = grid_of(event, {30})
        first, stop = grid.event
        watts = usual_of(event, [meter], grid, with_today=False).watts[0]
        business = [300 + 20 * (age - 1) for age in range(1, 17) if (START - timedelta(days=age)).weekday() < 5][:10]
        used = {
            "ten-in-ten": business,
            "high-five-of-ten": sorted(business)[-5:],
            "five-in-ten": sorted(business)[-5:],
            "middle-eight-of-ten": sorted(business)[1:-1],
        }[preset]
        assert watts[first:stop] == pytest.approx(2 * sum(used) / len(used), abs=1.0)

    def test_the_hours_before_adjust_it_only_once_the_event_has_started(self, place):
        meter = make_meter(place)
        days_of(meter, 400)
        event = make_event(place, meter, preset="ten-in-ten-ratio-20")
        # The window of three hours from 12:00 on, a tenth above usual.
        read(meter, START - timedelta(hours=4), *[440] * 6)
        grid = grid_of(event, {30})
        assert usual_of(event, [meter], grid, with_today=False).watts[0, 5] == 800
        assert usual_of(event, [meter], grid, with_today=True).watts[0, 5] == pytest.approx(880)

    def test_the_events_own_readings_never_enter_it(self, place):
        meter = make_meter(place)
        days_of(meter, 400)
        event = make_event(place, meter, preset="ten-in-ten-ratio-20")
        read(meter, START, 1, 1, 1, 1)
        grid = grid_of(event, {30})
        assert usual_of(event, [meter], grid, with_today=True).watts[0].tolist() == [800.0] * grid.count

    def test_too_few_days_are_no_usual_use(self, place):
        meter = make_meter(place)
        days_of(meter, 400, count=1)
        event = make_event(place, meter)
        usual = usual_of(event, [meter], grid_of(event, {30}), with_today=False)
        assert np.isnan(usual.watts).all()

    def test_an_outage_day_is_left_out(self, place):
        meter = make_meter(place)
        days_of(meter, 9999, 400, 400, 400, 400, 400, 400)
        day = START - timedelta(days=1)
        Exclusion.objects.create(
            distributor=place, kind=ExclusionKind.OUTAGE, meter=meter, start=day, end=day + HALF_HOUR
        )
        event = make_event(place, meter)
        assert usual_of(event, [meter], grid_of(event, {30}), with_today=False).watts[0, 5] == 800

    @pytest.mark.parametrize("preset", ["forecast", "control-group"])
    def test_a_rule_without_days_of_its_own_is_stood_in_for(self, place, preset):
        meter = make_meter(place)
        days_of(meter, 400, count=16)
        event = make_event(place, meter)
        ProgramVersion.objects.filter(pk=event.version_id)  # the terms are frozen; the event's copy is enough
        event.version.preset, event.version.rule = preset, {}
        assert usual_of(event, [meter], grid_of(event, {30}), with_today=False).watts[0, 5] == 800

    def test_an_event_over_midnight_has_a_usual_use_on_both_days(self, place):
        meter = make_meter(place)
        start = datetime(2026, 7, 23, 3, tzinfo=UTC)  # 23:00 in New York
        days_of(meter, 400, first=start, count=12)
        event = make_event(place, meter, start=start, end=start + timedelta(hours=2))
        watts = usual_of(event, [meter], grid_of(event, {30}), with_today=False).watts[0]
        assert watts[grid_of(event, {30}).event[0] :] == pytest.approx(np.full(6, 800.0))

    def test_the_night_the_clock_goes_back_has_its_hour_twice(self, place):
        meter = make_meter(place)
        start = datetime(2026, 11, 1, 5, tzinfo=UTC)  # 01:00 EDT; 01:00 comes again an hour later
        days_of(meter, 400, first=start, count=30)
        event = make_event(place, meter, start=start, end=start + timedelta(hours=2))
        watts = usual_of(event, [meter], grid_of(event, {30}), with_today=False).watts[0]
        assert watts == pytest.approx(np.full(10, 800.0))

    def test_meters_of_different_intervals_share_one_grid(self, place):
        short, long = make_meter(place, interval_minutes=15), make_meter(place, interval_minutes=60)
        days_of(short, 100)
        days_of(long, 1000)
        event = make_event(place, short, long)
        grid = grid_of(event, {15, 60})
        usual = usual_of(event, [short, long], grid, with_today=False)
        assert (grid.step, grid.count) == (900, 20)
        assert usual.watts == pytest.approx(np.array([[400.0] * 20, [1000.0] * 20]))


class TestFigures:
    @pytest.fixture
    def three(self, place):
        meters = [make_meter(place) for _ in range(3)]
        for meter in meters:
            days_of(meter, 500)
        return meters

    def test_by_hand(self, place, three):
        event = make_event(place, *three, target_kw=Decimal(1), terms={"rate": "3.00"})
        read(three[0], START, 300, 200)
        read(three[1], START, 500, 600)
        read(three[2], START, 400)
        found = seen(event, START + timedelta(minutes=65))
        figures = room_numbers.figures_of(found)
        # The newest half hour that half of them reported: 0.4 + 1.2 measured, the third stands in with 1.0.
        assert figures.until == START + timedelta(hours=1)
        assert (figures.reported, figures.compared) == (2, 3)
        assert figures.measured_kw == pytest.approx(2.6)
        assert figures.usual_kw == pytest.approx(3.0)
        assert figures.reduction_kw == pytest.approx(0.4)
        # 200 + 300, 0 − 100, 100 Wh.
        assert figures.saved_kwh == pytest.approx(0.5)
        # Over two hours 0.25 and 0.05 kW at 3.00; who used more costs nothing.
        assert figures.earned == Decimal("0.90")
        assert room_numbers.tiles_of(figures, event)["main"]["note"] == "40 % of the 1.00 kW asked for, 0.60 kW short"

    def test_a_nomination_caps_what_it_is_worth_and_a_test_is_worth_nothing(self, place, three):
        meter = three[0]
        Meter.objects.filter(pk=meter.pk).update(contracted_kw=Decimal("0.100"))
        event = make_event(place, meter)
        read(meter, START, 0, 0, 0, 0)
        found = seen(event, END)
        assert room_numbers.figures_of(found).earned == Decimal("0.28")
        event.is_test = True
        assert room_numbers.figures_of(seen(event, END)).earned == 0

    def test_after_the_event_the_whole_of_it_counts(self, place, three):
        event = make_event(place, three[0])
        read(three[0], START, 300, 400, 300, 400)
        figures = room_numbers.figures_of(seen(event, END + timedelta(minutes=5)))
        assert figures.is_over
        assert figures.reduction_kw == pytest.approx(0.3)
        assert figures.until == END

    def test_before_the_first_reading_there_is_no_reduction(self, place, three):
        event = make_event(place, *three)
        read(three[0], START - HALF_HOUR, 500)
        figures = room_numbers.figures_of(seen(event, START + timedelta(minutes=5)))
        assert figures.until is None
        tiles = room_numbers.tiles_of(figures, event)
        assert tiles["main"]["value"] == "–"
        assert tiles["main"]["note"] == "No readings of the event yet."

    def test_who_skipped_and_who_is_held_out_are_never_counted(self, place, three):
        event = make_event(place, *three)
        for meter, state in ((three[1], ParticipationState.OPTED_OUT), (three[2], ParticipationState.HELD_OUT)):
            Participation.objects.filter(event=event, meter=meter).update(state=state)
            read(meter, START, 0, 0)
        read(three[0], START, 300, 300)
        found = seen(event, START + timedelta(hours=1))
        assert found.counted.tolist() == [True, False, False]
        assert room_numbers.figures_of(found).saved_kwh == pytest.approx(0.4)
        assert room_meters.doing_of(found) == [Doing.SAVE, Doing.SKIPPED, Doing.HELD_OUT]

    def test_where_only_who_joins_takes_part_silence_does_not_count(self, place, three):
        event = make_event(place, *three, terms={"opt_policy": OptPolicy.OPT_IN})
        Participation.objects.filter(event=event, meter=three[0]).update(state=ParticipationState.OPTED_IN)
        assert seen(event, END).counted.tolist() == [True, False, False]

    def test_nobody_at_all_is_no_error(self, place):
        event = make_event(place)
        found = seen(event, START + HALF_HOUR)
        assert found.latest is None
        assert room_numbers.figures_of(found).compared == 0
        assert room_meters.keys_of(room_meters.doing_of(found)) == []

    def test_late_is_not_yet_old(self, place, three):
        event = make_event(place, *three)
        read(three[0], START, 500, 500)
        read(three[1], START, 500)
        found = seen(event, START + timedelta(hours=1, minutes=20))
        assert (found.late().tolist(), found.old().tolist()) == ([False, True, False], [False, False, True])

    def test_a_new_reading_is_seen_and_without_one_nothing_is_asked_again(
        self, place, three, django_assert_num_queries
    ):
        event, shelf = make_event(place, three[0]), Shelf(9)
        now = START + HALF_HOUR
        read(three[0], START, 300)
        assert seen(event, now, shelf).saved_wh().tolist() == [200.0]
        answers = answers_in(event)
        with django_assert_num_queries(0):
            watch(event, answers, now, shelf)
        IntervalReading.objects.filter(meter=three[0], start=START).update(energy_wh=100)
        Meter.objects.filter(pk=three[0].pk).update(data_version=99)
        with django_assert_num_queries(2):
            assert seen(event, now, shelf).saved_wh().tolist() == [400.0]

    def test_the_usual_use_stays_while_the_event_runs(self, place, three):
        event, shelf = make_event(place, three[0]), Shelf(9)
        before = seen(event, START, shelf).usual
        IntervalReading.objects.filter(meter=three[0], start__lt=START - timedelta(hours=20)).update(energy_wh=1)
        Meter.objects.filter(pk=three[0].pk).update(data_version=99)
        assert (seen(event, START + HALF_HOUR, shelf).usual == before).all()

    def test_a_shelf_forgets_the_oldest_and_keeps_one_version_of_each(self):
        shelf, made = Shelf(2), []
        for key, version in (("a", 1), ("a", 1), ("a", 2), ("b", 1), ("c", 1), ("a", 2)):
            shelf.get(key, version, lambda key=key, version=version: made.append((key, version)))
        assert made == [("a", 1), ("a", 2), ("b", 1), ("c", 1), ("a", 2)]

    def test_the_own_use_is_of_the_event_only(self, place, three):
        event = make_event(place, three[0])
        read(three[0], START - HALF_HOUR, 500)
        assert own_of(seen(event, START + timedelta(minutes=5))).until is None
        read(three[0], START, 200)
        own = own_of(seen(event, START + HALF_HOUR))
        assert (own.kw, own.usual_kw, own.saved_kwh) == pytest.approx((0.4, 1.0, 0.3))


@settings(deadline=None)
@given(
    usual=st.lists(st.floats(-50, 5000), min_size=1, max_size=40),
    gaps=st.lists(st.booleans(), min_size=40, max_size=40),
    target=st.none() | st.floats(0, 900),
)
def test_any_lines_are_drawn_within_the_frame(usual, gaps, target):
    lines = np.array(usual)
    series = RoomSeries(
        start=START, step=900, usual_kw=lines, measured_kw=np.where(gaps[: len(lines)], np.nan, lines * 0.9),
        spread=np.full(len(lines), 0.1), event=(0, len(lines)), target_kw=target,
    )  # fmt: skip
    plot = room_plot(series, START.tzinfo, START)
    shares = [float(tick["at"].rstrip("%")) for tick in plot["y_ticks"]]
    assert all(-0.01 <= share <= 100.01 for share in shares)
    assert 2 <= len(shares) <= 12
    assert "nan" not in f"{plot}"
    assert len(list(room_csv_rows(series))) == len(lines)
    assert all(len(row) == 4 for row in room_rows(series, START.tzinfo))
