"""Disputes, what is said in them, and the adjustments that settle them."""

from datetime import timedelta
from typing import Any

from accounts.models import Entity
from events.models import Event, Participation, Program, ProgramVersion
from settlement.models import Dispute, DisputeMessage
from tests.rules.examples.example import Change, Example, again
from tests.rules.kit import HOUR, NOON, Kit

DECIDED = {"state": "against", "outcome": "It is right.", "decided_at": NOON}


def dispute(kit: Kit, **fields: Any) -> Dispute:
    """One that waits for its answer, not stored."""
    mine: dict[str, Any] = {
        "distributor": kit.here,
        "participation": kit.participation,
        "holder": kit.entity_of(kit.organization),
        "category": "reading",
        "opened_by": kit.staff,
        "opened_at": NOON,
        "due_at": NOON + timedelta(days=14),
    }
    return Dispute(**(mine | fields))


def stored_dispute(kit: Kit, **fields: Any) -> Dispute:
    """The same, stored."""
    row = dispute(kit, **fields)
    row.save()
    return row


def stored_message(kit: Kit) -> DisputeMessage:
    """One thing said in it."""
    return DisputeMessage.objects.create(
        dispute=stored_dispute(kit), author=kit.staff, is_from_distributor=True, words="Hello"
    )


def foreign_participation(kit: Kit) -> Participation:
    """One of the other distributor."""
    program = Program.objects.create(distributor=kit.there, name="Theirs")
    version: ProgramVersion = kit.version_of(program)
    event = Event.objects.create(program=program, version=version, start=NOON, end=NOON + HOUR)
    return Participation.objects.create(event=event, meter=kit.foreign_meter)


def foreign_dispute(kit: Kit) -> Dispute:
    """One of the other distributor."""
    return stored_dispute(
        kit,
        distributor=kit.there,
        participation=foreign_participation(kit),
        holder=Entity.objects.get(pk=kit.foreign_organization.pk),
        opened_by=kit.person(kit.there),
    )


def _unknown(name: str, value: str, *earlier: str) -> Example:
    return Example(
        new=lambda kit: dispute(kit, **{name: value}),
        change=lambda kit: (stored_dispute(kit), {name: value}),
        earlier=earlier,
    )


def _second_moved(kit: Kit) -> Change:
    """A dispute about another event, moved to where one is open already."""
    stored_dispute(kit)
    part, later = kit.participation, kit.event_at(kit.event.end)
    other = Participation.objects.create(event=later, meter=part.meter, holder=part.holder)
    return stored_dispute(kit, participation=other), {"participation": part}


BY_SERVICE = {"form change": "No form changes a dispute; what Django leaves blank there is never checked further."}
EXAMPLES = {
    "dispute_one_at_a_time": Example(
        new=lambda kit: again(stored_dispute(kit)),
        change=_second_moved,
        earlier=("dispute_way",),
        elsewhere=BY_SERVICE,
    ),
    "dispute_category_known": _unknown("category", "mood", "dispute_way"),
    "dispute_state_known": _unknown("state", "lost", "dispute_decided_with_words", "dispute_begins_open"),
    "dispute_decided_with_words": Example(
        new=lambda kit: dispute(kit, outcome="Too early"),
        change=lambda kit: (stored_dispute(kit), {"state": "against"}),
    ),
    "dispute_run_in_favor": Example(
        new=lambda kit: dispute(kit, run=kit.sealed_run),
        change=lambda kit: (stored_dispute(kit), {"run": kit.sealed_run}),
    ),
    "dispute_same_distributor": Example(
        new=lambda kit: dispute(kit, opened_by=kit.person(kit.there)),
        change=lambda kit: (stored_dispute(kit), DECIDED | {"decided_by": kit.person(kit.there)}),
    ),
    "dispute_begins_open": Example(new=lambda kit: dispute(kit, **DECIDED, decided_by=kit.staff)),
    "dispute_way": Example(change=lambda kit: (stored_dispute(kit), {"due_at": NOON}), elsewhere=BY_SERVICE),
    "dispute_kept": Example(delete=stored_dispute),
    "dispute_message_same_distributor": Example(
        new=lambda kit: again(stored_message(kit), author=kit.person(kit.there))
    ),
    "dispute_message_unchanged": Example(change=lambda kit: (stored_message(kit), {"words": ""})),
    "dispute_message_kept": Example(delete=stored_message),
}
