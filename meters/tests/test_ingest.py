"""The one way in for readings: what it stores, what it refuses, what it counts."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from meters.models import IntervalReading, Quality, ReadingRevision, RollupMark
from meters.services import Pile, Predictions, Readings, ingest_readings, put_predictions
from meters.services import pile as piles
from meters.services.columns import seconds_of
from meters.services.slots import CHUNK_ROWS, Slots, chunks_of
from meters.signals import readings_ingested
from meters.tests.helpers import NOON, ingest, slot, stored
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def meter():
    return make_meter(make_distributor())


def predict(meter, start, wh, *, issued_at=NOON, number=1):
    columns = ([meter.pk], seconds_of([start]), [wh], [wh - 10], [wh + 10])
    return put_predictions(forecast_number=number, issued_at=issued_at, predictions=Predictions(*columns))


def test_new_readings_are_stored_and_counted(meter):
    result = ingest(meter, (slot(0), 400), (slot(1), 500))
    assert (result.new, result.unchanged, result.corrected, result.refused) == (2, 0, 0, 0)
    assert stored(meter) == [(slot(0), 400, None, 0, None), (slot(1), 500, None, 0, None)]
    assert (result.meter_ids, result.start, result.end) == ((meter.pk,), slot(0), slot(2))


def test_the_same_readings_twice_change_nothing(meter):
    ingest(meter, (slot(0), 400), (slot(1), 500))
    meter.refresh_from_db()
    version = meter.data_version
    result = ingest(meter, (slot(1), 500), (slot(0), 400))
    meter.refresh_from_db()
    assert (result.new, result.unchanged, result.corrected) == (0, 2, 0)
    assert meter.data_version == version
    assert not ReadingRevision.objects.exists()


def test_a_different_value_corrects_and_leaves_a_revision(meter):
    ingest(meter, (slot(0), 400), (slot(1), 500))
    result = ingest(meter, (slot(0), 410), (slot(1), 500), (slot(2), 1), source="second.csv")
    assert (result.new, result.unchanged, result.corrected) == (1, 1, 1)
    assert stored(meter)[0] == (slot(0), 410, None, Quality.CORRECTED, None)
    revision = ReadingRevision.objects.get()
    assert (revision.meter_id, revision.start, revision.source) == (meter.pk, slot(0), "second.csv")
    assert (revision.energy_wh, revision.quality, revision.replaced_by_wh) == (400, Quality.MEASURED, 410)


def test_a_corrected_value_sent_again_is_unchanged(meter):
    ingest(meter, (slot(0), 400))
    ingest(meter, (slot(0), 410))
    assert ingest(meter, (slot(0), 410)).unchanged == 1
    assert ReadingRevision.objects.count() == 1


def test_a_measured_value_in_place_of_an_estimate_is_measured(meter):
    ingest(meter, (slot(0), 400, Quality.ESTIMATED))
    assert ingest(meter, (slot(0), 400)).corrected == 1
    assert stored(meter) == [(slot(0), 400, None, Quality.MEASURED, None)]


def test_an_estimate_never_replaces_what_was_measured(meter):
    ingest(meter, (slot(0), 400), (slot(1), 400))
    ingest(meter, (slot(1), 410))
    result = ingest(meter, (slot(0), 7, Quality.ESTIMATED), (slot(1), 7, Quality.ESTIMATED))
    assert (result.unchanged, result.corrected) == (2, 0)
    assert [row[1] for row in stored(meter)] == [400, 410]


def test_a_better_estimate_replaces_an_estimate(meter):
    ingest(meter, (slot(0), 400, Quality.ESTIMATED))
    assert ingest(meter, (slot(0), 410, Quality.ESTIMATED)).corrected == 1
    assert ReadingRevision.objects.get().energy_wh == 400


def test_new_and_corrected_in_one_call_each_find_their_prediction(meter):
    predict(meter, slot(0), 500)
    predict(meter, slot(1), 600)
    ingest(meter, (slot(0), 400))
    ingest(meter, (slot(0), 450), (slot(1), 550), (slot(2), 1))
    assert [(row[1], row[2], row[4]) for row in stored(meter)] == [(450, 500, 50), (550, 600, 50), (1, None, None)]


def test_what_changed_is_marked_for_the_sums_and_nothing_else(meter):
    quarters = make_meter(meter.distributor, interval_minutes=15)
    ingest(meter, (slot(0), 1), (slot(1), 1))
    RollupMark.objects.all().delete()
    rows = [(meter.pk, slot(0), 1), (meter.pk, slot(1), 2), (quarters.pk, slot(0), 3)]
    ingest_readings(distributor=meter.distributor, readings=Readings.of(rows), source="test")
    marks = RollupMark.objects.order_by("meter").values_list("meter_id", "start", "end")
    assert list(marks) == [
        (meter.pk, slot(1), slot(2)),
        (quarters.pk, slot(0), slot(0) + timedelta(minutes=15)),
    ]


def test_a_pile_of_parts_is_stored_like_one(meter, monkeypatch):
    monkeypatch.setattr(piles, "GROUP_ROWS", 50)
    meters = [meter, *(make_meter(meter.distributor) for _ in range(4))]
    rows = [(each.pk, slot(at), 10 * at) for at in range(20) for each in meters[::-1]]
    pile = Pile()
    for cut in range(0, len(rows), 7):
        pile.add(Readings.of(rows[cut : cut + 7]))
    pile.add(Readings.of([(meter.pk, slot(3), 31), (meters[1].pk, slot(4), 40), (10**12, slot(0), 1)]))
    assert len(pile) == 103
    result = ingest_readings(distributor=meter.distributor, readings=pile, source="test")
    assert (result.new, result.repeated, result.refused) == (99, 1, 3)
    for each in meters:
        expected = [(slot(at), 10 * at) for at in range(20) if (each, at) != (meter, 3)]
        assert [row[:2] for row in stored(each)] == expected


def test_the_version_rises_once_per_touched_meter(meter):
    other, still = make_meter(meter.distributor), make_meter(meter.distributor)
    ingest(still, (slot(0), 1))
    rows = [(each.pk, slot(at), 1) for each in (meter, other, still) for at in range(1 if each is still else 3)]
    ingest_readings(distributor=meter.distributor, readings=Readings.of(rows), source="test")
    for each, version in ((meter, 1), (other, 1), (still, 1)):
        each.refresh_from_db()
        assert each.data_version == version


def test_the_signal_names_meters_and_span_and_is_silent_where_nothing_changed(meter):
    calls = []

    def receiver(sender, **kwargs):
        calls.append(kwargs)

    readings_ingested.connect(receiver)
    try:
        ingest(meter, (slot(0), 400), (slot(3), 500))
        ingest(meter, (slot(0), 400))
    finally:
        readings_ingested.disconnect(receiver)
    (call,) = calls
    assert call["meter_ids"] == [meter.pk]
    assert (call["distributor"], call["start"], call["end"]) == (meter.distributor, slot(0), slot(4))


@pytest.mark.parametrize(
    ("start", "wh", "sentence"),
    [
        (NOON + timedelta(minutes=10), 1, "no interval of 30 minutes starts then"),
        (datetime(2999, 1, 1, tzinfo=UTC), 1, "the interval has not ended yet"),
        (datetime(1970, 1, 1, tzinfo=UTC), 1, "a time before 1990 cannot be right"),
        (NOON, -1, "is negative, but the meter does not feed into the grid"),
        (NOON, 2_000_000_001, "is more than any meter measures; is the unit right?"),
    ],
)
def test_what_cannot_be_true_is_refused_in_one_sentence(meter, start, wh, sentence):
    result = ingest(meter, (slot(5), 7), (start, wh))
    assert [(problem.row, problem.problem) for problem in result.problems] == [(1, sentence)]
    assert result.problems[0].meter == meter.number
    assert [row[0] for row in stored(meter)] == [slot(5)]


def test_a_meter_that_exports_may_read_negative():
    meter = make_meter(make_distributor(), exports=True)
    assert ingest(meter, (slot(0), -250)).new == 1


def test_a_meter_of_another_distributor_does_not_exist_here(meter):
    stranger = make_meter(make_distributor())
    rows = Readings.of([(stranger.pk, slot(0), 1), (meter.pk, slot(0), 1), (10**15, slot(0), 1)])
    result = ingest_readings(distributor=meter.distributor, readings=rows, source="test")
    assert [(each.row, each.meter, each.problem) for each in result.problems] == [
        (0, "", "there is no such meter"),
        (2, "", "there is no such meter"),
    ]
    assert stored(stranger) == []
    assert result.new == 1


def test_an_hourly_meter_in_a_half_hour_zone_starts_on_its_own_clock():
    meter = make_meter(make_distributor(timezone="Asia/Kolkata"), interval_minutes=60)
    assert ingest(meter, (NOON, 1)).refused == 1
    assert ingest(meter, (slot(1), 1)).new == 1


def test_rows_that_contradict_each_other_are_all_refused_with_their_numbers(meter):
    result = ingest(meter, (slot(0), 1), (slot(1), 5), (slot(0), 2), (slot(2), 5))
    assert [(each.row, each.problem) for each in result.problems] == [
        (0, "row 2 gives another value for the same interval"),
        (2, "row 0 gives another value for the same interval"),
    ]
    assert [row[0] for row in stored(meter)] == [slot(1), slot(2)]


def test_rows_that_repeat_each_other_count_once(meter):
    result = ingest(meter, (slot(0), 1), (slot(0), 1), (slot(0), 1))
    assert (result.new, result.repeated, result.refused) == (1, 2, 0)


def test_nothing_at_all_is_no_error(meter):
    assert ingest(meter).new == 0


def test_a_float_is_misuse(meter):
    with pytest.raises(TypeError):
        Readings(meter_ids=[meter.pk], starts=[0], energies_wh=[1.5])


def test_a_naive_start_is_misuse(meter):
    with pytest.raises(ValueError, match="no zone"):
        Readings.of([(meter.pk, datetime(2024, 7, 1, 12), 1)])  # noqa: DTZ001


def test_a_reading_gets_the_prediction_in_force_and_its_saving(meter):
    predict(meter, slot(0), 500)
    ingest(meter, (slot(0), 400), (slot(1), 400))
    assert stored(meter) == [(slot(0), 400, 500, 0, 100), (slot(1), 400, None, 0, None)]


def test_use_above_the_prediction_saves_nothing(meter):
    predict(meter, slot(0), 300)
    ingest(meter, (slot(0), 400))
    assert stored(meter) == [(slot(0), 400, 300, 0, 0)]


def test_a_correction_keeps_the_prediction_and_renews_the_saving(meter):
    predict(meter, slot(0), 500)
    ingest(meter, (slot(0), 400))
    ingest(meter, (slot(0), 450))
    assert stored(meter) == [(slot(0), 450, 500, Quality.CORRECTED, 50)]


def test_many_meters_and_long_ones_go_in_chunk_by_chunk(meter):
    long, count = make_meter(meter.distributor, interval_minutes=1), CHUNK_ROWS * 2 + 7
    starts = int(NOON.timestamp()) + 60 * np.arange(count)
    others = [make_meter(meter.distributor) for _ in range(3)]
    rows = Readings(
        meter_ids=np.concatenate([np.full(count, long.pk), [each.pk for each in others]]),
        starts=np.append(starts, [int(NOON.timestamp())] * 3),
        energies_wh=np.arange(count + 3),
    )
    assert ingest_readings(distributor=meter.distributor, readings=rows, source="test").new == count + 3
    again = ingest_readings(distributor=meter.distributor, readings=rows, source="test")
    assert (again.new, again.unchanged) == (0, count + 3)
    assert IntervalReading.objects.count() == count + 3


def test_chunks_hold_whole_meters_unless_one_alone_is_too_long():
    ids = np.repeat([1, 2, 3, 4], [4_000, 5_000, 2_000, 25_000])
    sizes = [(chunk.start, chunk.stop) for chunk in chunks_of(ids)]
    assert sizes == [(0, 9_000), (9_000, 11_000), (11_000, 21_000), (21_000, 31_000), (31_000, 36_000)]
    assert list(chunks_of(np.array([], np.int64))) == []


def test_scattered_slots_are_looked_up_by_name_and_dense_ones_by_span():
    year = 365 * 48 * 1800
    scattered = Slots(np.array([1, 2]), np.array([0, year]), 1800)
    dense = Slots(np.array([1, 1, 2]), np.array([0, 1800, 0]), 1800)
    assert [" IN (" in text and "BETWEEN" not in text for text in scattered.conditions()] == [True, True]
    assert len(list(dense.conditions())) == 1


def test_scattered_corrections_find_their_rows(meter):
    other = make_meter(meter.distributor)
    rows = [(each.pk, slot(at), 5) for each in (meter, other) for at in (0, 4_000, 20_000)]
    ingest_readings(distributor=meter.distributor, readings=Readings.of(rows), source="test")
    changed = [(pk, start, 6 if start == slot(4_000) else 5) for pk, start, _ in rows]
    result = ingest_readings(distributor=meter.distributor, readings=Readings.of(changed), source="test")
    assert (result.new, result.unchanged, result.corrected) == (0, 4, 2)
