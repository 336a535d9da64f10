"""What a run says of one participant: one line, or several where the program pays for several things."""

from fractions import Fraction
from typing import Any

from common.intervals import slot_starts
from common.money import fraction_text, half_up
from settlement.baselines import RewardStatus, baseline_data, reward_data
from settlement.baselines.packed import common_data, pack, pack_quick
from settlement.baselines.trace import utc_text
from settlement.models import LineStatus, SettlementLine, SettlementRun
from settlement.services.measuring.case import Case
from settlement.services.measuring.inputs import participant_digest
from settlement.services.measuring.measured import Measured, QuickMeasured, Row
from settlement.services.paying import PayCase, with_pay
from settlement.traces import opened_with, reward_said

LINE_STATUS = {
    RewardStatus.OK: LineStatus.OK,
    RewardStatus.NO_NOMINATION: LineStatus.NO_NOMINATION,
    RewardStatus.INSUFFICIENT_HISTORY: LineStatus.INSUFFICIENT_HISTORY,
    RewardStatus.DATA_PENDING: LineStatus.DATA_PENDING,
    RewardStatus.UNMEASURED: LineStatus.UNMEASURED,
}
MEASURED = (LineStatus.OK, LineStatus.NO_NOMINATION)


def unmeasured_of(run: SettlementRun) -> set[int]:
    """The ids of the meters that the run could not measure."""
    return set(run.lines.exclude(status__in=MEASURED).order_by().values_list("meter_id", flat=True))


def common_of(case: Case) -> dict[str, Any]:
    """What all lines of a run share in their traces."""
    version = case.event.version
    shared = common_data(case.preset, case.span, case.holidays) | {
        "terms": {
            "version": version.number,
            "rate_per_kw": f"{version.rate_per_kw:.4f}",
            "wholesale_cost_per_kw": f"{version.wholesale_cost_per_kw:.4f}",
        }
    }
    return shared | {"test": True} if case.event.is_test else shared


def lines_of(run: SettlementRun, case: Case, row: Row, pay: PayCase) -> list[SettlementLine]:
    """The participant's lines, unsaved: the primary one with the measurement first. A test pays nothing."""
    line = _quick_line(run, row) if isinstance(row, QuickMeasured) else _line(run, row)
    if pay.terms.is_plain or case.event.is_test:
        line.inputs_sha256 = participant_digest(row, pay)
        return [line]
    paid = pay.pay(row)
    line.inputs_sha256 = participant_digest(row, pay, paid)
    measured = reward_said(line, run.common) if isinstance(row, QuickMeasured) else reward_data(row.reward)
    lines = with_pay(line, paid)
    before = pay.season_before(row, paid)
    if before is not None:
        line.trace["paid_before"] = before
    _keep_reward(run, line, measured)
    return lines


def _quick_line(run: SettlementRun, row: QuickMeasured) -> SettlementLine:
    who, amounts = row.participant, row.amounts
    baseline_wh = Fraction(*row.quick.baseline_wh)
    return SettlementLine(
        run_id=run.pk,
        meter_id=who.meter_id,
        holder_id=who.holder_id,
        status=LINE_STATUS[amounts.status],
        baseline_wh=f"{baseline_wh.numerator}/{baseline_wh.denominator}",
        event_wh=sum(row.quick.actual),
        performance_wh="{}/{}".format(*amounts.performance_wh),
        delivered_wh=amounts.delivered_wh,
        nomination_kw=who.nominated_kw,
        performance_factor=None if amounts.performance_factor is None else "{}/{}".format(*amounts.performance_factor),
        credit=amounts.credit,
        demand_savings=amounts.demand_savings,
        trace=pack_quick(row.shared.plan, row.quick) | _source(row),
    )


def _line(run: SettlementRun, row: Measured) -> SettlementLine:
    who, baseline, reward = row.participant, row.baseline, row.reward
    full = baseline_data(baseline)
    line = SettlementLine(
        run_id=run.pk,
        meter_id=who.meter_id,
        holder_id=who.holder_id,
        status=LINE_STATUS[reward.status],
        baseline_wh=None if baseline.baseline_wh is None else fraction_text(baseline.baseline_wh),
        event_wh=baseline.actual_wh,
        performance_wh=None if reward.performance_wh is None else fraction_text(reward.performance_wh),
        delivered_wh=half_up(reward.delivered_wh or Fraction(0)),
        nomination_kw=who.nominated_kw,
        performance_factor=None if reward.performance_factor is None else fraction_text(reward.performance_factor),
        credit=reward.credit,
        demand_savings=reward.demand_savings,
        trace=pack(full) | _source(row) | _pending(row),
    )
    _keep(run, line, full | {"reward": reward_data(reward)})
    return line


def _keep_reward(run: SettlementRun, line: SettlementLine, reward: dict[str, Any]) -> None:
    """The measured reward beside the line whose pay is capped or of another kind."""
    if reward_said(line, run.common) != reward:
        line.trace["own"] = line.trace.get("own", {}) | {"reward": reward}


def _keep(run: SettlementRun, line: SettlementLine, full: dict[str, Any]) -> None:
    """Keeps word by word what the packed trace cannot say."""
    said = opened_with(line, run.common)
    differs = {key: value for key, value in full.items() if said.get(key) != value}
    if differs:
        line.trace["own"] = differs


def _source(row: Row) -> dict[str, Any]:
    """Where the nomination came from, since when the meter is the holder's, and the earlier end to which it counts."""
    who = row.participant
    source = {} if who.nomination is None else {"source": who.nomination.source}
    source |= {} if who.held_from is None else {"held_from": who.held_from.isoformat()}
    return source if who.until is None else source | {"until": utc_text(who.until)}


def _pending(row: Measured) -> dict[str, str]:
    """From when on readings of the event are missing, where some are."""
    there = {start for start, _wh, _estimated in row.readings}
    event = row.baseline.event
    starts = slot_starts(event.start, event.end, row.baseline.minutes)
    since = next((start for start in starts if start not in there), None)
    return {} if since is None else {"pending_from": utc_text(since)}
