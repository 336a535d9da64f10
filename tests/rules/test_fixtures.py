"""A world that is dumped and loaded elsewhere is the same world."""

import json
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from meters.models import IntervalReading, Meter, MeterMap
from organizations.models import Membership
from organizations.services import demote_member, promote_member
from tests.builder import make_world
from tests.rules.kit import HOUR, NOON, Kit

LABELS = ("accounts", "delivery", "organizations", "meters", "forecasting", "events", "settlement")


def _dump(file: Path) -> list[dict]:
    call_command("dumpdata", *LABELS, natural_foreign=True, output=str(file))
    return json.loads(file.read_text())


def _told(rows: list[dict]) -> list[str]:
    """The rows in an order of their own; a map's id means nothing outside its database.

    A dump keeps milliseconds, and writes a moment 0.4 ms after the second as ".000" the first time only.
    """
    plain = [row | {"pk": None} if row["model"] == "meters.metermap" else row for row in rows]
    return sorted(json.dumps(row, sort_keys=True).replace(".000Z", "Z") for row in plain)


def _world() -> None:
    side = make_world().here
    promote_member(membership=side.member.membership)
    demote_member(membership=side.organization_admin.membership)
    Meter.objects.create(distributor=side.distributor, number="old", retired_at=NOON)
    IntervalReading.objects.create(meter=side.home, start=NOON, energy_wh=400, predicted_wh=500)
    kit = Kit()
    for each in ("line", "entry", "nomination", "participation", "attempt", "exclusion", "prediction", "revision"):
        assert getattr(kit, each)
    MeterMap.objects.filter(entity_id=side.resident.pk).update(valid_to=NOON + HOUR)


@pytest.mark.django_db(transaction=True)
def test_a_dumped_world_loads_into_an_empty_database(tmp_path: Path) -> None:
    _world()
    before = _dump(tmp_path / "before.json")
    assert {row["model"].split(".")[0] for row in before} == set(LABELS) - {"forecasting"}
    call_command("flush", interactive=False, verbosity=0)
    assert not any(model.objects.exists() for model in apps.get_app_config("meters").get_models())
    call_command("loaddata", str(tmp_path / "before.json"), verbosity=0)
    assert _told(_dump(tmp_path / "after.json")) == _told(before)
    assert Membership.objects.filter(role="admin").count() == 4
