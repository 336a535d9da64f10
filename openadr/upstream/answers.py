"""Telling a VTN whether the program takes part in its events."""

from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from openadr.models import Opt, Upstream, UpstreamEvent
from openadr.upstream.messages import fine
from openadr.upstream.talk import FINE, Talk

# So long after its end nobody waits for an answer.
WAITS = timedelta(days=1)
MOST = 50
# "invalid id": the VTN has another modification by now, and will say so, or has forgotten the event.
KNOWN_NO_MORE = 452
REASONS = {
    "no_call": "Asks for no reduction.",
    "no_end": "An event without an end is not called.",
    "over": "Too late.",
    "deleted_here": "Declined by the operator.",
    "off_here": "Called off by the operator.",
    "moved_here": "Moved by the operator.",
}


def to_answer(upstream: Upstream) -> QuerySet[UpstreamEvent]:
    """The events whose newest answer the VTN has not acknowledged."""
    unsaid = Q(answered_modification__isnull=True) | ~Q(answered_modification=F("modification_number"))
    changed = ~Q(answered_opt=F("opt"))
    rows = UpstreamEvent.objects.filter(unsaid | changed, upstream=upstream, wants_answer=True)
    decided = rows.exclude(opt="").filter(applied_modification=F("modification_number"))
    return decided.filter(end__gt=timezone.now() - WAITS).order_by("start", "pk")


def answer(talk: Talk) -> int:
    """How many events were answered.

    Raises:
        Fault: the VTN does not take the answers; they are said again at the next poll.
    """
    rows = list(to_answer(talk.upstream)[:MOST])
    if not rows:
        return 0
    said = talk.say(
        "EiEvent",
        "oadrCreatedEvent",
        ven_id=talk.upstream.ven_id,
        response=fine(rows[0].request_id),
        event_responses=[_response(row) for row in rows],
    )
    if said.code not in FINE and said.code != KNOWN_NO_MORE:
        raise said.fault
    for row in rows:
        # Only as long as it says the same: what changed meanwhile is answered anew.
        same = UpstreamEvent.objects.filter(pk=row.pk, modification_number=row.modification_number)
        same.update(answered_modification=row.modification_number, answered_opt=row.opt)
    return len(rows)


def _response(row: UpstreamEvent) -> dict[str, Any]:
    return {
        **fine(row.request_id, words=reason(row)),
        "event_id": row.event_ref,
        "modification_number": row.modification_number,
        "opt_type": row.opt,
    }


def reason(row: UpstreamEvent) -> str:
    """Why, in the words of the wire: English, and nothing of what only concerns us."""
    if row.opt != Opt.OUT:
        return "OK"
    code = row.note.partition("|")[0]
    return REASONS.get(code, "Nothing can be delivered.")
