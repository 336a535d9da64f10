"""Hearing, before people are told of an event, who said beforehand to higher rooms that they skip it."""

from events.models import Event
from events.services.seated import seated_size
from events.signals import wishes_asked


def hear_others(event: Event) -> int:
    """How many more skip the locked, announced event; what is expected of it follows."""
    count = sum(int(changed or 0) for _receiver, changed in wishes_asked.send(sender=Event, event=event))
    if count:
        figures = seated_size(event).columns()
        for name, value in figures.items():
            setattr(event, name, value)
        event.save(update_fields=[*figures])
    return count
