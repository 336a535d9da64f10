"""What an import refuses of a meter is looked at by a person."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from meters.models import HitState, ImportBatch, Meter, QualityHit, ReadingKind
from meters.services import Readings, RegisterReads, ingest_readings, ingest_register
from meters.services.doubts import MAX_DOUBTS
from meters.services.quality import check_marked, check_quality
from meters.tests.helpers import HALF_HOUR, make_batch, slot
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db
OFF = timedelta(minutes=10)


@pytest.fixture
def meter() -> Meter:
    return make_meter(make_distributor())


def send(meter: Meter, *rows: tuple[datetime, int], batch: ImportBatch | None = None) -> None:
    readings = Readings.of([(meter.pk, *row) for row in rows])
    ingest_readings(distributor=meter.distributor, readings=readings, source="test", batch=batch)


def hits(meter: Meter) -> list[tuple[Any, ...]]:
    rows = QualityHit.objects.filter(meter=meter).order_by("start", "rule")
    return list(rows.values_list("rule", "start", "end", "slots", "value_wh"))


def test_negative_rows_are_one_hit_per_run_with_the_lowest_value(meter: Meter) -> None:
    batch = make_batch(meter.distributor)
    send(meter, (slot(0), 1), (slot(1), -5), (slot(2), -9), (slot(5), -1), batch=batch)
    assert hits(meter) == [("negative", slot(1), slot(3), 2, -9), ("negative", slot(5), slot(6), 1, -1)]
    assert {hit.batch for hit in QualityHit.objects.all()} == {batch}


def test_rows_that_contradict_each_other_are_a_duplicate(meter: Meter) -> None:
    rows = [(slot(0), 1), (slot(0), 2), (slot(1), 3), (slot(1), 3)]
    send(meter, *rows, batch=make_batch(meter.distributor))
    assert hits(meter) == [("duplicate", slot(0), slot(1), 1, None)]


def test_intervals_that_reach_into_others_overlap_and_a_shifted_file_does_not(meter: Meter) -> None:
    send(meter, (slot(0), 1), (slot(0) + OFF, 2), (slot(4) + OFF, 3), batch=make_batch(meter.distributor))
    assert hits(meter) == [("overlap", slot(0) + OFF, slot(1) + OFF, 1, None)]
    other = make_meter(meter.distributor, "shifted")
    shifted = [(slot(number) + OFF, 1) for number in range(5)]
    send(other, *shifted, batch=make_batch(meter.distributor))
    assert hits(other) == []


def test_rows_of_a_time_to_come_are_a_hit_until_it_has_come(meter: Meter) -> None:
    soon = (timezone.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    send(meter, (soon, 1), (soon + HALF_HOUR, 1), batch=make_batch(meter.distributor))
    assert hits(meter) == [("future", soon, soon + 2 * HALF_HOUR, 2, None)]
    QualityHit.objects.update(start=slot(0), end=slot(2))
    check_marked(distributor=meter.distributor)
    assert QualityHit.objects.get().state == HitState.GONE


def test_a_time_beyond_all_calendars_is_refused_and_no_hit(meter: Meter) -> None:
    far = [2**33, 2**40, 2**62, 2**63 - 1]
    readings = Readings(meter_ids=[meter.pk] * 4, starts=far, energies_wh=[1] * 4)  # type: ignore[arg-type]  # lists do for arrays
    result = ingest_readings(
        distributor=meter.distributor, readings=readings, source="test", batch=make_batch(meter.distributor)
    )
    assert (result.new, result.refused, hits(meter)) == (0, 4, [])


def test_a_register_that_went_back_is_a_hit(meter: Meter) -> None:
    Meter.objects.filter(pk=meter.pk).update(reading_kind=ReadingKind.REGISTER)
    reads = RegisterReads.of([(meter.pk, slot(0), 500), (meter.pk, slot(2), 400), (meter.pk, slot(3), 450)])
    ingest_register(distributor=meter.distributor, reads=reads, source="test", batch=make_batch(meter.distributor))
    assert hits(meter) == [("register", slot(0), slot(2), 2, -100)]


def test_the_next_look_at_what_is_stored_does_not_end_it(meter: Meter) -> None:
    send(meter, (slot(0), 1), (slot(1), -5), (slot(2), 1), batch=make_batch(meter.distributor))
    check_quality(distributor=meter.distributor, start=slot(-9), end=slot(9))
    assert {hit[0] for hit in hits(meter)} == {"gap", "negative"}
    assert set(QualityHit.objects.values_list("state", flat=True)) == {HitState.OPEN}


def test_the_same_file_again_leaves_what_was_accepted(meter: Meter) -> None:
    for _turn in range(2):
        send(meter, (slot(1), -5), batch=make_batch(meter.distributor))
        QualityHit.objects.update(state=HitState.ACCEPTED, reason="a test of the meter")
    assert QualityHit.objects.get().state == HitState.ACCEPTED
    send(meter, (slot(1), -6), batch=make_batch(meter.distributor))
    assert QualityHit.objects.get().state == HitState.OPEN


def test_a_file_that_is_wrong_throughout_leaves_a_bounded_number(meter: Meter) -> None:
    rows = [(slot(2 * number), -1) for number in range(MAX_DOUBTS + 20)]
    send(meter, *rows, batch=make_batch(meter.distributor))
    assert QualityHit.objects.count() == MAX_DOUBTS


def test_a_strangers_meter_gets_no_hit(meter: Meter) -> None:
    other = make_distributor("Other")
    readings = Readings.of([(meter.pk, slot(0), -5)])
    ingest_readings(distributor=other, readings=readings, source="test", batch=make_batch(other))
    assert not QualityHit.objects.exists()


def test_what_comes_without_an_import_leaves_no_hit(meter: Meter) -> None:
    send(meter, (slot(0), -5))
    assert not QualityHit.objects.exists()
