"""What belongs to the rows of meters and maps themselves."""

from typing import Any

from django.db.models.signals import pre_delete, pre_save
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import Entity
from meters.models import Meter, MeterMap


@receiver(pre_save, sender=MeterMap)
def copy_holder_kind(sender: type[MeterMap], instance: MeterMap, raw: bool, **kwargs: Any) -> None:
    """The map says what its holder is; the composite key keeps it true where this does not run."""
    if not raw and instance.entity_id is not None:
        instance.holder_kind = Entity.objects.values_list("kind", flat=True).get(pk=instance.entity_id)


@receiver(pre_delete, sender=Meter)
def retire_first(sender: type[Meter], instance: Meter, **kwargs: Any) -> None:
    """A meter that is deleted (only one without readings can be) goes out of service, so its map may go."""
    Meter.objects.filter(pk=instance.pk, retired_at=None).update(retired_at=timezone.now())
