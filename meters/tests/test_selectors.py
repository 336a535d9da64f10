"""Holders at a moment, and the first system's figures."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from meters.models import IntervalReading
from meters.selectors import BelowForecast, below_forecast, below_forecast_of_all, holders_at
from tests.builder import make_meter, map_meter

pytestmark = pytest.mark.django_db
START = datetime(2026, 7, 22, tzinfo=UTC)


def put(meter, *pairs):
    """Readings of (energy, prediction) from START on."""
    IntervalReading.objects.bulk_create(
        IntervalReading(meter=meter, start=START + number * timedelta(minutes=30), energy_wh=wh, predicted_wh=predicted)
        for number, (wh, predicted) in enumerate(pairs)
    )


def test_the_holder_at_a_moment_is_the_one_of_that_time(world):
    here, moment = world.here, datetime(2022, 1, 1, tzinfo=UTC)
    here.home.maps.filter(entity_id=here.resident.pk).update(valid_to=moment)
    map_meter(here.home, here.other_organization, moment)
    ids = [here.home.pk, here.school.pk]
    before = holders_at(meter_ids=ids, at=moment - timedelta(seconds=1))
    assert before == {here.home.pk: here.resident.pk, here.school.pk: here.organization.pk}
    assert holders_at(meter_ids=ids, at=moment)[here.home.pk] == here.other_organization.pk


def test_a_meter_that_only_the_distributor_has_has_no_holder(world):
    meter = make_meter(world.here.distributor)
    assert holders_at(meter_ids=[meter.pk], at=START) == {}


def test_a_resident_comes_before_an_organization(world):
    here = world.here
    map_meter(here.home, here.organization, datetime(2025, 1, 1, tzinfo=UTC))
    assert holders_at(meter_ids=[here.home.pk], at=START) == {here.home.pk: here.resident.pk}


def test_savings_are_summed_positive_and_signed_over_what_was_predicted(world):
    put(world.here.home, (80, 100), (130, 100), (100, 100), (70, None))
    figures = below_forecast(readings=IntervalReading.objects.visible_to(world.here.resident))
    assert figures == {world.here.home.pk: BelowForecast(3, 1, 20, -10)}
    assert figures[world.here.home.pk].participation == Fraction(1, 3)


def test_without_a_prediction_there_is_no_figure(world):
    put(world.here.home, (80, None))
    assert below_forecast(readings=IntervalReading.objects.all()) == {}
    whole = below_forecast_of_all(readings=IntervalReading.objects.all())
    assert (whole, whole.participation) == (BelowForecast(0, 0, 0, 0), None)


def test_all_meters_together_add_up(world, django_assert_num_queries):
    put(world.here.home, (80, 100))
    put(world.here.school, (900, 800), (700, 800))
    with django_assert_num_queries(1):
        whole = below_forecast_of_all(readings=IntervalReading.objects.all())
    assert whole == BelowForecast(3, 2, 120, 20)
