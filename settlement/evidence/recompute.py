"""The result that a bundle's inputs give, by the portal's own engine."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from common.money import fraction_text, half_up
from settlement.baselines import (
    Baseline,
    CapacityTerms,
    Event,
    Exclusion,
    Floor,
    MeterHistory,
    Method,
    Plan,
    Predicted,
    Reading,
    Told,
    baseline_data,
    compute_baseline,
    compute_reward,
    control_baseline,
    forecast_baseline,
    make_plan,
    preset_from_data,
)
from settlement.baselines.control import group_from
from settlement.baselines.pay import PayCap, PayTerms, pay

Data = dict[str, Any]
USUAL = ("status", "days", "slots", "adjustment_raw", "adjustment_applied", "actual_wh", "flags")


def recompute(bundle: Data) -> Data:
    """The same shape as the bundle's `result`.

    Raises:
        BaselineError: The inputs contradict themselves.
        KeyError, TypeError, ValueError: They cannot be read.
    """
    baseline = _baseline(bundle)
    header, who = bundle["header"], bundle["participant"]
    terms = _terms(header)
    capacity = CapacityTerms(terms.rate_per_kw, _wholesale(header), terms.floor)
    nominated = who["nomination_kw"]
    reward = compute_reward(baseline, capacity, None if nominated is None else Decimal(nominated))
    paid = pay(
        baseline,
        reward,
        terms,
        is_organization=who.get("organization", False),
        paid_before=Decimal(who.get("paid_before", "0.00")),
    )
    data = baseline_data(baseline)
    return {
        "status": paid.status.value.lower(),
        "usual": {name: data[name] for name in USUAL},
        "baseline_wh": _text(baseline.baseline_wh),
        "performance_wh": _text(reward.performance_wh),
        "performance_factor": _text(reward.performance_factor),
        "delivered_wh": half_up(reward.delivered_wh or Fraction(0)),
        "demand_savings": f"{reward.demand_savings:.2f}",
        "lines": [{"kind": line.kind.value, "credit": f"{line.credit:.2f}"} for line in paid.lines],
        "points": paid.points,
        "total": f"{paid.total:.2f}",
    }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else fraction_text(value)


def _terms(header: Data) -> PayTerms:
    """The prices; in a test nothing is paid."""
    told, kinds = header["terms"], {"floor": Floor, "pay_cap": PayCap, "points_per_kwh": int}
    names = ("floor",) if header["event"]["is_test"] else tuple(told)
    read: Data = {name: kinds.get(name, Decimal)(told[name]) for name in names if name in told}
    return PayTerms(**read)


def _wholesale(header: Data) -> Decimal:
    return Decimal(0) if header["event"]["is_test"] else Decimal(header["wholesale_cost_per_kw"])


def _baseline(bundle: Data) -> Baseline:
    rule, header, who = preset_from_data(bundle["rule"]), bundle["header"], bundle["participant"]
    event = _event(header, who)
    plan = make_plan(rule, event, who["minutes"], {date.fromisoformat(day) for day in header["holidays"]})
    readings = {_utc(start): Reading(wh, estimated) for start, wh, estimated in who["readings"]}
    excluded = {date.fromisoformat(day): Exclusion(why) for day, why in who["excluded"].items()}
    not_usual = {_utc(start): Exclusion(why) for start, why in who.get("not_usual", {}).items()}
    history = MeterHistory(readings, who["minutes"], excluded, not_usual)
    # Whether missing readings were given up is the run's word; the deadline stands at the event's end then.
    as_of = event.data_deadline if header["given_up"] else None
    if rule.method is Method.FORECAST:
        return forecast_baseline(plan, history, _predictions(who["basis"]), as_of, _told(who["basis"]))
    own = compute_baseline(plan, history, as_of)
    return own if rule.method is Method.DAY_MATCHING else _by_control(plan, own, who["basis"])


def _by_control(plan: Plan, own: Baseline, basis: Data) -> Baseline:
    return control_baseline(plan.preset, own, group_from(basis))


def _event(header: Data, who: Data) -> Event:
    """The event, to the end to which this participant counts."""
    told = header["event"]
    notice, first = (None if told.get(name) is None else _utc(told[name]) for name in ("notice_at", "told_at"))
    end = _utc(who.get("until", told["end"]))
    return Event(_utc(told["start"]), end, ZoneInfo(told["zone"]), notice_at=notice, told_at=first, data_deadline=end)


def _predictions(basis: Data) -> dict[datetime, Predicted]:
    rows = [(start, wh, datetime.fromisoformat(issued)) for start, wh, issued in basis["predictions"]]
    return {_utc(start): Predicted(wh, issued.astimezone(UTC)) for start, wh, issued in rows}


def _told(basis: Data) -> list[Told]:
    rows = basis.get("told", [])
    return [Told(datetime.fromisoformat(at).astimezone(UTC), _utc(start), _utc(end)) for at, start, end in rows]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
