"""What belongs to the rows of meters and maps themselves."""

from datetime import datetime
from typing import Any

from django.db.models.signals import pre_delete, pre_save
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from accounts.signals import account_closing
from meters.models import Exclusion, ImportBatch, IntervalReading, Meter, MeterMap
from meters.models.exclusion import NOT_USUAL
from meters.services import remove_map
from meters.services.doubts import Doubt
from meters.services.quality import mark_quality, note_refused
from meters.signals import exclusions_changed, readings_ingested, readings_refused, readings_removed
from organizations.models import Distributor


@receiver(pre_save, sender=MeterMap)
def copy_holder_kind(sender: type[MeterMap], instance: MeterMap, raw: bool, **kwargs: Any) -> None:
    """The map says what its holder is; the composite key keeps it true where this does not run."""
    if not raw:
        instance.copy_holder_kind()


@receiver(pre_save, sender=MeterMap)
def find_loaded_row(sender: type[MeterMap], instance: MeterMap, raw: bool, using: str, **kwargs: Any) -> None:
    """A fixture's map is the one that its meter's trigger wrote already; ids of maps mean nothing elsewhere."""
    if not raw:
        return
    maps = MeterMap.objects.using(using)
    same = maps.filter(entity_id=instance.entity_id, meter_id=instance.meter_id, valid_from=instance.valid_from).first()
    if same is not None:
        instance.pk = same.pk
    elif maps.filter(pk=instance.pk).exists():
        instance.pk = None


@receiver(pre_delete, sender=Meter)
def retire_first(sender: type[Meter], instance: Meter, **kwargs: Any) -> None:
    """A meter that is deleted (only one without readings can be) goes out of service, so its map may go."""
    Meter.objects.filter(pk=instance.pk, retired_at=None).update(retired_at=timezone.now())


@receiver(account_closing)
def end_maps_on_closing(sender: Any, user: User, by: User, **kwargs: Any) -> None:
    """Whoever closes the account has no meter from then on; readings stay."""
    for row in MeterMap.objects.filter(entity_id=user.pk).ending_after(timezone.now()).select_related("meter"):
        remove_map(meter_map=row, by=by)


@receiver([readings_ingested, readings_removed], sender=IntervalReading)
def mark_for_quality(
    sender: Any, distributor: Distributor, meter_ids: list[int], start: datetime, end: datetime, **kwargs: Any
) -> None:
    """What changed is looked at in the background."""
    mark_quality(distributor_id=distributor.pk, meter_ids=meter_ids, start=start, end=end)


@receiver(exclusions_changed, sender=Exclusion)
def look_again_at_outages(sender: Any, rows: list[Exclusion], meter_ids: list[int], **kwargs: Any) -> None:
    """What is missing in a noted outage is no fault, and is one again without the note."""
    for row in rows:
        if row.kind in NOT_USUAL:
            mark_quality(distributor_id=row.distributor_id, meter_ids=meter_ids, start=row.start, end=row.end)


@receiver(readings_refused, sender=IntervalReading)
def note_for_quality(
    sender: Any, distributor: Distributor, batch: ImportBatch, doubts: list[Doubt], **kwargs: Any
) -> None:
    """What an import refused of a meter is looked at by a person."""
    note_refused(distributor=distributor, doubts=doubts, batch=batch)
