"""What news of the rooms below mean for what VTNs above are told."""

from typing import Any

from django.dispatch import receiver

from accounts.signals import resealing
from events.models import Event
from events.signals import event_changed
from openadr.models import UpstreamEvent
from openadr.services.upstream import reseal_keys


@receiver(event_changed)
def find_answer_anew(sender: type[Event], event: Event, **kwargs: Any) -> None:
    """What the program can deliver may be another thing now; the next poll finds out, and says so."""
    UpstreamEvent.objects.filter(event=event, is_stale=False).update(is_stale=True)


@receiver(resealing)
def reseal(sender: Any, **kwargs: Any) -> int:
    """The keys with which the portal shows itself to VTNs are sealed anew, too."""
    return reseal_keys()
