"""Every foreign key between rows that belong to a distributor, and what keeps it within one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import Entity
from tests.builder import make_meter, map_meter
from tests.rules.examples import books, calling, disputes, evidence, imports, programs, quality, room, tenancy
from tests.rules.examples.example import Change
from tests.rules.kit import HOUR, NOON, Kit


@dataclass(frozen=True)
class Refused:
    """The database refuses a stranger's row in this key.

    Attributes:
        by: the constraint that says so, or names of which one does.
        change: a stored row, and what it may not get. The same, as a new row, may not come in either.
        fresh: values that a new row needs besides, so that nothing else refuses it.
    """

    by: tuple[str, ...]
    change: Callable[[Kit], Change]
    fresh: Callable[[Kit], Mapping[str, Any]] = lambda kit: {}


@dataclass(frozen=True)
class Only:
    """The key needs no rule, and why."""

    reason: str


OWNER = Only("by this key alone the row belongs to a distributor: there is nothing that it could contradict")
TENANT = Only("this is the tenant itself")
DOER = Only("names who did it and gives nobody a right; services take the doer from who is signed in")
CAUSE = Only("names the import that did it; only services write it, under locks on that distributor's meters")
HISTORY = Only("history without enforced keys: it outlives what it speaks of")
APPEND = "settlement_line_unchanged", "settlement_run_append_only", "ledger_entry_append_only"


def _membership(kit: Kit) -> Change:
    assert kit.member
    return kit.membership_of(kit.member), {"user": kit.person(kit.there)}


def _membership_elsewhere(kit: Kit) -> Change:
    assert kit.member
    return kit.membership_of(kit.member), {"organization": kit.foreign_organization}


def _group_member(kit: Kit) -> Change:
    return kit.group_member, {"organization": kit.foreign_organization}


def _group_of_member(kit: Kit) -> Change:
    theirs = type(kit.group).objects.create(distributor=kit.there, name="Theirs")
    return kit.group_member, {"group": theirs}


def _event_version(kit: Kit) -> Change:
    return kit.event, {"version": kit.version_of(kit.foreign_program)}


def _foreign_holder(kit: Kit) -> Entity:
    return kit.entity_of(kit.foreign_organization)


def _foreign_group(kit: Kit) -> Any:
    return type(kit.group).objects.create(distributor=kit.there, name="Theirs")


def _group_target(kit: Kit) -> Change:
    return tenancy.stored_target(kit, feeder=None, group=kit.group), {"group": _foreign_group(kit)}


def _organization_target(kit: Kit) -> Change:
    row = tenancy.stored_target(kit, feeder=None, organization=kit.organization)
    return row, {"organization": kit.foreign_organization}


def _of_feeder(kit: Kit) -> Change:
    row = kit.exclusion
    type(row).objects.filter(pk=row.pk).update(meter=None, feeder=kit.feeder)
    row.refresh_from_db()
    return row, {"feeder": kit.foreign_feeder}


def _second(kit: Kit) -> dict[str, Any]:
    return {"source": "second"}


def _map(kit: Kit) -> Any:
    return map_meter(kit.meter, kit.organization, NOON)


def _to(name: str, row: str, value: str) -> Callable[[Kit], Change]:
    """A change of one of the kit's rows to another of its rows."""
    return lambda kit: (getattr(kit, row), {name: getattr(kit, value)})


