"""The settlement of an event: one immutable run with a line per participant."""

from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.audit import deed
from accounts.models import User
from common.money import fraction_text, half_up
from events.models import Event
from events.services import lock_for_settlement, mark_measured
from settlement.baselines import RewardStatus, baseline_data, reward_data, rule_hash
from settlement.canonical import digest
from settlement.models import LineStatus, RunKind, SettlementLine, SettlementRun
from settlement.services.case import Case, open_case
from settlement.services.inputs import inputs_data
from settlement.services.measure import Measured, measure

BATCH = 500
LINE_STATUS = {
    RewardStatus.OK: LineStatus.OK,
    RewardStatus.NO_NOMINATION: LineStatus.NO_NOMINATION,
    RewardStatus.INSUFFICIENT_HISTORY: LineStatus.INSUFFICIENT_HISTORY,
    RewardStatus.DATA_PENDING: LineStatus.DATA_PENDING,
    RewardStatus.UNMEASURED: LineStatus.UNMEASURED,
}
MEASURED = (LineStatus.OK, LineStatus.NO_NOMINATION)


@transaction.atomic
def settle(*, event: Event, preset: str | None = None, by: User | None = None) -> SettlementRun:
    """The run of what is known now: the newest one if it rests on the same inputs, else the next number.

    Under the rule of the event's version the run is FINAL and moves the event on; under another one it is
    an estimate, which is kept and never paid. Who skipped the event has no line: nothing about them is
    measured. The event stays locked while its readings are read, so of two settlements at once the second
    finds the first one's run.

    Raises:
        WrongState: The event is not over, was cancelled, or is closed.
        UnknownPreset: No rule has this name.
        RuleChanged: The version's rule is not what it was.
        NotSettleable: The event does not fall on whole intervals of a meter.
    """
    locked = lock_for_settlement(event=event)
    case = open_case(event=locked, preset=preset)
    measured = measure(case)
    sha256 = digest(inputs_data(case, measured))
    newest = _runs_of(case).last()
    if newest is not None and newest.inputs_sha256 in (sha256, _again(sha256, newest.number)):
        return newest
    with deed("event.settle", by=by):
        run = _write(case, measured, sha256, by)
        if not case.is_estimate:
            lost = [row.participant.meter_id for row in measured if _status(row) not in MEASURED]
            mark_measured(event=locked, unmeasured=lost)
    return run


def _runs_of(case: Case) -> QuerySet[SettlementRun]:
    kind = RunKind.PRELIMINARY if case.is_estimate else RunKind.FINAL
    runs = SettlementRun.objects.filter(event=case.event, kind=kind, preset=case.preset.name)
    return runs.order_by("number")


def _again(sha256: str, number: int) -> str:
    """The hash of inputs that were corrected and corrected back: theirs, as of this run."""
    return digest({"inputs": sha256, "run": number})


def _write(case: Case, measured: list[Measured], sha256: str, by: User | None) -> SettlementRun:
    runs = SettlementRun.objects.filter(event=case.event).order_by("number")
    last = runs.last()
    number = 1 if last is None else last.number + 1
    if runs.filter(inputs_sha256=sha256).exists():
        sha256 = _again(sha256, number)
    run = SettlementRun.objects.create(
        event=case.event,
        number=number,
        kind=RunKind.PRELIMINARY if case.is_estimate else RunKind.FINAL,
        preset=case.preset.name,
        rule_sha256=rule_hash(case.preset),
        inputs_sha256=sha256,
        created_by=by,
    )
    lines = [_line(run, case, row) for row in measured]
    SettlementLine.objects.bulk_create(lines, batch_size=BATCH)
    return run


def _status(row: Measured) -> LineStatus:
    return LINE_STATUS[row.reward.status]


def _line(run: SettlementRun, case: Case, row: Measured) -> SettlementLine:
    who, baseline, reward = row.participant, row.baseline, row.reward
    return SettlementLine(
        run=run,
        meter_id=who.meter_id,
        holder_id=who.holder_id,
        status=_status(row),
        baseline_wh=None if baseline.baseline_wh is None else fraction_text(baseline.baseline_wh),
        event_wh=baseline.actual_wh,
        performance_wh=None if reward.performance_wh is None else fraction_text(reward.performance_wh),
        delivered_wh=half_up(reward.delivered_wh or Fraction(0)),
        nomination_kw=who.nominated_kw,
        performance_factor=(None if reward.performance_factor is None else fraction_text(reward.performance_factor)),
        credit=reward.credit,
        demand_savings=reward.demand_savings,
        trace=_trace(case, row),
    )


def _trace(case: Case, row: Measured) -> dict[str, Any]:
    """The baseline's and the reward's own data, the nomination's source and the prices."""
    nomination, version = row.participant.nomination, case.event.version
    return {
        **baseline_data(row.baseline),
        "reward": reward_data(row.reward),
        "nomination_source": None if nomination is None else nomination.source,
        "terms": {
            "version": version.number,
            "rate_per_kw": f"{version.rate_per_kw:.4f}",
            "wholesale_cost_per_kw": f"{version.wholesale_cost_per_kw:.4f}",
        },
    }
