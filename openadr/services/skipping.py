"""Whom VENs said beforehand that they are not available for (EiOpt schedules)."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from events.models import Event, Participation
from openadr.models import Opt, VenOpt
from openadr.services.told import parts_behind


def skipped_by_opts(*, event: Event) -> list[Participation]:
    """The event's participations behind a VEN, or one of its resources, whose opt-out schedule overlaps it."""
    rows = VenOpt.objects.filter(
        ven__distributor=event.program.distributor_id, opt_type=Opt.OUT, delivery=None, ended_at=None
    )
    whole: set[int] = set()
    parts: dict[int, set[str]] = defaultdict(set)
    for ven_id, resources, spans in rows.values_list("ven_id", "resources", "spans"):
        if not _overlaps(spans, event):
            continue
        if resources:
            parts[ven_id] |= set(resources)
        else:
            whole.add(ven_id)
    names: dict[int, Collection[str]] = {**parts, **dict.fromkeys(whole, ())}
    return [part for _ven_id, part in parts_behind(event, names)] if names else []


def _overlaps(spans: Iterable[Iterable[str]], event: Event) -> bool:
    moments = ([datetime.fromisoformat(moment) for moment in span] for span in spans)
    return any(start < event.end and end > event.start for start, end in moments)