SAME = {
    ("organizations.GroupMember", "group"): Refused(("group_member_same_distributor",), _group_of_member),
    ("organizations.GroupMember", "organization"): Refused(("group_member_same_distributor",), _group_member),
    ("organizations.Membership", "user"): Refused(("membership_same_distributor", "membership_stays"), _membership),
    ("organizations.Membership", "organization"): Refused(
        ("membership_same_distributor", "membership_stays"),
        _membership_elsewhere,
        lambda kit: {"user": kit.person(), "role": "admin"},
    ),
    ("meters.Meter", "feeder"): Refused(
        ("meter_feeder_same_distributor",), _to("feeder", "meter", "foreign_feeder"), lambda kit: {"number": "new"}
    ),
    ("meters.MeterMap", "entity"): Refused(
        ("metermap_same_distributor", "metermap_holder_kind"), lambda kit: (_map(kit), {"entity": _foreign_holder(kit)})
    ),
    ("meters.MeterMap", "meter"): Refused(
        ("metermap_same_distributor",), lambda kit: (_map(kit), {"meter": kit.foreign_meter})
    ),
    ("meters.ClaimCode", "issued_by"): Refused(
        ("claim_code_same_distributor",),
        lambda kit: (tenancy.stored_code(kit), {"issued_by": kit.person(kit.there)}),
        lambda kit: {"withdrawn_at": NOON + HOUR},
    ),
    ("meters.ClaimCode", "used_by"): Refused(
        ("claim_code_same_distributor",),
        lambda kit: (tenancy.stored_code(kit), {"used_by": kit.person(kit.there), "used_at": NOON + HOUR}),
    ),
    ("meters.Exclusion", "meter"): Refused(
        ("exclusion_same_distributor",), _to("meter", "exclusion", "foreign_meter"), _second
    ),
    ("meters.Exclusion", "feeder"): Refused(("exclusion_same_distributor",), _of_feeder, _second),
    ("meters.ImportBatch", "organization"): Refused(("batch_organization_same_distributor",), imports.of_organization),
    ("meters.QualityHit", "meter"): Refused(("hit_same_distributor",), quality.of_foreign_meter),
    ("meters.QualityHit", "distributor"): Refused(("hit_same_distributor",), quality.of_another_distributor),
    ("forecasting.MeterForecast", "meter"): Refused(
        ("meter_forecast_same_distributor",), _to("meter", "meter_forecast", "foreign_meter")
    ),
    ("events.Enrollment", "meter"): Refused(
        ("enrollment_same_distributor",), _to("meter", "enrollment", "foreign_meter")
    ),
    ("events.Enrollment", "program"): Refused(
        ("enrollment_same_distributor",), _to("program", "enrollment", "foreign_program")
    ),
    ("events.Event", "version"): Refused(
        ("event_version_of_program",), _event_version, lambda kit: {"start": NOON - HOUR}
    ),
    ("events.Event", "created_by"): Refused(
        ("event_made_within_distributor",),
        lambda kit: (kit.event, {"created_by": kit.person(kit.there)}),
        lambda kit: {"start": NOON - HOUR},
    ),
    ("events.Participation", "meter"): Refused(
        ("participation_same_distributor",), _to("meter", "participation", "foreign_meter")
    ),
    ("events.Participation", "holder"): Refused(
        ("participation_same_distributor",),
        lambda kit: (kit.participation, {"holder": _foreign_holder(kit)}),
        lambda kit: {"meter": make_meter(kit.here)},
    ),
    ("events.EventTarget", "group"): Refused(("event_target_same_distributor",), _group_target),
    ("events.EventTarget", "feeder"): Refused(
        ("event_target_same_distributor",), lambda kit: (tenancy.stored_target(kit), {"feeder": kit.foreign_feeder})
    ),
    ("events.EventTarget", "organization"): Refused(("event_target_same_distributor",), _organization_target),
    ("events.EventTarget", "meter"): Refused(
        ("event_target_same_distributor",),
        lambda kit: (tenancy.stored_target(kit), {"feeder": None, "meter": kit.foreign_meter}),
    ),
    ("events.EventLeftOut", "meter"): Refused(
        ("event_left_out_same_distributor",),
        lambda kit: (programs.stored_left_out(kit), {"meter": kit.foreign_meter}),
    ),
    ("events.CancelRequest", "asked_by"): Refused(
        ("cancel_request_within_distributor",),
        lambda kit: (calling.stored_request(kit), {"asked_by": kit.person(kit.there)}),
    ),
    ("events.CancelRequest", "answered_by"): Refused(
        ("cancel_request_within_distributor",),
        lambda kit: (calling.stored_request(kit), {"answered_by": kit.person(kit.there)}),
    ),
    ("events.EventNote", "by"): Refused(
        ("event_note_within_distributor", "event_note_unchanged"),
        lambda kit: (room.stored_note(kit), {"by": kit.person(kit.there)}),
    ),
    ("events.OptSchedule", "meter"): Refused(
        ("opt_schedule_same_distributor",), lambda kit: (programs.stored_wish(kit), {"meter": kit.foreign_meter})
    ),
    ("events.OptSchedule", "holder"): Refused(
        ("opt_schedule_same_distributor",),
        lambda kit: (programs.stored_wish(kit), {"holder": _foreign_holder(kit)}),
    ),
    ("events.OptSchedule", "program"): Refused(
        ("opt_schedule_same_distributor",), lambda kit: (programs.stored_wish(kit), {"program": kit.foreign_program})
    ),
    ("events.Consent", "version"): Refused(
        ("consent_version_of_program", "consent_append_only"),
        lambda kit: (programs.stored_consent(kit), {"version": kit.version_of(kit.foreign_program)}),
    ),
    ("events.Consent", "holder"): Refused(
        ("consent_holder_within_distributor", "consent_append_only"),
        lambda kit: (programs.stored_consent(kit), {"holder": _foreign_holder(kit)}),
    ),
    ("events.Event", "approved_by"): Refused(
        ("event_agreed_within_distributor",),
        lambda kit: (kit.event, {"approved_by": kit.person(kit.there)}),
        lambda kit: {"start": NOON - HOUR},
    ),
    ("settlement.SettlementRun", "created_by"): Refused(
        ("settlement_run_made_within_distributor", *APPEND),
        lambda kit: (kit.run, {"created_by": kit.person(kit.there)}),
        lambda kit: {"number": 2, "inputs_sha256": "3" * 64},
    ),
    ("settlement.SettlementLine", "meter"): Refused(
        ("settlement_line_same_distributor", *APPEND), _to("meter", "line", "foreign_meter")
    ),
    ("settlement.SettlementLine", "holder"): Refused(
        ("settlement_line_same_distributor", *APPEND),
        lambda kit: (kit.line, {"holder": _foreign_holder(kit)}),
        lambda kit: {"meter": make_meter(kit.here)},
    ),
    ("settlement.LedgerBatch", "run"): Refused(
        ("ledger_batch_same_distributor", "ledger_batch_append_only"),
        lambda kit: (kit.batch, {"run": tenancy.foreign_run(kit)}),
        lambda kit: {"number": 2},
    ),
    ("settlement.LedgerEntry", "holder"): Refused(
        ("ledger_entry_same_distributor", *APPEND),
        lambda kit: (kit.entry, {"holder": _foreign_holder(kit)}),
        lambda kit: {"key": "second"},
    ),
    ("settlement.LedgerEntry", "line"): Refused(
        ("ledger_entry_same_distributor", *APPEND),
        lambda kit: (kit.entry, {"line": tenancy.foreign_line(kit)}),
        lambda kit: {"key": "second"},
    ),
}

