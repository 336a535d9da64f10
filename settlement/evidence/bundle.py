"""One reward with everything that it rests on, as JSON values that anybody can check elsewhere."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import Kind
from settlement.baselines import DayOutcome, DayTrace, Plan, Preset, make_plan, rule_data, rule_hash
from settlement.baselines import Event as Span
from settlement.baselines.trace import utc_text
from settlement.baselines.walk import looked_at
from settlement.canonical import digest
from settlement.errors import NoEvidence
from settlement.evidence.as_of import Row, readings_as_of, unusual_as_of
from settlement.evidence.chain import chain_of
from settlement.models import Account, BatchKind, LedgerEntry, LineKind, LineStatus, RunKind, SettlementLine, Unit
from settlement.services.measuring.case import Case, open_case
from settlement.services.measuring.held import held_since
from settlement.services.measuring.inputs import header_data
from settlement.services.paying import PayCase, terms_for
from settlement.traces import opened

FORMAT = "drportal-evidence-1"
SECTIONS = ("about", "header", "rule", "participant", "result", "ledger")
ORDER = (
    LineKind.CAPACITY, LineKind.ENERGY, LineKind.THRESHOLD, LineKind.BONUS, LineKind.FLAT, LineKind.PENALTY,
)  # fmt: skip
# Clock changes lie at whole quarter hours.
STEP = timedelta(minutes=15)

Data = dict[str, Any]


def bundle_of(line: SettlementLine) -> Data:
    """The evidence of the reward that a line belongs to: all lines of its meter in its run, with what they rest on.

    Args:
        line: with its run, event, program, distributor, version and meter.

    Raises:
        NoEvidence: The rule of the run is not known any more, or the line is none of a meter's measurement.
    """
    lines = reward_lines(line)
    if not lines or not lines[0].inputs_sha256:
        raise NoEvidence(_("This amount rests on no measurement, or was settled before evidence was kept."))
    primary = lines[0]
    case, trace = case_of_run(primary), opened(primary)
    # Who stopped before an event that was made longer counts to an earlier end.
    span = replace(case.span, end=datetime.fromisoformat(trace["event"]["end"]))
    plan = make_plan(case.preset, span, trace["minutes"], case.holidays)
    bundle: Data = {
        "format": FORMAT,
        "about": _about(primary),
        "header": _header(primary, case),
        "rule": rule_data(case.preset),
        "zone_offsets": zone_offsets(case.span, case.preset),
        "participant": _participant(primary, plan, trace),
        "result": _result(lines, trace),
        "ledger": _ledger(primary),
    }
    bundle["chain"] = chain_of(primary)
    bundle["fingerprints"] = {name: digest(bundle[name]) for name in SECTIONS}
    return {**bundle, "sha256": digest(bundle)}


def reward_lines(line: SettlementLine) -> list[SettlementLine]:
    """The meter's lines in the run, the one with the measurement first."""
    rows = SettlementLine.objects.filter(run=line.run_id, meter=line.meter_id, kind__in=ORDER)
    ordered = sorted(rows, key=lambda row: ORDER.index(LineKind(row.kind)))
    for row in ordered:
        # One run, one meter: what is loaded with the line is theirs too.
        row.run, row.meter = line.run, line.meter
    return ordered


def case_of_run(line: SettlementLine) -> Case:
    """The case that the line's run settled.

    Raises:
        NoEvidence: The rule of a trial is not what it was.
    """
    run = line.run
    case = open_case(event=run.event, preset=run.preset, kind=RunKind(run.kind))
    if rule_hash(case.preset) != run.rule_sha256:
        raise NoEvidence(_("The rule of this trial has changed since."))
    return case


def _about(line: SettlementLine) -> Data:
    event, run = line.run.event, line.run
    distributor = event.program.distributor
    return {
        "distributor": distributor.name,
        "currency": distributor.currency,
        "program": event.program.name,
        "version": event.version.number,
        "event": event.pk,
        "when": f"{event.start.astimezone(event.program.zone):%Y-%m-%d %H:%M}",
        "run": run.number,
        "run_kind": run.kind,
        "meter": line.meter.number,
    }


def _header(line: SettlementLine, case: Case) -> Data:
    """What all participants of the run share: what its fingerprint is taken over."""
    given_up = line.run.lines.filter(status=LineStatus.UNMEASURED).exists()
    return header_data(case, PayCase(terms_for(case.event)), given_up=given_up)


