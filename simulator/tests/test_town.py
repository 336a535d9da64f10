"""The town: the same from every side, and believable."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simulator.town import Event, Town, build_town, energy_wh, missing, slots_between
from simulator.town.calendar import ZONE, local_times
from simulator.town.chance import uniforms
from simulator.town.load import Slots
from simulator.town.meters import Home

END = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())
DAY = 86_400
SEASONS = [datetime(2026, month, 20, tzinfo=UTC) for month in (2, 5, 8, 11)]


@pytest.fixture(scope="module")
def town() -> Town:
    return build_town()


def at(*parts: int) -> int:
    """Seconds since 1970 of a local time in the town."""
    return int(datetime(*parts, tzinfo=ZONE).timestamp())


def homes(town: Town, *, solar: bool = False):
    return [meter for meter in town.meters if isinstance(meter.load, Home) and meter.exports == solar]


def sites(town: Town):
    return [meter for meter in town.meters if meter.owner_kind == "organization"]


def test_the_same_seed_builds_the_same_town_and_another_seed_another(town):
    assert build_town(2026) == town
    assert build_town(2027) != town


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="0 or greater"):
        build_town(-1)


def test_draws_are_these_numbers_on_every_machine_and_version():
    numbers, counters = np.array([0, 7]), np.array([-3, 0, 1_700_000_000])
    assert uniforms(2026, "check", numbers, counters).round(6).tolist() == [
        [0.173036, 0.56861, 0.246811],
        [0.128582, 0.113286, 0.966197],
    ]


def test_town_has_the_promised_size(town):
    assert len(homes(town)) + len(homes(town, solar=True)) == 60
    assert len(sites(town)) == 14
    assert len({meter.owner_name for meter in sites(town)}) == 6
    assert len({meter.feeder for meter in town.meters}) == 4
    assert len({meter.name for meter in town.meters}) == 74
    assert len({(meter.lat, meter.lon) for meter in town.meters}) == 74


def test_only_owned_meters_have_contracts_of_a_sensible_size(town):
    enrolled = town.enrolled()
    assert all(meter.owner_kind != "none" for meter in enrolled)
    assert all(meter.contracted_kw for meter in sites(town))
    kws = [meter.contracted_kw for meter in enrolled if isinstance(meter.load, Home)]
    assert len(kws) == 35
    assert min(kws) >= 0.5
    assert max(kws) <= 2.0
    assert all(5.0 <= (meter.contracted_kw or 0) <= 200.0 for meter in sites(town))


def test_every_resident_has_one_home_and_a_name_of_their_own(town):
    names = [meter.owner_name for meter in town.meters if meter.owner_kind == "resident"]
    assert names[0] == "Dana Whitfield"
    assert len(names) == len(set(names)) == 53


@pytest.mark.parametrize("interval", [5, 30])
def test_a_window_in_pieces_is_the_window_in_one(town, interval):
    events = [Event(END - 30 * 3600 + 600, END - 28 * 3600)]
    slots = slots_between(END - 3 * DAY, END, interval)
    whole = energy_wh(town.seed, town.meters, slots, events)
    lost = missing(town.seed, town.meters, slots)
    for first in range(0, len(slots.starts), 37):
        piece = Slots(slots.starts[first : first + 37], slots.seconds)
        assert np.array_equal(energy_wh(town.seed, town.meters, piece, events), whole[:, first : first + 37])
        assert np.array_equal(missing(town.seed, town.meters, piece), lost[:, first : first + 37])


def test_each_slot_alone_is_the_same_with_a_rebound_still_running(town):
    event = Event(END - 7200, END - 3600)
    slots = slots_between(END - 7200, END, 30)
    whole = energy_wh(town.seed, town.meters, slots, [event])
    alone = [energy_wh(town.seed, town.meters, Slots(slots.starts[[i]], 1800), [event]) for i in range(4)]
    assert np.array_equal(np.hstack(alone), whole)


def test_a_meter_alone_reads_the_same_as_among_others(town):
    slots = slots_between(END - DAY, END, 30)
    whole = energy_wh(town.seed, town.meters, slots)
    for index in (0, 17, 59, 60, 73):
        assert np.array_equal(energy_wh(town.seed, town.meters[index : index + 1], slots)[0], whole[index])


def test_long_windows_do_not_show_where_they_were_computed_in_parts(town):
    slots = slots_between(END - 120 * DAY, END, 30)
    meters = town.meters[:3]
    late = Slots(slots.starts[4300:4400], 1800)
    assert np.array_equal(energy_wh(town.seed, meters, slots)[:, 4300:4400], energy_wh(town.seed, meters, late))


def test_an_empty_window_has_no_readings(town):
    slots = slots_between(END + 60, END + 1700, 30)
    assert energy_wh(town.seed, town.meters, slots).shape == (74, 0)
    assert missing(town.seed, town.meters, slots).shape == (74, 0)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 8), 23), ((2026, 11, 1), 25), ((2026, 3, 9), 24)])
def test_a_local_day_has_as_many_slots_as_its_clocks_say(town, day, hours):
    start = datetime(*day, tzinfo=ZONE)
    end = (start + timedelta(days=1)).astimezone(UTC)
    slots = slots_between(int(start.timestamp()), int(end.timestamp()), 30)
    times = local_times(slots.starts)
    assert len(slots.starts) == 2 * hours
    assert len(set(times.day.tolist())) == 1
    assert (energy_wh(town.seed, sites(town), slots) > 0).all()


def test_the_evening_stays_in_the_evening_when_clocks_change(town):
    """The load-weighted middle of the school's day is at the same local hour before and after."""

    def opening_hour(day: int) -> float:
        slots = slots_between(at(2026, 3, day), at(2026, 3, day) + 20 * 3600, 30)
        school = energy_wh(town.seed, sites(town)[:1], slots)[0]
        return float(local_times(slots.starts).hour[np.argmax(np.diff(school))])

    assert abs(opening_hour(6) - opening_hour(9)) <= 1.0
    assert 5.5 <= opening_hour(9) <= 7.5


