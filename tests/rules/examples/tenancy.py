"""Claim codes, targets of events, and what keeps one distributor's rows from another's."""

from datetime import timedelta

from events.models import Event, EventTarget, Participation
from forecasting.models import MeterForecast
from meters.models import ClaimCode, Feeder
from organizations.models import OrganizationGroup
from settlement.models import LedgerBatch, LedgerEntry, SettlementLine, SettlementRun
from tests.builder import make_meter
from tests.rules.examples.example import Change, Example, again
from tests.rules.kit import HOUR, NOON, Kit

DAY = timedelta(days=1)


def code(kit: Kit, **fields: object) -> ClaimCode:
    """A claim code that is not stored yet."""
    values = {"meter": kit.meter, "digest": "0" * 64, "valid_from": NOON, "issued_at": NOON, "expires_at": NOON + DAY}
    people = {"issued_by": kit.staff, "used_by": None, "used_at": None, "withdrawn_at": None}
    return ClaimCode(**(values | people | fields))


def stored_code(kit: Kit, **fields: object) -> ClaimCode:
    """The same, stored."""
    row = code(kit, **fields)
    row.save()
    return row


def _second_code(kit: Kit) -> ClaimCode:
    assert stored_code(kit)
    return code(kit)


def _reopened(kit: Kit) -> Change:
    withdrawn = stored_code(kit, withdrawn_at=NOON + HOUR)
    stored_code(kit)
    return withdrawn, {"withdrawn_at": None}


def _used_code(kit: Kit) -> Change:
    used = stored_code(kit, used_at=NOON + HOUR, used_by=kit.person())
    return used, {"used_at": None, "used_by": None}


def target(kit: Kit, **fields: object) -> EventTarget:
    """A target that is not stored yet."""
    values = {"event": kit.event, "feeder": kit.feeder, "group": None, "organization": None}
    return EventTarget(**(values | fields))


def stored_target(kit: Kit, **fields: object) -> EventTarget:
    """The same, stored."""
    row = target(kit, **fields)
    row.save()
    return row


def _second_feeder(kit: Kit) -> Feeder:
    return Feeder.objects.create(distributor=kit.here, name="Second")


def _second_group(kit: Kit) -> OrganizationGroup:
    return OrganizationGroup.objects.create(distributor=kit.here, name="Second")


def announced(kit: Kit, start: object = None) -> Event:
    """An event that people know of."""
    begins = NOON + 3 * HOUR
    return Event.objects.create(
        program=kit.program, version=kit.version, start=begins, end=begins + HOUR, state="notified", notified_at=NOON
    )


def _announced_later(kit: Kit) -> EventTarget:
    row = stored_target(kit)
    for number, state in enumerate(("scheduled", "notified"), 1):
        Event.objects.filter(pk=row.event_id).update(state=state, modification_number=number)
    return row


def _foreign_person(kit: Kit) -> object:
    return kit.person(kit.there)


def _foreign_event(kit: Kit) -> Event:
    version = kit.version_of(kit.foreign_program)
    return Event.objects.create(program=kit.foreign_program, version=version, start=NOON, end=NOON + HOUR)


def foreign_run(kit: Kit) -> SettlementRun:
    """A run of the other distributor."""
    hashes = {"rule_sha256": "0" * 64, "inputs_sha256": "2" * 64}
    return SettlementRun.objects.create(event=_foreign_event(kit), number=1, preset="three-day", **hashes)


def foreign_line(kit: Kit) -> SettlementLine:
    """A line of the other distributor."""
    return SettlementLine.objects.create(run=foreign_run(kit), meter=kit.foreign_meter, status="ok")


def _entry(kit: Kit, **fields: object) -> LedgerEntry:
    return again(kit.entry, key="second", **fields)


def _unstored_participation(kit: Kit, **fields: object) -> Participation:
    values = {"event": kit.event, "meter": make_meter(kit.here), "holder": kit.holder}
    return Participation(**(values | fields))


