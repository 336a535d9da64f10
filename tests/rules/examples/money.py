"""Events and settlement."""

from decimal import Decimal

from events.models import Enrollment, Event, EventState, Nomination, Participation, Program
from settlement.models import LedgerEntry, SettlementLine, SettlementRun
from tests.builder import make_meter
from tests.rules.examples.example import Change, Example, again
from tests.rules.kit import HOUR, NOON, Kit


def _event(kit: Kit, **fields: object) -> Event:
    values = {"program": kit.program, "version": kit.version, "start": NOON, "end": NOON + HOUR}
    return Event(**(values | {"created_by": kit.staff} | fields))


def _same_time(kit: Kit) -> Change:
    later = kit.event_at(NOON + 5 * HOUR)
    return later, {"start": kit.event.start, "end": kit.event.end, "modification_number": 1}


def _other_program(kit: Kit) -> Program:
    return kit.program_named("Other")


def _enrolled_twice(kit: Kit) -> Change:
    second = Enrollment.objects.create(program=kit.program, meter=make_meter(kit.here), enrolled_at=NOON)
    return second, {"meter": kit.enrollment.meter}


def _invited_twice(kit: Kit) -> Change:
    second = Participation.objects.create(event=kit.event, meter=make_meter(kit.here))
    return second, {"meter": kit.participation.meter}


def _second_run(kit: Kit) -> SettlementRun:
    return _stored(again(kit.run, number=2, inputs_sha256="3" * 64))


def _stored(row: SettlementRun) -> SettlementRun:
    row.save()
    return row


def _late_line(kit: Kit) -> SettlementLine:
    return again(kit.sealed_line, kind="bonus")


def _entry(kit: Kit, **fields: object) -> LedgerEntry:
    return again(kit.entry, key="second", **fields)


EXAMPLES = {
    "program_name_in_distributor": Example(
        new=lambda kit: again(kit.program), change=lambda kit: (_other_program(kit), {"name": kit.program.name})
    ),
    "enrollment_once": Example(new=lambda kit: again(kit.enrollment), change=_enrolled_twice),
    "enrollment_ends_after_start": Example(
        new=lambda kit: Enrollment(program=kit.program, meter=kit.meter, enrolled_at=NOON, ended_at=NOON - HOUR),
        change=lambda kit: (kit.enrollment, {"ended_at": NOON - HOUR}),
    ),
    "enrollment_same_distributor": Example(
        new=lambda kit: Enrollment(program=kit.program, meter=kit.foreign_meter),
        change=lambda kit: (kit.enrollment, {"meter": kit.foreign_meter}),
    ),
    "nomination_not_negative": Example(
        new=lambda kit: Nomination(enrollment=kit.enrollment, kw=Decimal(-1), source="test")
    ),
    "nomination_unchanged": Example(change=lambda kit: (kit.nomination, {"kw": Decimal(2)})),
    "event_once": Example(new=lambda kit: again(kit.event, created_by=kit.staff), change=_same_time),
    "event_version_of_program": Example(
        new=lambda kit: _event(kit, version=kit.version_of(_other_program(kit))),
        change=lambda kit: (kit.event, {"version": kit.version_of(_other_program(kit))}),
    ),
    "event_state_known": Example(
        new=lambda kit: _event(kit, state="ghost"),
        change=lambda kit: (kit.event, {"state": "ghost", "modification_number": 1}),
        earlier=("event_life",),
    ),
    "event_ends_after_start": Example(
        new=lambda kit: _event(kit, end=NOON),
        change=lambda kit: (kit.event, {"end": NOON, "modification_number": 1}),
    ),
    "event_life": Example(change=lambda kit: (kit.event, {"state": EventState.SETTLED, "modification_number": 1})),
    "event_change_is_counted": Example(change=lambda kit: (kit.event, {"state": EventState.SCHEDULED})),
    "participation_once": Example(new=lambda kit: again(kit.participation), change=_invited_twice),
    "participation_state_known": Example(
        new=lambda kit: Participation(event=kit.event, meter=kit.meter, state="asleep"),
        change=lambda kit: (kit.participation, {"state": "asleep"}),
    ),
    "settlement_run_number": Example(
        new=lambda kit: again(kit.run, inputs_sha256="3" * 64), change=lambda kit: (_second_run(kit), {"number": 1})
    ),
    "settlement_run_same_inputs_once": Example(
        new=lambda kit: again(kit.run, number=2),
        change=lambda kit: (_second_run(kit), {"inputs_sha256": kit.run.inputs_sha256}),
    ),
    "settlement_run_kind_known": Example(
        new=lambda kit: again(kit.run, number=2, inputs_sha256="3" * 64, kind="rough"),
        change=lambda kit: (kit.run, {"kind": "rough"}),
    ),
    "settlement_run_sealed_with_hash": Example(
        new=lambda kit: again(kit.run, number=2, inputs_sha256=None, sealed_at=NOON),
        change=lambda kit: (kit.run, {"inputs_sha256": None, "sealed_at": NOON}),
    ),
    "settlement_run_event_fixed": Example(change=lambda kit: (kit.run, {"event": kit.event_at(NOON + 5 * HOUR)})),
    "settlement_run_append_only": Example(
        change=lambda kit: (kit.sealed_run, {"number": 7}), delete=lambda kit: kit.sealed_run
    ),
    "settlement_line_once": Example(new=lambda kit: again(kit.line)),
    "settlement_line_kind_known": Example(new=lambda kit: again(kit.line, kind="gift")),
    "settlement_line_status_known": Example(new=lambda kit: again(kit.line, kind="bonus", status="fine")),
    "settlement_line_credit_not_negative": Example(new=lambda kit: again(kit.line, kind="bonus", credit=Decimal(-1))),
    "settlement_line_delivered_not_negative": Example(new=lambda kit: again(kit.line, kind="bonus", delivered_wh=-1)),
    "settlement_line_run_open": Example(new=lambda kit: _late_line(kit)),
    "settlement_line_unchanged": Example(change=lambda kit: (kit.line, {"credit": Decimal(9)})),
    "settlement_line_append_only": Example(delete=lambda kit: kit.sealed_line),
    "ledger_batch_kind_known": Example(new=lambda kit: again(kit.batch, number=2, kind="gift")),
    "ledger_batch_number": Example(new=lambda kit: again(kit.batch, sha256="4" * 64)),
    "ledger_batch_append_only": Example(
        change=lambda kit: (kit.batch, {"sha256": "4" * 64}), delete=lambda kit: kit.batch
    ),
    "ledger_entry_account_known": Example(new=lambda kit: _entry(kit, account="pocket")),
    "ledger_entry_unit_known": Example(new=lambda kit: _entry(kit, unit="shells")),
    "ledger_entry_append_only": Example(
        change=lambda kit: (kit.entry, {"amount": Decimal(9)}), delete=lambda kit: kit.entry
    ),
}