@pytest.mark.parametrize("end", SEASONS, ids=lambda end: f"{end:%B}")
def test_last_week_is_as_wrong_about_this_week_as_for_real_homes(town, end):
    plain, solar, large = (
        weekly_naive_errors(town, meters, end) for meters in (homes(town), homes(town, solar=True), sites(town))
    )
    assert plain.min() > 0.14
    assert plain.max() < 0.40
    assert 0.20 < np.median(plain) < 0.30
    assert np.median(solar) < 0.45
    assert 0.05 < np.median(large) < 0.15
    assert large.max() < 0.20


def weekly_naive_errors(town: Town, meters, end: datetime):
    """Mean absolute error over mean, per meter, of "as a week ago" in the 90 days before `end`."""
    last = int(end.timestamp())
    used = energy_wh(town.seed, meters, slots_between(last - 90 * DAY, last, 30)).astype(float)
    return np.abs(used[:, 336:] - used[:, :-336]).mean(axis=1) / used[:, 336:].mean(axis=1)


def test_evenings_are_highest_and_schools_rest_on_weekends(town):
    slots = slots_between(END - 56 * DAY, END, 30)
    times = local_times(slots.starts)
    used = energy_wh(town.seed, homes(town), slots).mean(axis=0)
    by_hour = [used[times.hour.astype(int) == hour].mean() for hour in range(24)]
    assert 17 <= int(np.argmax(by_hour)) <= 20
    school = energy_wh(town.seed, sites(town)[:1], slots)[0]
    noon = (times.hour >= 10) & (times.hour < 14)
    assert school[noon & ~times.works].mean() < 0.6 * school[noon & times.works].mean()


def test_cold_and_hot_days_take_more_than_mild_ones(town):
    def month(number: int) -> float:
        start = at(2026, number, 1)
        return float(energy_wh(town.seed, homes(town), slots_between(start, start + 28 * DAY, 30)).mean())

    assert month(1) > 1.2 * month(10)
    assert month(7) > 1.05 * month(10)


def test_only_roofs_export_and_they_do_so_on_sunny_noons(town):
    slots = slots_between(END - 90 * DAY, END, 30)
    hours = local_times(slots.starts).hour
    roofs = energy_wh(town.seed, homes(town, solar=True), slots)
    assert len(roofs) >= 6
    assert (energy_wh(town.seed, homes(town), slots) > 0).all()
    assert (roofs.min(axis=1) < -300).all()
    assert (roofs[:, (hours < 6) | (hours >= 21)] > 0).all()


def test_a_few_readings_never_arrive_but_the_demonstration_meters_do(town):
    lost = missing(town.seed, town.meters, slots_between(END - 90 * DAY, END, 30))
    assert 0.0005 < lost.mean() < 0.004
    fine = [meter.interval_minutes < 30 for meter in town.meters]
    assert sum(fine) == 2
    assert not lost[fine].any()
