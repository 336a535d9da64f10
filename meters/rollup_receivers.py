"""Marks sums that change with maps, feeders, groups and clocks; those of readings are marked where they are written."""

from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

from accounts.models import Kind
from meters.models import Feeder, Meter, MeterMap, ScopeKind
from meters.services.rollups.changes import mark_clock, mark_feeder, mark_holder
from meters.services.rollups.totals import mark_scope
from organizations.models import Distributor, GroupMember, Organization, OrganizationGroup


@receiver(pre_save, sender=MeterMap)
def remember_map(sender: type[MeterMap], instance: MeterMap, raw: bool, **kwargs: Any) -> None:
    """What a map said before."""
    if not raw:
        stored = None if instance._state.adding else MeterMap.objects.filter(pk=instance.pk).first()
        instance.map_before = stored  # type: ignore[attr-defined]  # kept on the row from one signal to the next


@receiver(post_save, sender=MeterMap)
def map_saved(sender: type[MeterMap], instance: MeterMap, raw: bool, **kwargs: Any) -> None:
    """Who holds a meter sees its hours, in the sums too; what was cached of the meter's people is made anew."""
    if not raw:
        _map_changed(getattr(instance, "map_before", None), instance)


@receiver(post_delete, sender=MeterMap)
def map_deleted(sender: type[MeterMap], instance: MeterMap, **kwargs: Any) -> None:
    """Nobody's any more."""
    _map_changed(instance, None)


def _map_changed(before: MeterMap | None, after: MeterMap | None) -> None:
    maps = [each for each in (before, after) if each is not None]
    for meter_id in sorted({each.meter_id for each in maps}):
        # Which locks the meter besides: nothing of it is ingested until this is committed.
        Meter.objects.filter(pk=meter_id).update(data_version=F("data_version") + 1)
    if before and after and _whose(before) == _whose(after):
        for start, end in _moved(before, after):
            _mark_map(after, start, end)
        return
    for each in maps:
        _mark_map(each, each.valid_from, each.valid_to)


def _whose(row: MeterMap) -> tuple[int, int]:
    return row.entity_id, row.meter_id


def _moved(before: MeterMap, after: MeterMap) -> list[tuple[datetime, datetime | None]]:
    """The times between the old and the new bounds."""
    found: list[tuple[datetime, datetime | None]] = []
    if before.valid_from != after.valid_from:
        found.append((min(before.valid_from, after.valid_from), max(before.valid_from, after.valid_from)))
    if before.valid_to != after.valid_to:
        ends = sorted(end for end in (before.valid_to, after.valid_to) if end is not None)
        found.append((ends[0], ends[1] if len(ends) > 1 else None))
    return found


def _mark_map(row: MeterMap, start: datetime, end: datetime | None) -> None:
    if row.holder_kind == Kind.ORGANIZATION:
        mark_holder(meter_id=row.meter_id, organization_id=row.entity_id, start=start, end=end)


@receiver(pre_save, sender=Meter)
def remember_meter(sender: type[Meter], instance: Meter, raw: bool, update_fields: Any = None, **kwargs: Any) -> None:
    """On which feeder and clock a meter was."""
    touched = update_fields is None or {"feeder", "feeder_id", "zone_name"} & set(update_fields)
    known = not raw and touched and not instance._state.adding
    fields = Meter.objects.filter(pk=instance.pk).values_list("feeder_id", "zone_name").first() if known else None
    instance.meter_before = fields  # type: ignore[attr-defined]  # kept on the row from one signal to the next


@receiver(post_save, sender=Meter)
def meter_saved(sender: type[Meter], instance: Meter, **kwargs: Any) -> None:
    """Its hours count for its feeder, its days begin at midnight of its clock."""
    before = getattr(instance, "meter_before", None)
    if before is None:
        return
    feeder_id, zone_name = before
    if feeder_id != instance.feeder_id:
        for each in (feeder_id, instance.feeder_id):
            mark_feeder(meter_id=instance.pk, distributor_id=instance.distributor_id, feeder_id=each)
    if zone_name != instance.zone_name:
        mark_clock(distributor_id=instance.distributor_id, meter_ids=[instance.pk])


@receiver(pre_save, sender=Distributor)
def remember_clock(sender: type[Distributor], instance: Distributor, raw: bool, **kwargs: Any) -> None:
    """Which clock a distributor had."""
    known = not raw and not instance._state.adding
    zones = Distributor.objects.filter(pk=instance.pk).values_list("timezone", flat=True)
    instance.clock_before = zones.first() if known else None  # type: ignore[attr-defined]  # kept on the row from one signal to the next


@receiver(post_save, sender=Distributor)
def distributor_saved(sender: type[Distributor], instance: Distributor, **kwargs: Any) -> None:
    """The days of the meters without a clock of their own begin at its midnight."""
    before = getattr(instance, "clock_before", None)
    if before not in (None, instance.timezone):
        meters = Meter.objects.filter(distributor_id=instance.pk, zone_name="")
        mark_clock(distributor_id=instance.pk, meter_ids=list(meters.values_list("pk", flat=True)))


@receiver([post_save, post_delete], sender=GroupMember)
def members_changed(sender: type[GroupMember], instance: GroupMember, **kwargs: Any) -> None:
    """A group has the hours of its organizations."""
    if not kwargs.get("raw"):
        distributor_id = instance.organization.distributor_id
        mark_scope(distributor_id=distributor_id, scope=(ScopeKind.GROUP.value, instance.group_id))


@receiver(post_delete, sender=Organization)
@receiver(post_delete, sender=OrganizationGroup)
@receiver(post_delete, sender=Feeder)
def scope_deleted(sender: type[Any], instance: Any, **kwargs: Any) -> None:
    """Whatever is gone has no hours."""
    kinds = {Organization: ScopeKind.ORGANIZATION, OrganizationGroup: ScopeKind.GROUP, Feeder: ScopeKind.FEEDER}
    mark_scope(distributor_id=instance.distributor_id, scope=(kinds[sender].value, instance.pk))
