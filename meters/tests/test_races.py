"""Two writers of the same meters at once. Only MariaDB has two writers."""

import threading
from collections import Counter

import pytest
from django.db import connection

from meters.models import IntervalReading, Quality, ReadingRevision
from meters.services import (
    Predictions,
    Readings,
    correct_readings,
    ingest_readings,
    put_predictions,
    undo_batch_readings,
)
from meters.services.columns import seconds_of
from meters.tests.helpers import NOON, make_batch, slot
from tests.builder import make_distributor, make_meter, make_user

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

ROUNDS = 15
SLOTS = 60


def at_once(*tasks):
    """What each of the tasks returned; each runs in a thread with a connection of its own."""
    barrier, results, errors = threading.Barrier(len(tasks)), {}, []

    def run(number, task):
        try:
            connection.ensure_connection()
            barrier.wait(30)
            results[number] = task()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    return [results[number] for number in range(len(tasks))]


def send(meters, wh, slots):
    # Each writer sends its meters in another order: the locks must not depend on it.
    rows = [(meter.pk, slot(number), wh) for meter in meters for number in slots]
    distributor = meters[0].distributor
    return lambda: ingest_readings(distributor=distributor, readings=Readings.of(rows), source=f"writer {wh}")


def test_two_writers_of_the_same_new_slots_make_each_one_once():
    for _ in range(ROUNDS):
        meters = [make_meter(distributor) for distributor in [make_distributor()] for _ in range(3)]
        first, second = at_once(send(meters, 5, range(SLOTS)), send(meters[::-1], 5, range(SLOTS)))
        assert {first.new, second.new} == {3 * SLOTS, 0}
        assert {first.unchanged, second.unchanged} == {3 * SLOTS, 0}
        assert IntervalReading.objects.filter(meter__in=meters).count() == 3 * SLOTS


def test_two_writers_of_different_values_lose_no_revision():
    for _ in range(ROUNDS):
        distributor = make_distributor()
        meters = [make_meter(distributor) for _ in range(3)]
        # The batches overlap in the middle third only; each slot is written once by each writer.
        early, late = range(2 * SLOTS // 3), range(SLOTS // 3, SLOTS)
        at_once(send(meters, 1, early), send(meters[::-1], 2, late))
        both = set(early) & set(late)
        for meter in meters:
            rows = {row.start: row for row in IntervalReading.objects.filter(meter=meter)}
            assert len(rows) == SLOTS
            revisions = {row.start: row for row in ReadingRevision.objects.filter(meter=meter)}
            assert set(revisions) == {slot(number) for number in both}
            for start, revision in revisions.items():
                assert {revision.energy_wh, revision.replaced_by_wh} == {1, 2}
                assert rows[start].energy_wh == revision.replaced_by_wh
                assert rows[start].quality == Quality.CORRECTED
            meter.refresh_from_db()
            assert meter.data_version == 2
        # One writer came second everywhere: a mixture would mean that the locks let go in between.
        winners = Counter(ReadingRevision.objects.filter(meter__in=meters).values_list("source", flat=True))
        assert len(winners) == 1


def test_four_writers_of_overlapping_meters_lose_nothing():
    for round_number in range(ROUNDS):
        distributor = make_distributor()
        meters = [make_meter(distributor) for _ in range(6)]
        # Writer w knows meters w, w+1, w+2 and every slot is written once by each of those writers.
        groups = [[meters[(writer + step) % 6] for step in range(3)] for writer in range(4)]
        tasks = [
            send(group[:: (-1) ** (writer + round_number)], writer + 1, range(SLOTS))
            for writer, group in enumerate(groups)
        ]
        results = at_once(*tasks)
        owners = {meter.pk: [at + 1 for at, group in enumerate(groups) if meter in group] for meter in meters}
        assert sum(result.new for result in results) == SLOTS * sum(bool(each) for each in owners.values())
        assert sum(result.corrected for result in results) == SLOTS * sum(len(each) - 1 for each in owners.values())
        for meter in meters:
            _told_by_revisions(meter, owners[meter.pk])


def _told_by_revisions(meter, writers):
    """The values of all its writers are in each slot's revisions and in the reading, each once, in a chain."""
    rows = dict(IntervalReading.objects.filter(meter=meter).values_list("start", "energy_wh"))
    assert len(rows) == SLOTS
    for start, last in rows.items():
        chain = list(
            ReadingRevision.objects.filter(meter=meter, start=start)
            .order_by("pk")
            .values_list("energy_wh", "replaced_by_wh")
        )
        assert sorted([old for old, _ in chain] + [last]) == writers
        assert [new for _, new in chain] == [old for old, _ in chain[1:]] + ([last] if chain else [])


def _correction(meter, wh, person):
    return lambda: correct_readings(meter=meter, values={slot(0): wh}, by=person, reason=f"says {wh}")


def test_two_corrections_of_one_slot_at_once_are_both_told():
    for _ in range(ROUNDS):
        meter = make_meter(make_distributor())
        send([meter], 1, [0])()
        people = [make_user(meter.distributor) for _ in range(2)]
        at_once(*(_correction(meter, wh, person) for wh, person in zip((5, 6), people, strict=True)))
        rows = ReadingRevision.objects.filter(meter=meter).order_by("pk")
        first, second = rows.values_list("energy_wh", "replaced_by_wh", "changed_by_id")
        assert (first[0], first[1]) == (1, second[0])
        assert {first[1], second[1]} == {5, 6}
        assert {first[2], second[2]} == {person.pk for person in people}
        assert IntervalReading.objects.get(meter=meter).energy_wh == second[1]


def test_an_undo_and_a_correction_at_once_leave_one_story():
    for _ in range(ROUNDS):
        meter = make_meter(make_distributor())
        batch = make_batch(meter.distributor)
        rows = Readings.of([(meter.pk, slot(number), 1) for number in range(SLOTS)])
        ingest_readings(distributor=meter.distributor, readings=rows, source="import", batch=batch)
        undone, sent = at_once(lambda batch=batch: undo_batch_readings(batch=batch), send([meter], 2, range(SLOTS)))
        assert (undone.removed, undone.kept) in {(SLOTS, 0), (0, SLOTS)}
        assert (sent.new, sent.corrected) == (undone.removed, undone.kept)
        assert set(IntervalReading.objects.filter(meter=meter).values_list("energy_wh", flat=True)) == {2}
        assert ReadingRevision.objects.filter(meter=meter).count() == SLOTS


def test_a_reading_and_its_prediction_find_each_other_whoever_comes_first():
    for _ in range(ROUNDS):
        meter = make_meter(make_distributor())
        numbers = range(SLOTS)
        columns = [[wh] * SLOTS for wh in (50, 40, 60)]
        predictions = Predictions([meter.pk] * SLOTS, seconds_of([slot(at) for at in numbers]), *columns)
        at_once(
            send([meter], 30, numbers),
            lambda meter=meter, predictions=predictions: put_predictions(
                forecast_number=1, issued_at=NOON, predictions=predictions
            ),
        )
        rows = IntervalReading.objects.filter(meter=meter)
        assert set(rows.values_list("predicted_wh", "saving_wh")) == {(50, 20)}
        assert rows.count() == SLOTS