SAME |= {
    ("settlement.FrozenPrediction", "meter"): Refused(
        ("frozen_prediction_same_distributor", "frozen_prediction_append_only"),
        lambda kit: (evidence.stored_prediction(kit), {"meter": kit.foreign_meter}),
    ),
    ("settlement.RunDecision", "decided_by"): Refused(
        ("run_decision_within_distributor", "run_decision_append_only"),
        lambda kit: (books.stored_decision(kit), {"decided_by": kit.person(kit.there)}),
    ),
    **{
        ("settlement.Adjustment", name): Refused(
            ("adjustment_same_distributor", "adjustment_decided_once"),
            lambda kit, name=name, stranger=stranger: (books.stored_adjustment(kit), {name: stranger(kit)}),  # type: ignore[misc]
        )
        for name, stranger in {
            "holder": _foreign_holder,
            "line": tenancy.foreign_line,
            "event": lambda kit: tenancy.foreign_run(kit).event,
            "asked_by": lambda kit: kit.person(kit.there),
        }.items()
    },
    ("settlement.Adjustment", "decided_by"): Refused(
        ("adjustment_same_distributor",),
        lambda kit: (books.stored_adjustment(kit), {"state": "refused", "decided_by": kit.person(kit.there)}),
    ),
    ("settlement.Adjustment", "batch"): Refused(
        ("adjustment_same_distributor",),
        lambda kit: (
            books.stored_adjustment(kit),
            {"state": "approved", "decided_by": kit.person(), "batch": books.foreign_batch(kit)},
        ),
    ),
    ("settlement.Adjustment", "dispute"): Refused(
        ("adjustment_same_distributor", "adjustment_decided_once"),
        lambda kit: (books.stored_adjustment(kit), {"dispute": disputes.foreign_dispute(kit)}),
    ),
    **{
        ("settlement.Dispute", name): Refused(
            ("dispute_same_distributor", "dispute_way", "dispute_one_at_a_time"),
            lambda kit, name=name, stranger=stranger: (disputes.stored_dispute(kit), {name: stranger(kit)}),  # type: ignore[misc]
        )
        for name, stranger in {
            "participation": disputes.foreign_participation,
            "holder": _foreign_holder,
            "line": tenancy.foreign_line,
            "opened_by": lambda kit: kit.person(kit.there),
        }.items()
    },
    ("settlement.Dispute", "run"): Refused(
        ("dispute_same_distributor", "dispute_run_in_favor", "dispute_one_at_a_time"),
        lambda kit: (disputes.stored_dispute(kit), {"run": tenancy.foreign_run(kit)}),
    ),
    ("settlement.Dispute", "decided_by"): Refused(
        ("dispute_same_distributor", "dispute_begins_open"),
        lambda kit: (disputes.stored_dispute(kit), disputes.DECIDED | {"decided_by": kit.person(kit.there)}),
    ),
    ("settlement.DisputeMessage", "author"): Refused(
        ("dispute_message_same_distributor", "dispute_message_unchanged"),
        lambda kit: (disputes.stored_message(kit), {"author": kit.person(kit.there)}),
    ),
    ("settlement.MonthRun", "batch"): Refused(
        ("month_run_same_distributor", "month_run_append_only"),
        lambda kit: (books.stored_month(kit), {"batch": books.foreign_batch(kit)}),
        lambda kit: {"number": 2},
    ),
    ("settlement.MonthRun", "created_by"): Refused(
        ("month_run_same_distributor", "month_run_append_only"),
        lambda kit: (books.stored_month(kit), {"created_by": kit.person(kit.there)}),
        lambda kit: {"number": 2, "batch": books.further_batch(kit)},
    ),
    ("settlement.MonthLine", "meter"): Refused(
        ("month_line_same_distributor", "month_line_append_only"),
        lambda kit: (books.stored_month_line(kit), {"meter": kit.foreign_meter}),
    ),
    ("settlement.MonthLine", "holder"): Refused(
        ("month_line_same_distributor", "month_line_append_only"),
        lambda kit: (books.stored_month_line(kit), {"holder": _foreign_holder(kit)}),
    ),
}

