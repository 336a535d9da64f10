"""What people decide on settlements: decisions, adjustments, months."""

from datetime import date
from decimal import Decimal

from settlement.models import (
    Adjustment,
    AdjustmentState,
    BatchKind,
    DecisionKind,
    LedgerBatch,
    MonthDecision,
    MonthLine,
    MonthRun,
    MonthWord,
    RunDecision,
    SettlementRun,
)
from tests.rules.examples.example import Change, Example, again
from tests.rules.kit import Kit


def stored_decision(kit: Kit) -> RunDecision:
    """An approval by somebody of the distributor."""
    return RunDecision.objects.create(run=kit.sealed_run, kind=DecisionKind.APPROVED, decided_by=kit.staff)


def stored_adjustment(kit: Kit) -> Adjustment:
    """One that waits, asked for by somebody of the distributor."""
    return Adjustment.objects.create(
        distributor=kit.here,
        holder=kit.entity_of(kit.organization),
        amount=Decimal(5),
        reason="goodwill",
        asked_by=kit.staff,
    )


def stored_month(kit: Kit) -> MonthRun:
    """A month with its posting."""
    batch = LedgerBatch.objects.create(distributor=kit.here, number=77, kind=BatchKind.MONTH, sha256="7" * 64)
    return MonthRun.objects.create(
        program=kit.program, month=date(2026, 3, 1), number=1, inputs_sha256="5" * 64, batch=batch
    )


def stored_month_line(kit: Kit) -> MonthLine:
    """What one meter earned in it."""
    return MonthLine.objects.create(
        run=stored_month(kit),
        meter=kit.meter,
        holder=kit.entity_of(kit.organization),
        factor="1/1",
        credit=Decimal(1),
    )


def waiting_month(kit: Kit) -> MonthRun:
    """A month that nobody has approved, had worked out by somebody of the distributor."""
    return MonthRun.objects.create(
        program=kit.program, month=date(2026, 4, 1), number=1, inputs_sha256="4" * 64, created_by=kit.staff
    )


def approved_month(kit: Kit) -> MonthRun:
    """The same, approved by another; it is not posted."""
    run = waiting_month(kit)
    MonthDecision.objects.create(run=run, kind=MonthWord.APPROVED, decided_by=kit.person())
    return run


def stored_word(kit: Kit) -> MonthDecision:
    """A refusal by somebody of the distributor."""
    return MonthDecision.objects.create(
        run=waiting_month(kit), kind=MonthWord.REFUSED, decided_by=kit.person(), reason="Look again"
    )


def foreign_batch(kit: Kit) -> LedgerBatch:
    """A posting of the other distributor."""
    return LedgerBatch.objects.create(distributor=kit.there, number=1, sha256="8" * 64)


def further_batch(kit: Kit) -> LedgerBatch:
    """Another posting of the distributor."""
    return LedgerBatch.objects.create(distributor=kit.here, number=78, kind=BatchKind.MONTH, sha256="9" * 64)


def _second_version(kit: Kit) -> Change:
    second = again(waiting_month(kit), number=2)
    second.save()
    return second, {"number": 1}


def _own_run(kit: Kit) -> SettlementRun:
    run = again(kit.run, number=9, inputs_sha256="6" * 64, created_by=kit.staff)
    run.save()
    return run  # type: ignore[return-value]  # the kind that was asked for


def _by_the_same(kit: Kit) -> Change:
    asked = stored_adjustment(kit)
    return asked, {"state": AdjustmentState.REFUSED, "decided_by": asked.asked_by}


def _fixed(name: str, value: object) -> Example:
    """A value that no adjustment has, and that none may get, as what was asked for stays."""
    return Example(
        new=lambda kit: again(stored_adjustment(kit), **{name: value}),
        change=lambda kit: (stored_adjustment(kit), {name: value}),
        earlier=("adjustment_decided_once",),
    )


