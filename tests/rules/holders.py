"""Rules on who holds which meter: proofs of their cells."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import modelform_factory

from accounts.models import Kind
from meters.models import Meter, MeterMap
from organizations.models import Membership
from tests.builder import map_meter
from tests.rules.ids import refused
from tests.rules.kit import HOUR, NOON, Kit
from tests.rules.table import proves
from tests.rules.writes import execute, raw_delete, raw_insert, raw_update

LIMIT, DISALLOW, ASSIGN = "limit residential associations", "disallow org user map", "assign distributor meters"


def _map(meter: Meter, holder: Model, **fields: Any) -> MeterMap:
    return MeterMap(**({"meter": meter, "entity_id": holder.pk, "holder_kind": Kind.USER, "valid_from": NOON} | fields))


def _second_of_each(kit: Kit) -> list[MeterMap]:
    """A second meter of a resident and a second resident of a meter: open ones, then ended ones."""
    taken, other = kit.map_of_resident.meter, kit.person()
    pairs = [(kit.meter, kit.resident), (taken, other)]
    open_ones = [_map(meter, holder, valid_from=NOON - HOUR) for meter, holder in pairs]
    return open_ones + [_map(*pair, valid_from=NOON - HOUR, valid_to=NOON + HOUR) for pair in pairs]


def _form_errors(row: MeterMap) -> list[str]:
    """What a form of the admin says; it does not show what kind the holder is."""
    fields = {"entity": row.entity_id, "meter": row.meter_id, "valid_from": row.valid_from, "valid_to": row.valid_to}
    form = modelform_factory(MeterMap, fields=list(fields))(fields)
    return [str(error) for errors in form.errors.values() for error in errors]


@proves(LIMIT, "save", "refuses")
def _limit_saved() -> None:
    for row in _second_of_each(Kit()):
        refused(row.save)


@proves(LIMIT, "form", "refuses")
def _limit_by_form() -> None:
    rows = _second_of_each(Kit())
    said = [_form_errors(row) for row in rows]
    assert all(said), said
    assert "This resident has a meter already." in said[0]
    assert "This meter has a resident already." in said[1]


@proves(LIMIT, "bulk", "refuses")
def _limit_in_bulk() -> None:
    kit = Kit()
    for row in _second_of_each(kit):
        refused(MeterMap.objects.bulk_create, [row])
    person = kit.person()
    refused(MeterMap.objects.bulk_create, [_map(kit.meter, person), _map(kit.foreign_meter, person)])


@proves(LIMIT, "update", "refuses")
def _limit_updated() -> None:
    kit = Kit()
    assert kit.resident
    other = map_meter(kit.meter, kit.person(), NOON)
    past = map_meter(kit.home, kit.person(), NOON - HOUR, valid_to=NOON)
    row, ended = MeterMap.objects.filter(pk=other.pk), MeterMap.objects.filter(pk=past.pk)
    refused(row.update, entity_id=kit.resident.pk)
    refused(row.update, meter=kit.home)
    refused(ended.update, valid_to=None)
    refused(ended.update, valid_to=NOON + HOUR)


@proves(LIMIT, "raw", "refuses")
def _limit_by_hand() -> None:
    kit = Kit()
    for row in _second_of_each(kit):
        refused(raw_insert, row)
    other = map_meter(kit.meter, kit.person(), NOON)
    refused(raw_update, other, {"meter": kit.home})
    # It cannot pass as something else either.
    for row in _second_of_each(kit):
        row.holder_kind = Kind.ORGANIZATION
        refused(raw_insert, row)


def _both_ways(kit: Kit) -> list[Model]:
    """A meter for a member, and an organization for somebody with a meter."""
    assert kit.first_member
    return [_map(kit.meter, kit.member), Membership(user=kit.resident, organization=kit.organization)]


@proves(DISALLOW, "save", "refuses")
def _disallow_saved() -> None:
    for row in _both_ways(Kit()):
        refused(row.save)


@proves(DISALLOW, "form", "refuses")
def _disallow_by_form() -> None:
    kit = Kit()
    of_member, joining = _both_ways(kit)
    assert _form_errors(of_member) == ["Members of an organization see its meters; they cannot have one of their own."]
    with pytest.raises(ValidationError) as refusal:
        joining.full_clean()
    assert refusal.value.messages == ["This person has a meter of their own. End that first."]


@proves(DISALLOW, "bulk", "refuses")
def _disallow_in_bulk() -> None:
    for row in _both_ways(Kit()):
        refused(type(row).objects.bulk_create, [row])


@proves(DISALLOW, "update", "refuses")
def _disallow_updated() -> None:
    kit = Kit()
    refused(MeterMap.objects.filter(pk=kit.map_of_resident.pk).update, entity_id=kit.member.pk)
    past = map_meter(kit.meter, kit.member, NOON - HOUR, valid_to=NOON)
    refused(MeterMap.objects.filter(pk=past.pk).update, valid_to=None)
    refused(Membership.objects.filter(user=kit.member).update, user=kit.resident)


@proves(DISALLOW, "raw", "refuses")
def _disallow_by_hand() -> None:
    for row in _both_ways(Kit()):
        refused(raw_insert, row)


def _is_held(meter: Meter) -> None:
    row = meter.maps.get()
    assert (row.entity_id, row.holder_kind, row.valid_to) == (meter.distributor_id, Kind.DISTRIBUTOR, None)


@proves(ASSIGN, "save", "fills")
def _assign_saved() -> None:
    _is_held(Kit().meter)


@proves(ASSIGN, "form", "fills")
def _assign_by_form() -> None:
    fields = {"distributor": Kit().here.pk, "number": "1", "interval_minutes": 30}
    form = modelform_factory(Meter, fields=list(fields))(fields)
    assert form.is_valid(), form.errors
    _is_held(form.save())


@proves(ASSIGN, "bulk", "fills")
def _assign_in_bulk() -> None:
    here = Kit().here
    Meter.objects.bulk_create([Meter(distributor=here, number=number) for number in "123"])
    for meter in Meter.objects.filter(distributor=here):
        _is_held(meter)


@proves(ASSIGN, "update", "refuses")
def _assign_updated() -> None:
    kit = Kit()
    row = MeterMap.objects.filter(pk=kit.map_of_distributor.pk)
    refused(Meter.objects.filter(pk=kit.meter.pk).update, distributor=kit.there)
    refused(row.update, valid_to=NOON)
    refused(row.update, entity_id=kit.there.pk, meter=kit.foreign_meter)
    refused(row.delete)
    refused(Meter.objects.filter(pk=kit.retired_meter.pk).update, retired_at=None)


@proves(ASSIGN, "raw", "fills")
def _assign_by_hand() -> None:
    kit = Kit()
    raw_insert(Meter(distributor=kit.here, number="1"))
    meter = Meter.objects.get(distributor=kit.here, number="1")
    _is_held(meter)
    refused(raw_delete, meter.maps.get())
    refused(raw_update, meter.maps.get(), {"valid_to": NOON})
    refused(execute, "UPDATE meters_meter SET distributor_id = %s WHERE id = %s", [kit.there.pk, meter.pk])
