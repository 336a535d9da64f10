"""Two writers of the same meters at once. Only MariaDB has two writers."""

import threading
from collections import Counter

import pytest
from django.db import connection

from meters.models import IntervalReading, Quality, ReadingRevision
from meters.services import Predictions, Readings, ingest_readings, put_predictions
from meters.services.columns import seconds_of
from meters.tests.helpers import NOON, slot
from tests.builder import make_distributor, make_meter

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
