"""Rule "populate deltas": proofs of its cells."""

import pytest
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, transaction
from django.forms import modelform_factory

from meters.models import IntervalReading
from tests.rules.kit import HOUR, NOON, Kit
from tests.rules.table import proves
from tests.rules.writes import execute, raw_insert, raw_update

DELTAS = "populate deltas"
# What was used, what was predicted, what was saved by that.
CASES = [(400, 500, 100), (500, 500, 0), (600, 500, 0), (400, None, None), (-50, 20, 70)]


def _readings(kit: Kit) -> list[IntervalReading]:
    return [
        IntervalReading(meter=kit.meter, start=NOON + step * HOUR, energy_wh=used, predicted_wh=predicted)
        for step, (used, predicted, _saved) in enumerate(CASES)
    ]


def _are_filled(kit: Kit) -> None:
    stored = IntervalReading.objects.filter(meter=kit.meter).order_by("start")
    assert list(stored.values_list("energy_wh", "predicted_wh", "saving_wh")) == CASES


@proves(DELTAS, "save", "fills")
def _saved() -> None:
    kit = Kit()
    for reading in _readings(kit):
        reading.save()
    _are_filled(kit)


@proves(DELTAS, "form", "fills")
def _by_form() -> None:
    kit = Kit()
    asked = {"meter": kit.meter.pk, "start": NOON, "energy_wh": 400, "predicted_wh": 500, "quality": 0}
    form = modelform_factory(IntervalReading, fields=list(asked))(asked | {"saving_wh": 9})
    assert form.is_valid(), form.errors
    form.save()
    assert IntervalReading.objects.get(meter=kit.meter).saving_wh == 100
    with pytest.raises(ImproperlyConfigured):
        AdminSite().register(IntervalReading)


@proves(DELTAS, "bulk", "fills")
def _in_bulk() -> None:
    kit = Kit()
    IntervalReading.objects.bulk_create(_readings(kit))
    _are_filled(kit)


@proves(DELTAS, "update", "fills")
def _updated() -> None:
    kit = Kit()
    row = IntervalReading.objects.filter(meter=kit.reading.meter)
    for used, predicted, saved in CASES:
        row.update(energy_wh=used, predicted_wh=predicted)
        assert row.get().saving_wh == saved


@proves(DELTAS, "raw", "fills")
def _by_hand() -> None:
    kit = Kit()
    for reading in _readings(kit):
        raw_insert(reading)
    _are_filled(kit)
    raw_update(_readings(kit)[0], {"energy_wh": 450})
    assert IntervalReading.objects.get(meter=kit.meter, start=NOON).saving_wh == 50
    with pytest.raises(DatabaseError), transaction.atomic():
        execute("UPDATE meters_intervalreading SET saving_wh = 7 WHERE meter_id = %s", [kit.meter.pk])