EXAMPLES = {
    "claim_code_one_open_per_meter": Example(new=_second_code, change=_reopened, earlier=("claim_code_used_once",)),
    "claim_code_expires_after_issue": Example(
        new=lambda kit: code(kit, expires_at=NOON), change=lambda kit: (stored_code(kit), {"expires_at": NOON})
    ),
    "claim_code_used_or_withdrawn": Example(
        new=lambda kit: code(kit, used_at=NOON + HOUR, withdrawn_at=NOON + HOUR),
        change=lambda kit: (stored_code(kit), {"used_at": NOON + HOUR, "withdrawn_at": NOON + HOUR}),
    ),
    "claim_code_used_by_somebody_sometime": Example(
        new=lambda kit: code(kit, used_by=kit.person()),
        change=lambda kit: (stored_code(kit), {"used_by": kit.person()}),
    ),
    "claim_code_used_once": Example(change=_used_code),
    "claim_code_same_distributor": Example(
        new=lambda kit: code(kit, issued_by=_foreign_person(kit)),
        change=lambda kit: (stored_code(kit), {"used_at": NOON + HOUR, "used_by": _foreign_person(kit)}),
    ),
    "exclusion_same_distributor": Example(
        new=lambda kit: again(kit.exclusion, source="second", meter=kit.foreign_meter),
        change=lambda kit: (kit.exclusion, {"meter": kit.foreign_meter}),
    ),
    "feeder_distributor_fixed": Example(change=lambda kit: (kit.feeder, {"distributor": kit.there})),
    "forecast_distributor_fixed": Example(change=lambda kit: (kit.forecast, {"distributor": kit.there})),
    "meter_forecast_same_distributor": Example(
        new=lambda kit: MeterForecast(
            forecast=kit.forecast,
            meter=kit.foreign_meter,
            rung="mean",
            fallback_reason="none",
            mae_wh=1,
            naive_mae_wh=1,
        ),
        change=lambda kit: (kit.meter_forecast, {"meter": kit.foreign_meter}),
    ),
    "program_distributor_fixed": Example(change=lambda kit: (kit.program, {"distributor": kit.there})),
    "event_program_fixed": Example(
        change=lambda kit: (kit.event, {"program": _other(kit)}), earlier=("event_version_of_program",)
    ),
    "event_made_within_distributor": Example(
        new=lambda kit: Event(
            program=kit.program, version=kit.version, start=NOON, end=NOON + HOUR, created_by=_foreign_person(kit)
        ),
        change=lambda kit: (kit.event, {"created_by": _foreign_person(kit)}),
    ),
    "participation_same_distributor": Example(
        new=lambda kit: _unstored_participation(kit, meter=kit.foreign_meter),
        change=lambda kit: (kit.participation, {"holder": kit.entity_of(kit.foreign_organization)}),
    ),
    "event_target_is_one_thing": Example(
        new=lambda kit: target(kit, group=kit.group), change=lambda kit: (stored_target(kit), {"group": kit.group})
    ),
    "event_target_group_once": Example(
        new=lambda kit: again(stored_target(kit, feeder=None, group=kit.group)),
        change=lambda kit: (
            stored_target(kit, feeder=None, group=_second_group(kit)),
            {"group": stored_target(kit, feeder=None, group=kit.group).group},
        ),
    ),
    "event_target_feeder_once": Example(
        new=lambda kit: again(stored_target(kit)),
        change=lambda kit: (stored_target(kit, feeder=_second_feeder(kit)), {"feeder": stored_target(kit).feeder}),
    ),
    "event_target_organization_once": Example(
        new=lambda kit: again(stored_target(kit, feeder=None, organization=kit.organization)),
        change=lambda kit: (
            stored_target(kit, feeder=None, organization=kit.empty_organization),
            {"organization": stored_target(kit, feeder=None, organization=kit.organization).organization},
        ),
    ),
    "event_target_same_distributor": Example(
        new=lambda kit: target(kit, feeder=kit.foreign_feeder),
        change=lambda kit: (stored_target(kit), {"feeder": kit.foreign_feeder}),
    ),
    "event_target_frozen": Example(
        new=lambda kit: target(kit, event=announced(kit)),
        change=lambda kit: (stored_target(kit), {"event": announced(kit)}),
    ),
    "event_target_not_deleted": Example(
        change=lambda kit: (_announced_later(kit), {"feeder": _second_feeder(kit)}),
        delete=_announced_later,
        earlier=("event_target_frozen",),
    ),
    "settlement_run_made_within_distributor": Example(
        new=lambda kit: again(kit.run, number=2, inputs_sha256="3" * 64, created_by=_foreign_person(kit)),
        change=lambda kit: (kit.run, {"created_by": _foreign_person(kit)}),
    ),
    "settlement_line_same_distributor": Example(new=lambda kit: again(kit.line, meter=kit.foreign_meter)),
    "ledger_batch_same_distributor": Example(
        new=lambda kit: LedgerBatch(
            distributor=kit.here, number=2, run=foreign_run(kit), previous_sha256="1" * 64, sha256="3" * 64
        )
    ),
    "ledger_entry_same_distributor": Example(new=lambda kit: _entry(kit, line=foreign_line(kit))),
}


def _other(kit: Kit) -> object:
    return kit.program_named("Other")
