"""Sums follow from what is stored, whatever happened in which order."""

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meters.models import (
    DailyEnergy,
    Feeder,
    HourlyEnergy,
    IntervalReading,
    Meter,
    MeterMap,
    Quality,
    RollupMark,
    ScopeHour,
    ScopeKind,
    ScopeMark,
    ScopeState,
)
from meters.services import Predictions, Readings, end_map, ingest_readings, put_predictions
from meters.services.columns import integers, seconds_of
from meters.services.rollups import (
    check_rollups,
    mark_spans,
    rebuild_rollups,
    refresh,
    refresh_rollups,
)
from meters.tests.helpers import NOON, ingest, slot
from meters.tests.rollup_oracle import expected_sums, stored_sums
from organizations.models import Distributor, GroupMember, Organization, OrganizationGroup
from tests.builder import make_distributor, make_meter, make_organization, map_meter

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
SCHOOLS = "Schools"


class Town:
    """A distributor with three meters (one on a clock with half hours), two organizations, feeders and groups."""

    def __init__(self) -> None:
        self.distributor: Distributor = make_distributor()
        self.feeders = [Feeder.objects.create(distributor=self.distributor, name=name) for name in "NS"]
        self.organizations: list[Organization] = [make_organization(self.distributor) for _ in range(2)]
        self.groups = [OrganizationGroup.objects.create(distributor=self.distributor, name=name) for name in "AB"]
        self.meters: list[Meter] = [
            make_meter(self.distributor),
            make_meter(self.distributor, interval_minutes=15, zone_name="Asia/Kolkata", exports=True),
            make_meter(self.distributor, feeder=self.feeders[0]),
        ]

    def ingest(self, meter: int, at: int, values: list[int], quality: int) -> None:
        minutes = self.meters[meter].interval_minutes
        rows = [(self.meters[meter].pk, NOON + (at + n) * minutes * MINUTE, wh, quality) for n, wh in enumerate(values)]
        ingest_readings(distributor=self.distributor, readings=Readings.of(rows), source="test")

    def take_away(self, meter: int, at: int, count: int) -> None:
        minutes = self.meters[meter].interval_minutes
        start, end = (NOON + number * minutes * MINUTE for number in (at, at + count))
        with transaction.atomic():
            IntervalReading.objects.filter(meter=self.meters[meter], start__gte=start, start__lt=end).delete()
            seconds = int(start.timestamp()), int(end.timestamp())
            mark_spans(distributor_id=self.distributor.pk, spans=[(self.meters[meter].pk, *seconds)])

    def predict(self, meter: int, at: int, wh: int, number: int) -> None:
        starts = [NOON + (at + n) * self.meters[meter].interval_minutes * MINUTE for n in range(6)]
        values = integers([wh] * 6)
        columns = Predictions(integers([self.meters[meter].pk] * 6), seconds_of(starts), values, values, values)
        issued_at = NOON - timedelta(days=30) + number * MINUTE
        put_predictions(forecast_number=number + 1, issued_at=issued_at, predictions=columns)

    def map(self, meter: int, organization: int, start: int, length: int) -> None:
        end = None if length == 0 else NOON + (start + length) * MINUTE
        start_at = NOON + start * MINUTE
        holder = self.organizations[organization]
        known = MeterMap.objects.filter(meter=self.meters[meter], entity_id=holder.pk, valid_from=start_at).first()
        if known is None:
            map_meter(self.meters[meter], holder, start_at, valid_to=end)
        else:
            known.valid_to = end
            known.save()

    def unmap(self, meter: int, organization: int) -> None:
        row = MeterMap.objects.filter(meter=self.meters[meter], entity_id=self.organizations[organization].pk).first()
        if row is not None:
            row.delete()

    def feed(self, meter: int, feeder: int) -> None:
        self.meters[meter].feeder = None if feeder == 2 else self.feeders[feeder]
        self.meters[meter].save()

    def join(self, group: int, organization: int) -> None:
        pair = {"group": self.groups[group], "organization": self.organizations[organization]}
        row = GroupMember.objects.filter(**pair).first()
        if row is None:
            GroupMember.objects.create(**pair)
        else:
            row.delete()


