"""A person sets single readings right: with a reason, all or nothing, and what was there is kept."""

from datetime import timedelta

import pytest

from meters.errors import ReadingRefused
from meters.models import Quality, ReadingRevision, RollupMark
from meters.services import correct_readings
from meters.signals import readings_removed
from meters.tests.helpers import NOON, ingest, slot, stored
from tests.builder import make_distributor, make_meter, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def meter():
    return make_meter(make_distributor())


@pytest.fixture
def person(meter):
    return make_user(meter.distributor)


def test_a_value_is_replaced_in_the_persons_name(meter, person):
    ingest(meter, (slot(0), 400), (slot(1), 500))
    RollupMark.objects.all().delete()
    result = correct_readings(meter=meter, values={slot(1): 50, slot(2): 7}, by=person, reason="CT was turned")
    assert (result.corrected, result.new, result.removed, result.unchanged) == (1, 1, 0, 0)
    assert [row[:2] + row[3:4] for row in stored(meter)] == [(slot(0), 400, 0), (slot(1), 50, 1), (slot(2), 7, 1)]
    revision = ReadingRevision.objects.get()
    assert (revision.energy_wh, revision.replaced_by_wh, revision.quality) == (500, 50, Quality.MEASURED)
    assert (revision.changed_by, revision.reason, revision.batch) == (person, "CT was turned", None)
    assert RollupMark.objects.values_list("start", "end").get() == (slot(1), slot(3))


def test_none_takes_a_reading_away(meter, person):
    ingest(meter, (slot(0), 400), (slot(1), 500))
    calls = []

    def receiver(sender, **kwargs):
        calls.append((kwargs["meter_ids"], kwargs["start"], kwargs["end"]))

    readings_removed.connect(receiver)
    try:
        result = correct_readings(meter=meter, values={slot(1): None, slot(9): None}, by=person, reason="wrong meter")
    finally:
        readings_removed.disconnect(receiver)
    assert result.removed == 1
    assert [row[0] for row in stored(meter)] == [slot(0)]
    assert ReadingRevision.objects.get().replaced_by_wh is None
    assert calls == [([meter.pk], slot(1), slot(2))]


def test_confirming_a_measured_value_changes_nothing_and_an_estimate_becomes_firm(meter, person):
    ingest(meter, (slot(0), 400), (slot(1), 500, Quality.ESTIMATED))
    result = correct_readings(meter=meter, values={slot(0): 400, slot(1): 500}, by=person, reason="read by eye")
    assert (result.unchanged, result.corrected) == (1, 1)
    assert [row[3] for row in stored(meter)] == [Quality.MEASURED, Quality.CORRECTED]


@pytest.mark.parametrize("values", [{NOON: -5, slot(1): 3}, {NOON + timedelta(minutes=1): 3, slot(1): 3}])
def test_what_cannot_be_right_changes_nothing_at_all(meter, person, values):
    with pytest.raises(ReadingRefused, match="2024-07-01"):
        correct_readings(meter=meter, values=values, by=person, reason="try")
    assert stored(meter) == []


def test_there_must_be_a_reason(meter, person):
    with pytest.raises(ReadingRefused, match="why"):
        correct_readings(meter=meter, values={slot(0): 1}, by=person, reason=" ")


def test_the_versions_rise_once(meter, person):
    ingest(meter, (slot(0), 1), (slot(1), 1))
    correct_readings(meter=meter, values={slot(0): 2, slot(1): None}, by=person, reason="try")
    meter.refresh_from_db()
    assert meter.data_version == 2
