"""What an event that nobody was told of would be, for the builder and for the page of a draft."""

from typing import Any

from dashboards.operator_facts import event_size
from dashboards.operator_facts.events import event_name
from events.models import Event, LeftOutReason
from events.selectors import meters_taking_part, targets_of
from events.services import size_of
from events.targets import Targets


def preview_context(event: Event, targets: Targets) -> dict[str, Any]:
    """What dashboards/operator/event_preview.html shows; the event may be unsaved, and nothing is written."""
    size = size_of(event=event, targets=targets, left_out=left_out_of(event))
    enrolled = list(meters_taking_part(program=event.program, at=event.start))
    return {
        "when": event_name(event),
        "view": event_size.view_of(event, size),
        "map": event_size.map_of(size, enrolled),
        "limits": event_size.limits_of(event.version),
        "columns": event_size.columns(),
        "out_columns": event_size.out_columns(),
    }


def draft_preview(event: Event) -> dict[str, Any]:
    """The same of a draft as it is kept."""
    return preview_context(event, targets_of(event))


def left_out_of(event: Event) -> dict[int, str]:
    """Meter id -> why the operator leaves it out of the draft; none of one that is not saved."""
    if not event.pk:
        return {}
    return dict(event.left_out.filter(reason=LeftOutReason.OPERATOR).values_list("meter", "note"))