# The owner of a row may not change once other rows rely on it.
FIXED = {
    ("accounts.Entity", "tenant"): "entity_tenant_fixed",
    ("meters.Meter", "distributor"): "meter_distributor_fixed",
    ("meters.Feeder", "distributor"): "feeder_distributor_fixed",
    ("meters.ImportBatch", "distributor"): "batch_distributor_fixed",
    ("forecasting.Forecast", "distributor"): "forecast_distributor_fixed",
    ("events.Program", "distributor"): "program_distributor_fixed",
    ("events.Event", "program"): "event_program_fixed",
    ("events.ProgramVersion", "program"): "program_version_frozen",
    ("settlement.SettlementRun", "event"): "settlement_run_event_fixed",
    ("settlement.SettlementLine", "run"): "settlement_line_unchanged",
    ("settlement.LedgerBatch", "distributor"): "ledger_batch_append_only",
    ("settlement.LedgerEntry", "batch"): "ledger_entry_append_only",
    ("settlement.RunDecision", "run"): "run_decision_append_only",
    ("settlement.MonthRun", "program"): "month_run_append_only",
    ("settlement.MonthLine", "run"): "month_line_append_only",
}

REASONS = {
    ("accounts.User", "entity"): Only("the same row, seen as a person"),
    ("accounts.ApiToken", "user"): OWNER,
    ("accounts.PersonalExport", "user"): OWNER,
    ("accounts.AuditEntry", "actor"): HISTORY,
    ("accounts.AuditEntry", "acting_as"): HISTORY,
    ("accounts.AuditEntry", "tenant"): HISTORY,
    ("accounts.AuditEntry", "organization"): HISTORY,
    ("delivery.Message", "tenant"): TENANT,
    ("delivery.Message", "user"): Only("whom it is for, without an enforced key; who may read it follows the tenant"),
    ("delivery.Attempt", "message"): OWNER,
    ("delivery.Notice", "user"): OWNER,
    ("delivery.NotificationChoice", "user"): OWNER,
    ("delivery.Phone", "user"): OWNER,
    ("events.CalendarFeed", "user"): OWNER,
    ("organizations.Distributor", "entity"): Only("the same row, seen as a distributor"),
    ("organizations.DistributorLogo", "distributor"): OWNER,
    ("organizations.Organization", "entity"): Only("the same row, seen as an organization"),
    ("organizations.Organization", "distributor"): Only("tied to the entity's tenant by organization_entity_tenant"),
    ("organizations.OrganizationGroup", "distributor"): OWNER,
    ("organizations.Membership", "decided_by"): DOER,
    ("organizations.Invitation", "organization"): OWNER,
    ("organizations.Invitation", "invited_by"): DOER,
    ("organizations.Invitation", "accepted_by"): DOER,
    ("organizations.OrganizationRequest", "person"): Only("refused by request_same_distributor, which has its example"),
    ("organizations.OrganizationRequest", "distributor"): OWNER,
    ("organizations.OrganizationRequest", "decided_by"): DOER,
    ("organizations.OrganizationRequest", "organization"): Only("says what became of the request; read by no rule"),
    ("meters.ClaimCode", "meter"): OWNER,
    ("meters.Exclusion", "distributor"): OWNER,
    ("delivery.SentRequest", "user"): OWNER,
    ("meters.Exclusion", "created_by"): DOER,
    ("meters.ImportBatch", "created_by"): DOER,
    ("meters.ImportBatch", "stored_by"): DOER,
    ("meters.ImportBatch", "undo_asked_by"): DOER,
    ("meters.ImportBatch", "undone_by"): DOER,
    ("meters.BatchSpan", "batch"): OWNER,
    ("meters.BatchSpan", "meter"): Only(
        "written by ingest alone, beside the readings of a locked meter of the batch's"
    ),
    ("meters.QualityHit", "batch"): Only("says with which file it came; read by no rule"),
    ("meters.QualityHit", "decided_by"): DOER,
    ("meters.QualityMark", "distributor"): OWNER,
    ("meters.ArchivedMonth", "distributor"): OWNER,
    ("meters.IntervalReading", "meter"): OWNER,
    ("meters.Prediction", "meter"): OWNER,
    ("meters.ReadingRevision", "meter"): OWNER,
    ("meters.HourlyEnergy", "meter"): OWNER,
    ("meters.DailyEnergy", "meter"): OWNER,
    ("meters.RollupMark", "distributor"): Only("says who has work to do; whose sums are made again follows the meter"),
    ("meters.RollupMark", "meter"): Only("marks work to do, gives nobody a right, and goes when it is done"),
    ("meters.ScopeMark", "distributor"): OWNER,
    ("meters.ReadingRevision", "batch"): CAUSE,
    ("meters.ReadingRevision", "changed_by"): DOER,
    ("meters.RegisterRead", "meter"): OWNER,
    ("meters.RegisterRead", "batch"): CAUSE,
    ("forecasting.MeterForecast", "forecast"): OWNER,
    ("events.Nomination", "enrollment"): OWNER,
    ("events.ProgramVersion", "published_by"): DOER,
    ("events.ProgramVersion", "created_by"): DOER,
    ("events.Enrollment", "applied_by"): DOER,
    ("events.Enrollment", "decided_by"): DOER,
    ("events.Consent", "enrollment"): OWNER,
    ("events.Consent", "given_by"): DOER,
    ("events.OptSchedule", "created_by"): DOER,
    ("events.EventLeftOut", "event"): OWNER,
    ("events.EventNote", "event"): OWNER,
    ("events.CancelRequest", "event"): OWNER,
    ("events.EventLeftOut", "created_by"): DOER,
    ("events.Participation", "answered_by"): DOER,
    ("settlement.LedgerBatch", "posted_by"): DOER,
    ("settlement.Adjustment", "distributor"): OWNER,
    ("settlement.Dispute", "distributor"): OWNER,
    ("settlement.DisputeMessage", "dispute"): OWNER,
    ("settlement.PlaceboReport", "program"): OWNER,
    ("settlement.PlaceboReport", "made_by"): DOER,
    ("settlement.IntegrityFlag", "line"): OWNER,
    ("settlement.IntegrityFlag", "decided_by"): DOER,
    ("settlement.FlagCheck", "run"): OWNER,
    ("settlement.SheetReading", "event"): OWNER,
    ("settlement.BaselineRule", "distributor"): OWNER,
    ("settlement.BaselineRule", "created_by"): DOER,
    ("settlement.FrozenPrediction", "event"): OWNER,
    ("settlement.SheetReading", "run"): Only(
        "the run that the event's own service compared it with, of the same event"
    ),
    ("settlement.SheetReading", "read_by"): DOER,
    ("events.Participation", "event"): OWNER,
    ("events.EventTarget", "event"): OWNER,
}

__all__ = ["FIXED", "REASONS", "SAME", "Only", "Refused"]
