"""An audit's result as JSON values: what a report stores, pages show and files list."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Count, F, Sum

from meters.models import Meter
from settlement.exact import from_cents, sum_of_cents
from settlement.models import LineStatus, SettlementLine
from settlement.placebo import Audited, Figures, Interval, Intervals, Measurements, Verdict
from settlement.placebo.compare import Half
from settlement.selectors import newest_runs
from settlement.services.placebo.case import AuditCase

RESULT_FORMAT = 2
BEST = (Verdict.BEST, Verdict.BEST_BIASED)


def result_data(
    case: AuditCase,
    meters: Sequence[Meter],
    days: Sequence[date],
    found: tuple[Mapping[str, Audited], Mapping[str, float]],
    reasons: Mapping[str, str],
    data: Measurements,
) -> dict[str, Any]:
    """The result; the rules in the order in which they were asked for.

    Args:
        meters: those with a measurement, in the order of the arrays.
        found: from `placebo.audit`.
        reasons: rule -> why it could not be tried.
    """
    audited, thin = found
    return {
        "format": RESULT_FORMAT,
        "first": days[0].isoformat(),
        "last": days[-1].isoformat(),
        "days": len(days),
        "hours": list(case.hours),
        "meters": len(meters),
        "meters_left_out": case.left_out,
        "cells": int((~np.isnan(data.actual)).sum()),
        "compared": _round(next((row.compared for row in audited.values()), 0.0)),
        "halves": _halves(days, audited),
        "used_wh": round(float(np.nansum(data.actual))),
        "in_force": case.in_force,
        "recommended": next((name for name, row in audited.items() if row.judged.verdict in BEST), None),
        "rules": [_rule(name, row, case) for name, row in audited.items()],
        "not_applicable": [
            *({"preset": name, "reason": reason} for name, reason in reasons.items()),
            *({"preset": name, "reason": "too_few_days", "share": _round(share)} for name, share in thin.items()),
        ],
        "meter_rows": [_meter_row(meter, at, audited) for at, meter in enumerate(meters)],
        "paid": paid_in_events(case),
    }


def _meter_row(meter: Meter, at: int, audited: Mapping[str, Audited]) -> dict[str, Any]:
    figures = {name: _short(row.meters[at]) for name, row in audited.items()}
    return {"id": meter.pk, "number": meter.number, "figures": figures}


def _rule(name: str, row: Audited, case: AuditCase) -> dict[str, Any]:
    intervals = row.intervals
    return {
        "preset": name,
        **_figures(row.figures),
        "money": round(row.money, 2),
        "coverage": _round(row.coverage),
        "intervals": _intervals(intervals),
        "same_hours": _figures(row.same),
        "earlier": _half(row.halves.earlier if row.halves else None),
        "later": _half(row.halves.later if row.halves else None),
        "verdict": row.judged.verdict.value,
        "extra": _round(row.judged.extra),
        "extra_interval": _interval(row.judged.interval),
        "hours": [{"hour": hour, **_figures(each)} for hour, each in zip(case.hours, row.hours, strict=True)],
        "segments": [
            {"kind": kind, "name": segment, **_figures(each)} for (kind, segment), each in row.segments.items()
        ],
    }


def _halves(days: Sequence[date], audited: Mapping[str, Audited]) -> dict[str, Any] | None:
    """First day, last day and number of days of each half; None where a rule was chosen on all days."""
    if not any(row.halves for row in audited.values()):
        return None
    middle = len(days) // 2
    parts = {"earlier": days[:middle], "later": days[middle:]}
    return {name: [part[0].isoformat(), part[-1].isoformat(), len(part)] for name, part in parts.items()}


def _half(found: Half | None) -> dict[str, Any] | None:
    return None if found is None else {**_figures(found.figures), "intervals": _intervals(found.intervals)}


def _intervals(found: Intervals) -> dict[str, Any]:
    return {
        "rrmse": _interval(found.rrmse),
        "bias": _interval(found.bias),
        "for_nothing": _interval(found.for_nothing),
    }


def _figures(found: Figures) -> dict[str, Any]:
    return {
        "cells": found.cells,
        "rrmse": _round(found.rrmse),
        "bias": _round(found.bias),
        "for_nothing": _round(found.for_nothing),
    }


def _short(found: Figures) -> list[float | None]:
    return [_round(found.rrmse), _round(found.bias), _round(found.for_nothing)]


def _interval(found: Interval) -> list[float | None]:
    return [_round(found.low), _round(found.high)]


def _round(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def paid_in_events(case: AuditCase) -> dict[str, Any]:
    """What the program's final settlements paid, of the days audited and before: events, hours, kWh, money."""
    runs = newest_runs().filter(event__program=case.program)
    lines = SettlementLine.objects.filter(run__in=runs).order_by()
    sums = lines.aggregate(
        events=Count("run__event", distinct=True), delivered_wh=Sum("delivered_wh"), money=sum_of_cents("credit")
    )
    used = lines.filter(
        status__in=(LineStatus.OK, LineStatus.NO_NOMINATION), event_wh__gte=0, baseline_wh__isnull=False
    )
    used_wh = used.values("run__event", "meter").annotate(wh=F("event_wh")).distinct()
    spans = {(run.event_id, run.event.start, run.event.end) for run in runs.select_related("event")}
    return {
        "events": sums["events"],
        "hours": round(sum((end - start).total_seconds() for _pk, start, end in spans) / 3600, 2),
        "delivered_wh": int(sums["delivered_wh"] or 0),
        "used_wh": sum(row["wh"] for row in used_wh),
        "money": str(from_cents(sums["money"])),
    }