METERS, TWO, AT = st.integers(0, 2), st.integers(0, 1), st.integers(-4, 30)
VALUES = st.lists(st.integers(0, 900), min_size=6, max_size=20)
INGEST = st.tuples(st.just("ingest"), METERS, AT, VALUES, st.sampled_from([0, 2]))
FEW = st.lists(st.integers(0, 3), min_size=1, max_size=3)
# Readings of an hour or two, some of them alike: the day changes by the difference.
LIVE = st.tuples(st.just("ingest"), METERS, AT, FEW, st.just(0))
STEPS = st.one_of(
    INGEST,
    LIVE,
    LIVE,
    st.tuples(st.just("take_away"), METERS, AT, st.integers(1, 3)),
    st.tuples(st.just("take_away"), METERS, AT, st.integers(1, 40)),
    st.tuples(st.just("predict"), METERS, AT, st.integers(0, 900), st.integers(0, 50)),
    st.tuples(st.just("map"), METERS, TWO, st.sampled_from([-600, -30, 0, 45, 60, 300]), st.sampled_from([0, 30, 240])),
    st.tuples(st.just("unmap"), METERS, TWO),
    st.tuples(st.just("feed"), METERS, METERS),
    st.tuples(st.just("join"), TWO, TWO),
)
# How many steps of a refresh may follow.
REFRESHES = st.sampled_from([0, 1, 100])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(STEPS, REFRESHES), min_size=8, max_size=20))
def test_after_any_history_the_sums_are_those_of_the_readings_and_of_a_rebuild(steps: list[Any], db: None) -> None:
    with transaction.atomic():
        town = Town()
        for (name, *values), limit in steps:
            getattr(town, name)(*values)
            refresh_rollups(distributor=town.distributor, limit=limit)
        refresh_rollups(distributor=town.distributor)
        assert stored_sums() == expected_sums()
        assert not check_rollups(distributor=town.distributor).differing
        rebuild_rollups(distributor=town.distributor)
        assert stored_sums() == expected_sums()
        assert not RollupMark.objects.exists()
        assert not ScopeMark.objects.exists()
        transaction.set_rollback(True)


def test_a_worked_example_of_an_hour_and_a_day() -> None:
    meter = make_meter(make_distributor(timezone="America/New_York"))
    starts, wh = [slot(0), slot(1)], integers([300, 300])
    columns = Predictions(integers([meter.pk] * 2), seconds_of(starts), wh, wh, wh)
    put_predictions(forecast_number=1, issued_at=NOON - timedelta(hours=1), predictions=columns)
    ingest(meter, (slot(0), 250), (slot(1), 340, Quality.ESTIMATED), (slot(2), 100), (slot(40), 500))
    refresh_rollups()
    hour = HourlyEnergy.objects.get(meter=meter, start=NOON)
    assert (hour.energy_wh, hour.slots, hour.estimated_slots, hour.predicted_slots) == (590, 2, 1, 2)
    assert (hour.predicted_wh, hour.compared_wh, hour.saving_slots, hour.saving_wh) == (600, 590, 1, 50)
    first, second = DailyEnergy.objects.filter(meter=meter).order_by("day")
    assert (first.day.isoformat(), first.energy_wh, first.peak_wh, first.peak_start) == (
        "2024-07-01",
        690,
        340,
        slot(1),
    )
    assert (second.day.isoformat(), second.energy_wh, second.slots) == ("2024-07-02", 500, 1)


@pytest.mark.parametrize(
    ("at", "wh", "peak"),
    [
        (6, 400, (500, 4)),
        (6, 500, (500, 4)),
        (6, 501, (501, 6)),
        (0, 500, (500, 0)),
        (4, 499, (499, 4)),
        (4, 10, (300, 2)),
        (5, 500, (500, 4)),
        (4, 600, (600, 4)),
    ],
)
def test_a_reading_of_a_day_that_is_summed_finds_its_peak(at: int, wh: int, peak: tuple[int, int]) -> None:
    meter = make_meter(make_distributor(timezone="UTC"))
    ingest(meter, *((slot(number), value) for number, value in enumerate([100, 200, 300, 50, 500, 60])))
    refresh_rollups()
    ingest(meter, (slot(at), wh))
    refresh_rollups()
    day = DailyEnergy.objects.get(meter=meter)
    assert (day.peak_wh, day.peak_start) == (peak[0], slot(peak[1]))
    assert stored_sums() == expected_sums()


def test_of_a_day_that_is_summed_only_the_hour_of_a_new_reading_is_read() -> None:
    meter = make_meter(make_distributor(timezone="UTC"))
    ingest(meter, *((slot(number), 100) for number in range(6)))
    refresh_rollups()
    ingest(meter, (slot(6), 100))
    with CaptureQueriesContext(connection) as queries:
        refresh_rollups()
    read = [query["sql"] for query in queries if "FROM meters_intervalreading" in query["sql"]]
    assert len(read) == 1
    assert "start >= '2024-07-01 15:00:00' AND start < '2024-07-01 16:00:00'" in read[0]
    assert stored_sums() == expected_sums()


def test_an_hour_that_two_days_share_counts_for_each_what_is_its() -> None:
    meter = make_meter(make_distributor(timezone="Asia/Kolkata"))
    ingest(meter, *((slot(number), 100) for number in range(10, 16)))
    refresh_rollups()
    for number in (12, 13):
        ingest(meter, (slot(number), 300))
        refresh_rollups()
        assert stored_sums() == expected_sums()


def test_a_day_of_another_clock_that_waits_to_be_made_again_stops_nothing() -> None:
    town = Town()
    town.ingest(0, 0, [100] * 60, 0)
    refresh_rollups()
    DailyEnergy.objects.update(slots=1)
    town.take_away(0, 0, 4)
    refresh_rollups()
    assert (
        stored_sums()["days"][town.meters[0].pk, NOON.date()] == expected_sums()["days"][town.meters[0].pk, NOON.date()]
    )