EXAMPLES = {
    "run_decision_kind_known": Example(
        new=lambda kit: RunDecision(run=kit.sealed_run, kind="maybe", decided_by=kit.staff, reason="x")
    ),
    "run_decision_has_reason": Example(
        new=lambda kit: RunDecision(run=kit.sealed_run, kind=DecisionKind.REFUSED, decided_by=kit.staff)
    ),
    "run_decision_by_another": Example(
        new=lambda kit: RunDecision(run=_own_run(kit), kind=DecisionKind.APPROVED, decided_by=kit.staff)
    ),
    "run_decision_within_distributor": Example(
        new=lambda kit: RunDecision(run=kit.sealed_run, kind=DecisionKind.APPROVED, decided_by=kit.person(kit.there))
    ),
    "run_decision_append_only": Example(
        change=lambda kit: (stored_decision(kit), {"reason": "other"}), delete=stored_decision
    ),
    "adjustment_state_known": Example(
        new=lambda kit: again(stored_adjustment(kit), state="lost"),
        change=lambda kit: (stored_adjustment(kit), {"state": "lost"}),
        earlier=("adjustment_two_people",),
    ),
    "adjustment_unit_known": _fixed("unit", "shells"),
    "adjustment_not_zero": _fixed("amount", Decimal(0)),
    "adjustment_has_reason": _fixed("reason", ""),
    "adjustment_two_people": Example(
        new=lambda kit: again(stored_adjustment(kit), state=AdjustmentState.REFUSED, decided_by=kit.staff),
        change=_by_the_same,
    ),
    "adjustment_posted_when_approved": Example(
        new=lambda kit: again(stored_adjustment(kit), state=AdjustmentState.APPROVED, decided_by=kit.person()),
        change=lambda kit: (
            stored_adjustment(kit),
            {"state": AdjustmentState.APPROVED, "decided_by": kit.person()},
        ),
    ),
    "adjustment_same_distributor": Example(
        new=lambda kit: again(stored_adjustment(kit), asked_by=kit.person(kit.there)),
        change=lambda kit: (stored_adjustment(kit), {"state": "refused", "decided_by": kit.person(kit.there)}),
    ),
    "adjustment_decided_once": Example(change=lambda kit: (stored_adjustment(kit), {"amount": Decimal(9)})),
    "adjustment_kept": Example(delete=stored_adjustment),
    "month_run_number": Example(
        new=lambda kit: again(stored_month(kit), batch=further_batch(kit)),
        change=_second_version,
        # A month never changes its number.
        earlier=("month_run_append_only",),
    ),
    "month_run_same_distributor": Example(
        new=lambda kit: again(stored_month(kit), number=2, batch=foreign_batch(kit)),
        change=lambda kit: (approved_month(kit), {"batch": foreign_batch(kit)}),
    ),
    "month_run_append_only": Example(change=lambda kit: (approved_month(kit), {"number": 7})),
    "month_run_posted_approved": Example(change=lambda kit: (waiting_month(kit), {"batch": further_batch(kit)})),
    "month_run_kept": Example(delete=stored_month),
    "month_decision_kind_known": Example(new=lambda kit: again(stored_word(kit), kind="maybe")),
    "month_decision_has_reason": Example(new=lambda kit: again(stored_word(kit), reason="")),
    "month_decision_by_another": Example(
        new=lambda kit: MonthDecision(run=waiting_month(kit), kind=MonthWord.APPROVED, decided_by=kit.staff)
    ),
    "month_decision_within_distributor": Example(
        new=lambda kit: again(stored_word(kit), decided_by=kit.person(kit.there))
    ),
    "month_decision_append_only": Example(change=lambda kit: (stored_word(kit), {"reason": "x"}), delete=stored_word),
    "month_line_once": Example(new=lambda kit: again(stored_month_line(kit))),
    "month_line_credit_not_negative": Example(
        new=lambda kit: again(stored_month_line(kit), meter=kit.home, credit=Decimal(-1))
    ),
    "month_line_same_distributor": Example(new=lambda kit: again(stored_month_line(kit), meter=kit.foreign_meter)),
    "month_line_append_only": Example(
        change=lambda kit: (stored_month_line(kit), {"credit": Decimal(7)}), delete=stored_month_line
    ),
}