def zone_offsets(span: Span, rule: Preset) -> list[list[Any]]:
    """[UTC time, seconds ahead of UTC from then on] over all days that the rule may look at."""
    zone = ZoneInfo(str(span.zone))
    moment = (span.start - timedelta(days=rule.days_back_extended + 3)).replace(minute=0, second=0)
    last = span.end + timedelta(days=3)
    offsets: list[list[Any]] = []
    while moment < last:
        offset = moment.astimezone(zone).utcoffset() or timedelta(0)
        seconds = int(offset.total_seconds())
        if not offsets or offsets[-1][1] != seconds:
            offsets.append([utc_text(moment), seconds])
        moment += STEP
    return offsets


def _participant(line: SettlementLine, plan: Plan, trace: Data) -> Data:
    """What the rule looked at, as it stood when the run was made."""
    as_of: datetime = line.run.created_at.astimezone(UTC)
    days = [
        DayTrace(date.fromisoformat(row["day"]), DayOutcome(row["outcome"]), event_day=row["event_day"])
        for row in trace["days"]
    ]
    oldest = days[-1].day if days else plan.event.day
    held_from = datetime.fromisoformat(trace["held_from"]) if "held_from" in trace else None
    unusual = unusual_as_of(line.meter, plan, held_from, as_of)
    rows = _of_holder(line, held_from, readings_as_of(line.meter, looked_at(plan, days), as_of))
    window = {utc_text(start): why.value for start, why in unusual.window.items()}
    return {
        "meter": line.meter.number,
        "holder": line.holder_id,
        "minutes": plan.minutes,
        "nomination_kw": None if line.nomination_kw is None else f"{line.nomination_kw:.3f}",
        **_pays_by(line, trace),
        "excluded": {day.isoformat(): why.value for day, why in unusual.days.items() if oldest <= day < plan.event.day},
        **({"not_usual": window} if window else {}),
        "readings": [[utc_text(start), energy_wh, estimated] for start, energy_wh, estimated in rows],
        **({"basis": trace["basis"]} if "basis" in trace else {}),
        **({"until": trace["until"]} if "until" in trace else {}),
    }


def _of_holder(line: SettlementLine, held_from: datetime | None, rows: list[Row]) -> list[Row]:
    """The readings of the time in which the meter was the holder's.

    Raises:
        NoEvidence: The amount rests on what others used: it was settled before that was heeded, or the holder's time
            was corrected since.
    """
    own = [row for row in rows if held_from is None or row[0] >= held_from]
    since = held_since(line.run.event, after=line.meter_id - 1, last=line.meter_id).get(line.meter_id)
    if since is not None and any(row[0] < since for row in own):
        raise NoEvidence(
            _("This amount was worked out with readings from before you had the meter. It must be settled again.")
        )
    return own


def _pays_by(line: SettlementLine, trace: Data) -> Data:
    """What the pay depends on besides the measurement, where it depends on it."""
    terms, holder = terms_for(line.run.event), line.holder
    penalized = bool(terms.penalty_per_kw) and holder is not None and holder.kind == Kind.ORGANIZATION
    before = trace.get("paid_before")
    return {**({"organization": True} if penalized else {}), **({"paid_before": before} if before else {})}


def _result(lines: list[SettlementLine], trace: Data) -> Data:
    """What the run says, as it is stored."""
    primary = lines[0]
    usual = ("status", "days", "slots", "adjustment_raw", "adjustment_applied", "actual_wh", "flags")
    return {
        "status": primary.status,
        "usual": {name: trace[name] for name in usual},
        "baseline_wh": primary.baseline_wh,
        "performance_wh": primary.performance_wh,
        "performance_factor": primary.performance_factor,
        "delivered_wh": primary.delivered_wh,
        "demand_savings": f"{primary.demand_savings:.2f}",
        "lines": [{"kind": line.kind, "credit": f"{line.credit:.2f}"} for line in lines],
        "points": sum(line.points for line in lines),
        "total": f"{sum(line.credit for line in lines):.2f}",
    }


def _ledger(line: SettlementLine) -> list[Data]:
    """The postings of this meter, holder and event up to this run, batch by batch; none while it is not posted."""
    if getattr(line.run, "batch", None) is None:
        return []
    rows = LedgerEntry.objects.filter(
        account=Account.OWED, unit=Unit.MONEY, holder=line.holder_id, line__run__event=line.run.event_id,
        line__meter=line.meter_id, batch__kind=BatchKind.RUN, batch__run__number__lte=line.run.number,
    ).select_related("batch")  # fmt: skip
    batches: dict[int, Data] = {}
    for row in rows.order_by("batch__number", "key"):
        batch = row.batch
        told = batches.setdefault(batch.number, {"number": batch.number, "sha256": batch.sha256, "entries": []})
        told["entries"].append({"key": row.key, "amount": f"{row.amount:.2f}"})
    return list(batches.values())
