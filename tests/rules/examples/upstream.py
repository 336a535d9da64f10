"""VTNs above, their events and what they asked to be told."""

from uuid import uuid4

from openadr.models import Upstream, UpstreamEvent, UpstreamReport
from organizations.models import Distributor
from tests.rules.examples.example import Change, Example
from tests.rules.kit import HOUR, NOON, Kit


def upstream(kit: Kit, **fields: object) -> Upstream:
    """A VTN above that is not stored yet."""
    values = {"distributor": kit.here, "name": f"Market {uuid4().hex}", "url": "https://vtn.example.com/"}
    return Upstream(**(values | {"program": kit.program, "ven_name": "larkfield"} | fields))


def stored_upstream(kit: Kit, distributor: Distributor | None = None, **fields: object) -> Upstream:
    if distributor is not None:
        fields = {"distributor": distributor, "program": kit.foreign_program} | fields
    row = upstream(kit, **fields)
    row.save()
    return row


def upstream_event(kit: Kit, **fields: object) -> UpstreamEvent:
    values = {"event_ref": "peak-1", "modification_number": 0, "start": NOON, "end": NOON + HOUR, "status": "far"}
    return UpstreamEvent(**({"upstream": fields.pop("upstream", None) or stored_upstream(kit)} | values | fields))


def stored_event(kit: Kit, **fields: object) -> UpstreamEvent:
    row = upstream_event(kit, **fields)
    row.save()
    return row


def upstream_report(kit: Kit, **fields: object) -> UpstreamReport:
    values = {"request_id": "usage-1", "specifier_id": "usage", "r_id": "energy", "sent_until": NOON}
    seconds = {"granularity_seconds": 900, "report_back_seconds": 900}
    owner = {"upstream": fields.pop("upstream", None) or stored_upstream(kit)}
    return UpstreamReport(**(owner | values | seconds | fields))


def stored_upstream_report(kit: Kit, **fields: object) -> UpstreamReport:
    row = upstream_report(kit, **fields)
    row.save()
    return row


def _second_event(kit: Kit) -> Change:
    first = stored_event(kit)
    return stored_event(kit, upstream=first.upstream, event_ref="peak-2"), {"event_ref": first.event_ref}


def _second_report(kit: Kit) -> Change:
    first = stored_upstream_report(kit)
    return stored_upstream_report(kit, upstream=first.upstream, r_id="power"), {"r_id": first.r_id}


EXAMPLES = {
    "upstream_name_in_distributor": Example(
        new=lambda kit: upstream(kit, name=stored_upstream(kit).name),
        change=lambda kit: (stored_upstream(kit), {"name": stored_upstream(kit).name}),
    ),
    "upstream_policy_known": Example(
        new=lambda kit: upstream(kit, policy="ignore"), change=lambda kit: (stored_upstream(kit), {"policy": "ignore"})
    ),
    "upstream_polls_within_a_day": Example(
        new=lambda kit: upstream(kit, poll_seconds=0),
        change=lambda kit: (stored_upstream(kit), {"poll_seconds": 100_000}),
    ),
    "upstream_program_same_distributor": Example(
        new=lambda kit: upstream(kit, program=kit.foreign_program),
        change=lambda kit: (stored_upstream(kit), {"program": kit.foreign_program}),
    ),
    "upstream_event_once": Example(
        new=lambda kit: upstream_event(kit, upstream=stored_event(kit).upstream), change=_second_event
    ),
    "upstream_event_ends_after_start": Example(
        new=lambda kit: upstream_event(kit, end=NOON), change=lambda kit: (stored_event(kit), {"end": NOON})
    ),
    "upstream_event_opt_known": Example(
        new=lambda kit: upstream_event(kit, opt="maybe"), change=lambda kit: (stored_event(kit), {"opt": "maybe"})
    ),
    "upstream_event_same_distributor": Example(
        new=lambda kit: upstream_event(kit, upstream=stored_upstream(kit, kit.there), event=kit.event),
        change=lambda kit: (stored_event(kit, upstream=stored_upstream(kit, kit.there)), {"event": kit.event}),
    ),
    "upstream_report_once": Example(
        new=lambda kit: upstream_report(kit, upstream=stored_upstream_report(kit).upstream), change=_second_report
    ),
}
