"""Predictions come in force only if they were issued in time, and fill the readings that are there."""

from datetime import timedelta

import pytest

from meters.errors import BadPrediction
from meters.models import Prediction
from meters.services import Predictions, put_predictions
from meters.services.columns import seconds_of
from meters.tests.helpers import NOON, ingest, slot, stored
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def meter():
    return make_meter(make_distributor())


def put(meter, *rows, issued_at=NOON, number=1):
    starts, values = [row[0] for row in rows], [row[1] for row in rows]
    predictions = Predictions(
        meter_ids=[meter.pk] * len(rows),
        starts=seconds_of(starts),
        wh=values,
        lower_wh=[value - 100 for value in values],
        upper_wh=[value + 100 for value in values],
    )
    return put_predictions(forecast_number=number, issued_at=issued_at, predictions=predictions)


def in_force(meter):
    rows = Prediction.objects.filter(meter=meter).order_by("start")
    return list(rows.values_list("start", "wh", "lower_wh", "upper_wh", "issued_at", "forecast_number"))


def test_predictions_are_stored_with_their_bounds(meter):
    result = put(meter, (slot(0), 500), (slot(1), 600), number=9)
    assert (result.stored, result.superseded, result.too_late) == (2, 0, 0)
    assert in_force(meter) == [(slot(0), 500, 400, 600, NOON, 9), (slot(1), 600, 500, 700, NOON, 9)]


def test_an_interval_that_had_started_gets_none(meter):
    result = put(meter, (slot(-1), 500), (slot(0), 500))
    assert (result.stored, result.too_late) == (1, 1)
    assert [row[0] for row in in_force(meter)] == [slot(0)]


def test_a_later_issue_replaces_and_an_earlier_one_does_not(meter):
    put(meter, (slot(9), 500), issued_at=slot(4), number=1)
    assert put(meter, (slot(9), 1), issued_at=slot(3), number=2).superseded == 1
    assert put(meter, (slot(9), 2), issued_at=slot(4), number=3).superseded == 1
    microseconds_later = slot(4) + timedelta(microseconds=5)
    assert put(meter, (slot(9), 700), issued_at=microseconds_later, number=4).stored == 1
    assert put(meter, (slot(9), 3), issued_at=slot(4) + timedelta(microseconds=4), number=5).superseded == 1
    assert [(row[1], row[5]) for row in in_force(meter)] == [(700, 4)]


def test_readings_that_are_there_get_the_prediction_and_the_version_rises(meter):
    ingest(meter, (slot(0), 400), (slot(2), 400), (slot(3), 400))
    meter.refresh_from_db()
    version = meter.data_version
    put(meter, (slot(0), 500), (slot(2), 300))
    meter.refresh_from_db()
    assert [(row[2], row[4]) for row in stored(meter)] == [(500, 100), (300, 0), (None, None)]
    assert meter.data_version == version + 1


def test_a_superseded_prediction_leaves_the_reading_alone(meter):
    put(meter, (slot(5), 500), issued_at=slot(4))
    ingest(meter, (slot(5), 400))
    put(meter, (slot(5), 900), issued_at=slot(2))
    assert stored(meter) == [(slot(5), 400, 500, 0, 100)]


def test_the_same_forecast_twice_changes_nothing(meter):
    put(meter, (slot(0), 500))
    meter.refresh_from_db()
    assert put(meter, (slot(0), 500)).stored == 0
    version = meter.data_version
    meter.refresh_from_db()
    assert meter.data_version == version


def test_what_is_no_forecast_is_refused_as_a_whole(meter):
    with pytest.raises(BadPrediction, match="same interval"):
        put(meter, (slot(0), 1), (slot(0), 2))
    unknown = Predictions([10**15], seconds_of([slot(0)]), [1], [0], [2])
    beyond = Predictions([meter.pk], seconds_of([slot(0)]), [5], [0], [2])
    with pytest.raises(BadPrediction, match="does not exist"):
        put_predictions(forecast_number=1, issued_at=NOON, predictions=unknown)
    with pytest.raises(BadPrediction, match="bounds"):
        put_predictions(forecast_number=1, issued_at=NOON, predictions=beyond)
    huge = Predictions([meter.pk], seconds_of([slot(0)]), [1], [0], [3_000_000_000])
    with pytest.raises(BadPrediction, match="more than any meter measures"):
        put_predictions(forecast_number=1, issued_at=NOON, predictions=huge)
    assert in_force(meter) == []
