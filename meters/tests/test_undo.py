"""Undo of an import: what it brought goes, what it corrected comes back, what others changed since stays."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meters.models import (
    BatchSpan,
    BatchState,
    ImportBatch,
    IntervalReading,
    Quality,
    ReadingKind,
    ReadingRevision,
    RegisterRead,
    RollupMark,
)
from meters.services import (
    Readings,
    RegisterReads,
    correct_readings,
    ingest_readings,
    ingest_register,
    undo_batch_readings,
)
from meters.signals import readings_ingested, readings_removed
from meters.tests.helpers import HALF_HOUR, ingest, make_batch, slot, stored
from tests.builder import make_distributor, make_meter, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def meter():
    return make_meter(make_distributor())


def send(batch, *rows):
    readings = Readings.of([(meter.pk, *values) for meter, *values in rows])
    return ingest_readings(distributor=batch.distributor, readings=readings, source=batch.file_name, batch=batch)


def counts(result):
    return result.removed, result.restored, result.kept


def test_what_an_import_brought_newly_is_recorded_in_the_longest_runs(meter):
    other = make_meter(meter.distributor, interval_minutes=15)
    ingest(meter, (slot(2), 1))
    batch = make_batch(meter.distributor)
    quarters = [(other, slot(0) + number * timedelta(minutes=15), 1) for number in range(3)]
    send(batch, *[(meter, slot(at), 1) for at in (0, 1, 2, 3, 9)], *quarters)
    spans = BatchSpan.objects.order_by("meter", "start").values_list("meter_id", "start", "end")
    assert list(spans) == [
        (meter.pk, slot(0), slot(2)),
        (meter.pk, slot(3), slot(4)),
        (meter.pk, slot(9), slot(10)),
        (other.pk, slot(0), slot(0) + timedelta(minutes=45)),
    ]


def test_corrections_name_the_import(meter):
    ingest(meter, (slot(0), 1))
    batch = make_batch(meter.distributor)
    send(batch, (meter, slot(0), 2))
    assert ReadingRevision.objects.get().batch == batch
    assert not BatchSpan.objects.exists()


def test_new_ones_go_and_corrected_ones_come_back(meter):
    ingest(meter, (slot(0), 100), (slot(1), 200, Quality.ESTIMATED))
    batch, person = make_batch(meter.distributor), make_user(meter.distributor)
    send(batch, *[(meter, slot(at), 7) for at in range(4)])
    RollupMark.objects.all().delete()
    meter.refresh_from_db()
    version = meter.data_version
    result = undo_batch_readings(batch=batch, by=person)
    assert counts(result) == (2, 2, 0)
    assert (result.meter_ids, result.start, result.end) == ((meter.pk,), slot(0), slot(4))
    assert [row[:2] + row[3:4] for row in stored(meter)] == [(slot(0), 100, 0), (slot(1), 200, 2)]
    undone = ReadingRevision.objects.filter(batch=None).order_by("start")
    assert list(undone.values_list("start", "energy_wh", "replaced_by_wh", "changed_by_id", "source")) == [
        (slot(0), 7, 100, person.pk, "undo of july.csv"),
        (slot(1), 7, 200, person.pk, "undo of july.csv"),
        (slot(2), 7, None, person.pk, "undo of july.csv"),
        (slot(3), 7, None, person.pk, "undo of july.csv"),
    ]
    meter.refresh_from_db()
    assert meter.data_version == version + 1
    marked = RollupMark.objects.order_by("start").values_list("start", "end")
    assert list(marked) == [(slot(0), slot(2)), (slot(2), slot(4))]


def test_twice_is_once(meter):
    batch = make_batch(meter.distributor)
    send(batch, (meter, slot(0), 7))
    undo_batch_readings(batch=batch)
    revisions = ReadingRevision.objects.count()
    assert counts(undo_batch_readings(batch=batch)) == (0, 0, 1)
    assert ReadingRevision.objects.count() == revisions


def test_what_somebody_else_changed_since_stays(meter):
    ingest(meter, (slot(0), 1))
    batch, second, person = make_batch(meter.distributor), make_batch(meter.distributor), make_user(meter.distributor)
    send(batch, *[(meter, slot(at), 7) for at in range(4)])
    send(second, (meter, slot(0), 8), (meter, slot(1), 8))
    correct_readings(meter=meter, values={slot(2): 9}, by=person, reason="seen")
    assert counts(undo_batch_readings(batch=batch)) == (1, 0, 3)
    assert [row[:2] for row in stored(meter)] == [(slot(0), 8), (slot(1), 8), (slot(2), 9)]


def test_what_was_taken_away_and_sent_again_by_others_stays(meter):
    batch, second, person = make_batch(meter.distributor), make_batch(meter.distributor), make_user(meter.distributor)
    send(batch, (meter, slot(0), 7))
    correct_readings(meter=meter, values={slot(0): None}, by=person, reason="wrong")
    send(second, (meter, slot(0), 7))
    assert counts(undo_batch_readings(batch=batch)) == (0, 0, 1)
    assert [row[:2] for row in stored(meter)] == [(slot(0), 7)]
    assert counts(undo_batch_readings(batch=second)) == (1, 0, 0)


def test_a_repetition_by_another_import_is_no_change(meter):
    batch, second = make_batch(meter.distributor), make_batch(meter.distributor)
    send(batch, (meter, slot(0), 7))
    send(second, (meter, slot(0), 7))
    assert counts(undo_batch_readings(batch=second)) == (0, 0, 0)
    assert counts(undo_batch_readings(batch=batch)) == (1, 0, 0)


def test_what_one_import_brought_and_then_changed_itself_goes(meter):
    batch = make_batch(meter.distributor)
    send(batch, (meter, slot(0), 7))
    send(batch, (meter, slot(0), 8))
    assert counts(undo_batch_readings(batch=batch)) == (1, 0, 0)
    assert stored(meter) == []


def test_what_one_import_corrected_twice_comes_back_to_the_first_value(meter):
    ingest(meter, (slot(0), 1))
    batch = make_batch(meter.distributor)
    send(batch, (meter, slot(0), 7))
    send(batch, (meter, slot(0), 8))
    assert counts(undo_batch_readings(batch=batch)) == (0, 1, 0)
    assert stored(meter)[0][1::2] == (1, Quality.MEASURED)


def test_readings_between_those_of_the_import_stay(meter):
    ingest(meter, *[(slot(at), 1) for at in range(0, 40, 2)])
    batch = make_batch(meter.distributor)
    send(batch, *[(meter, slot(at), 7) for at in range(1, 40, 2)])
    assert counts(undo_batch_readings(batch=batch)) == (20, 0, 0)
    assert [row[0] for row in stored(meter)] == [slot(at) for at in range(0, 40, 2)]


def test_both_signals_say_what_changed(meter):
    ingest(meter, (slot(0), 1))
    batch, calls = make_batch(meter.distributor), []
    send(batch, (meter, slot(0), 7), (meter, slot(1), 7))

    def receiver(sender, signal, **kwargs):
        calls.append((signal, kwargs["start"], kwargs["end"]))

    for signal in (readings_ingested, readings_removed):
        signal.connect(receiver)
    try:
        undo_batch_readings(batch=batch)
    finally:
        for signal in (readings_ingested, readings_removed):
            signal.disconnect(receiver)
    assert calls == [(readings_ingested, slot(0), slot(1)), (readings_removed, slot(1), slot(2))]


def test_an_import_that_brought_nothing_is_undone_by_nothing(meter):
    assert counts(undo_batch_readings(batch=make_batch(meter.distributor))) == (0, 0, 0)


def test_register_reads_go_with_the_import(meter):
    type(meter).objects.filter(pk=meter.pk).update(reading_kind=ReadingKind.REGISTER)

    def read(batch, *reads):
        rows = RegisterReads.of([(meter.pk, moment, wh) for moment, wh in reads])
        ingest_register(distributor=meter.distributor, reads=rows, source="test", batch=batch)

    read(None, (slot(0), 0), (slot(2), 100))
    batch = make_batch(meter.distributor)
    read(batch, (slot(1), 30), (slot(2), 110), (slot(3), 200))
    assert counts(undo_batch_readings(batch=batch)) == (1, 2, 0)
    assert [row[:2] for row in stored(meter)] == [(slot(0), 50), (slot(1), 50)]
    reads = RegisterRead.objects.order_by("at").values_list("at", "value_wh", "batch_id", "former_wh")
    assert list(reads) == [(slot(0), 0, None, None), (slot(2), 100, None, None)]


def test_many_meters_go_chunk_by_chunk(meter):
    meters = [make_meter(meter.distributor) for _ in range(3)]
    slots, batch = 4_500, make_batch(meter.distributor)
    starts = int(slot(0).timestamp()) + int(HALF_HOUR.total_seconds()) * np.arange(slots) - 200 * 86_400
    rows = Readings(np.repeat([each.pk for each in meters], slots), np.tile(starts, 3), np.arange(3 * slots))
    ingest_readings(distributor=meter.distributor, readings=rows, source="test", batch=batch)
    assert BatchSpan.objects.count() == 3
    assert counts(undo_batch_readings(batch=batch)) == (3 * slots, 0, 0)
    assert not IntervalReading.objects.exists()


class Model:
    """What the portal shall hold, as plain dicts: the state, and one revision for each change."""

    def __init__(self):
        self.rows, self.revisions, self.log = {}, [], {}

    def put(self, batch, values):
        for key, (wh, quality) in values.items():
            old = self.rows.get(key)
            new = (wh, quality)
            if old is not None:
                if quality == Quality.ESTIMATED and old[1] != Quality.ESTIMATED:
                    new = old
                elif quality == Quality.MEASURED and (
                    old[1] == Quality.CORRECTED or (old[1] == Quality.MEASURED and old[0] != wh)
                ):
                    new = (wh, Quality.CORRECTED)
            self._set(key, old, new, batch)

    def _set(self, key, old, new, batch):
        if old == new:
            return
        if old is not None:
            self.revisions.append((*key, *old, None if new is None else new[0]))
        self.log.setdefault(key, []).append((batch, old))
        if new is None:
            del self.rows[key]
        else:
            self.rows[key] = new

    def undo(self, batch):
        for key, changes in list(self.log.items()):
            mine = [at for at, (who, _) in enumerate(changes) if who == batch]
            if mine and all(who == batch for who, _ in changes[mine[0] :]):
                self._set(key, self.rows.get(key), changes[mine[0]][1], None)


QUALITIES = st.sampled_from([Quality.MEASURED, Quality.MEASURED, Quality.ESTIMATED])
BATCH = st.dictionaries(
    st.tuples(st.integers(0, 1), st.integers(0, 9)), st.tuples(st.integers(0, 3), QUALITIES), min_size=1, max_size=12
)
DEEDS = st.lists(st.one_of(BATCH, st.integers(0, 5)), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_any_imports_and_undos_end_as_in_a_plain_model(deeds):
    distributor = make_distributor()
    meters, model, batches = [make_meter(distributor) for _ in range(2)], Model(), []
    for deed in deeds:
        if isinstance(deed, dict):
            batches.append(make_batch(distributor))
            send(
                batches[-1], *[(meters[at], slot(number), wh, quality) for (at, number), (wh, quality) in deed.items()]
            )
            values = {(meters[at].pk, slot(number)): value for (at, number), value in deed.items()}
            model.put(batches[-1].pk, values)
        elif deed < len(batches):
            undo_batch_readings(batch=batches[deed])
            model.undo(batches[deed].pk)
    rows = IntervalReading.objects.filter(meter__in=meters).values_list("meter_id", "start", "energy_wh", "quality")
    assert {row[:2]: row[2:] for row in rows} == {key: (wh, int(quality)) for key, (wh, quality) in model.rows.items()}
    revisions = ReadingRevision.objects.filter(meter__in=meters).values_list(
        "meter_id", "start", "energy_wh", "quality", "replaced_by_wh"
    )
    assert sorted(map(str, revisions)) == sorted(str((*row[:3], int(row[3]), row[4])) for row in model.revisions)


def end(batch):
    for state in (BatchState.STORED, BatchState.UNDOING, BatchState.UNDONE):
        ImportBatch.objects.filter(pk=batch.pk).update(state=state)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_imports_of_one_interval_either_may_be_undone_first(meter, order):
    pair = [make_batch(meter.distributor), make_batch(meter.distributor)]
    for wh, batch in enumerate(pair):
        send(batch, (meter, slot(0), wh))
    for at in order:
        undo_batch_readings(batch=pair[at])
        end(pair[at])
    assert stored(meter) == []


def test_what_a_person_set_right_after_an_undone_import_stays(meter):
    first, second = make_batch(meter.distributor), make_batch(meter.distributor)
    send(first, (meter, slot(0), 1))
    send(second, (meter, slot(0), 2))
    undo_batch_readings(batch=second)
    end(second)
    correct_readings(meter=meter, values={slot(0): 1}, by=make_user(meter.distributor), reason="read by hand")
    correct_readings(meter=meter, values={slot(0): 7}, by=make_user(meter.distributor), reason="read by hand")
    assert counts(undo_batch_readings(batch=first)) == (0, 0, 1)
    assert [row[1] for row in stored(meter)] == [7]


def test_a_value_from_before_undone_imports_comes_back(meter):
    ingest(meter, (slot(0), 5))
    pair = [make_batch(meter.distributor), make_batch(meter.distributor)]
    for wh, batch in enumerate(pair):
        send(batch, (meter, slot(0), wh))
    for batch in pair:
        undo_batch_readings(batch=batch)
        end(batch)
    assert [row[1:4] for row in stored(meter)] == [(5, None, Quality.MEASURED)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=BATCH, brought=st.lists(st.tuples(BATCH, st.booleans()), min_size=1, max_size=5), chance=st.randoms())
def test_once_all_imports_are_undone_nothing_of_any_is_left(before, brought, chance):
    distributor = make_distributor()
    meters, waiting = [make_meter(distributor) for _ in range(2)], []

    def rows_of(deed):
        return [(meters[at], slot(number), *value) for (at, number), value in deed.items()]

    kept = {key: value for key, value in before.items() if key[1] < 5}
    for meter, *row in rows_of(kept):
        ingest(meter, tuple(row))
    first = [stored(meter) for meter in meters]
    for deed, undoes in brought:
        waiting.append(make_batch(distributor))
        send(waiting[-1], *rows_of(deed))
        if undoes:
            _undo_one(waiting, chance)
    while waiting:
        _undo_one(waiting, chance)
    assert [stored(meter) for meter in meters] == first


def _undo_one(waiting, chance):
    batch = waiting.pop(chance.randrange(len(waiting)))
    undo_batch_readings(batch=batch)
    end(batch)


def test_what_a_register_counted_stays_whole_where_reads_came_after_those_that_go(meter):
    type(meter).objects.filter(pk=meter.pk).update(reading_kind=ReadingKind.REGISTER)

    def read(batch, *reads):
        rows = RegisterReads.of([(meter.pk, moment, wh) for moment, wh in reads])
        ingest_register(distributor=meter.distributor, reads=rows, source="test", batch=batch)

    read(None, (slot(0), 0))
    batch = make_batch(meter.distributor)
    read(batch, (slot(2), 100))
    read(None, (slot(4), 300), (slot(5), 310))
    undo_batch_readings(batch=batch)
    estimated, measured = Quality.ESTIMATED, Quality.MEASURED
    assert [(row[1], row[3]) for row in stored(meter)] == [(75, estimated)] * 4 + [(10, measured)]
