"""What telling people of an event means for programs that pay by predictions."""

from typing import Any

from django.dispatch import receiver

from events.models import Event, EventState
from events.signals import event_changed
from settlement.services.freeze import freeze_predictions, note_told

# A running event may be prolonged: its further hours are told then.
KNOWN = (EventState.NOTIFIED, EventState.ACTIVE)


@receiver(event_changed)
def keep_predictions(sender: type[Event], event: Event, **kwargs: Any) -> None:
    """Keeps what was told, and what is predicted now, before a later forecast replaces it."""
    if event.state in KNOWN and note_told(event=event):
        freeze_predictions(event=event)