@pytest.mark.parametrize(("day", "slots"), [("2024-03-10", 46), ("2024-11-03", 50), ("2024-07-01", 48)])
def test_a_day_of_the_meters_clock_has_23_24_or_25_hours(day: str, slots: int) -> None:
    meter = make_meter(make_distributor(timezone="America/New_York"))
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00") - timedelta(days=1)
    ingest(meter, *((start + number * 30 * MINUTE, 10) for number in range(48 * 4)))
    refresh_rollups()
    assert DailyEnergy.objects.get(meter=meter, day=day).slots == slots
    assert stored_sums() == expected_sums()


def test_days_move_with_the_clock_of_a_meter_and_of_its_distributor() -> None:
    town = Town()
    for meter in range(3):
        town.ingest(meter, 0, [100] * 120, 0)
    refresh_rollups()
    town.distributor.timezone = "Australia/Lord_Howe"
    town.distributor.save()
    town.meters[1].zone_name = "Pacific/Apia"
    town.meters[1].save()
    refresh_rollups()
    assert stored_sums() == expected_sums()


def test_an_hour_that_two_holders_share_counts_for_neither_of_them_but_for_their_group() -> None:
    town = Town()
    half = NOON + 30 * MINUTE
    map_meter(town.meters[0], town.organizations[0], NOON, valid_to=half)
    map_meter(town.meters[0], town.organizations[1], half)
    for organization in town.organizations:
        GroupMember.objects.create(group=town.groups[0], organization=organization)
    town.ingest(0, 0, [100, 100, 100, 100], 0)
    refresh_rollups()
    kinds = ScopeHour.objects.filter(start=NOON).values_list("kind", "meters", "energy_wh")
    assert sorted(kinds) == [(ScopeKind.GROUP, 1, 200), (ScopeKind.DISTRIBUTOR, 1, 200)]


def test_a_version_rises_with_every_change_of_the_hours_and_with_nothing_else() -> None:
    town = Town()
    state = ScopeState.objects.filter(kind=ScopeKind.FEEDER, scope_id=town.feeders[0].pk)
    versions = []
    for values in ([100, 100], [100, 100], [100, 101]):
        town.ingest(2, 0, values, 0)
        town.ingest(0, 0, values, 0)
        refresh_rollups()
        versions.append(state.get().version)
    assert versions == [1, 1, 2]


def test_a_change_past_the_portal_is_found_and_mended() -> None:
    town = Town()
    town.ingest(0, 0, [100, 100], 0)
    refresh_rollups()
    Meter.objects.filter(pk=town.meters[0].pk).update(feeder=town.feeders[1])
    HourlyEnergy.objects.filter(meter=town.meters[0]).update(energy_wh=7)
    DailyEnergy.objects.filter(meter=town.meters[0]).delete()
    found = check_rollups(distributor=town.distributor)
    assert (found.hours, found.days, found.scope_hours) == (1, 1, 2)
    with pytest.raises(CommandError, match="4 rows differ"):
        call_command("rebuild_rollups", "--check", stdout=StringIO())
    call_command("rebuild_rollups", stdout=StringIO())
    assert stored_sums() == expected_sums()
    call_command("rebuild_rollups", "--check", stdout=StringIO())


def test_differences_that_cannot_be_have_the_whole_made_again() -> None:
    town = Town()
    town.ingest(0, 0, [100, 100], 0)
    refresh_rollups()
    Meter.objects.filter(pk=town.meters[0].pk).update(feeder=town.feeders[1])
    town.take_away(0, 0, 1)
    refresh_rollups()
    assert stored_sums() == expected_sums()


def test_a_deleted_organization_leaves_no_sums() -> None:
    town = Town()
    town.map(0, 0, -600, 0)
    town.ingest(0, 0, [100, 100], 0)
    refresh_rollups()
    GroupMember.objects.create(group=town.groups[0], organization=town.organizations[0])
    refresh_rollups()
    assert ScopeHour.objects.filter(kind=ScopeKind.GROUP).exists()
    town.groups[0].delete()
    refresh_rollups()
    assert not ScopeHour.objects.filter(kind=ScopeKind.GROUP).exists()


def test_a_long_mark_is_done_in_several_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "slots_per_step", lambda: 60)
    town = Town()
    for meter in range(3):
        town.ingest(meter, 0, [100] * 600, 0)
    result = refresh_rollups(distributor=town.distributor)
    assert result.steps > 12
    assert result.is_done
    town.map(0, 0, -600, 0)
    assert refresh_rollups(distributor=town.distributor).steps > 3
    assert stored_sums() == expected_sums()


def test_new_meters_of_an_organization_have_nothing_made_again() -> None:
    town = Town()
    town.ingest(0, 0, [100], 0)
    refresh_rollups()
    town.map(1, 0, -600, 0)
    assert not ScopeMark.objects.exists()


def test_a_changed_map_makes_new_what_was_cached_of_the_meters_people() -> None:
    town = Town()
    before = Meter.objects.get(pk=town.meters[0].pk).data_version
    row = map_meter(town.meters[0], town.organizations[0])
    end_map(meter_map=row, at=NOON)
    assert Meter.objects.get(pk=town.meters[0].pk).data_version == before + 2
