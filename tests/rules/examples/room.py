"""The log of an event."""

from events.models import Event, EventNote
from tests.rules.examples.example import Example
from tests.rules.kit import Kit


def note(kit: Kit, **fields: object) -> EventNote:
    values = {"event": kit.event, "by": kit.staff, "text": "Feeder 14 is back."}
    return EventNote(**(values | fields))


def stored_note(kit: Kit, **fields: object) -> EventNote:
    row = note(kit, **fields)
    row.save()
    return row


def note_of_announced(kit: Kit) -> EventNote:
    row = stored_note(kit)
    for number, state in enumerate(("scheduled", "notified"), start=1):
        Event.objects.filter(pk=kit.event.pk).update(state=state, modification_number=number)
    return row


EXAMPLES = {
    "event_note_says_something": Example(new=lambda kit: note(kit, text="")),
    "event_note_within_distributor": Example(new=lambda kit: note(kit, by=kit.person(kit.there))),
    "event_note_unchanged": Example(change=lambda kit: (stored_note(kit), {"text": "Something else."})),
    "event_note_kept": Example(delete=note_of_announced),
}
