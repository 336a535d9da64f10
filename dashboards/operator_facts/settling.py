"""How far the settlement of an event is that is being worked out."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from events.models import Event
from settlement.services.progress import run_progress


def settling(event: Event) -> dict[str, Any] | None:
    """What templates/dashboards/settlement/progress.html shows; None if nothing is under way. At most two queries."""
    now = run_progress(event=event)
    if now is None:
        return None
    words = {"done": now.done, "total": now.total}
    text = _("%(done)d of %(total)d participants") % words if now.done else _("Waits for a free worker")
    percent = 100 * now.done // now.total if now.total else None
    url = reverse("operator_event_settling", args=[event.pk])
    return {"moving": True, "percent": percent, "text": text, "url": url}
