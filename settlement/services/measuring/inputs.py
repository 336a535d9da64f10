"""Everything that went into a settlement, as JSON values: what its hashes are taken over.

A participant has a hash of its own, which stands on each of its lines; that of the run is taken over what all share
and over these, by meter number. So it does not matter in which parts a run was written.
"""

import hashlib
from collections.abc import Iterable
from json import dumps
from typing import Any

from settlement.baselines import Method, rule_hash
from settlement.baselines.trace import utc_text
from settlement.canonical import digest
from settlement.hash_tree import root_of
from settlement.services.measuring.case import Case
from settlement.services.measuring.measured import Measured, QuickMeasured, Row
from settlement.services.measuring.participants import held_out_state
from settlement.services.paying import Paid, PayCase, terms_data

INPUTS_FORMAT = 2


def header_data(case: Case, pay: PayCase, *, given_up: bool) -> dict[str, Any]:
    """What all participants share: event, rule, prices, holidays.

    Args:
        given_up: whether a missing reading was given up. The clock counts only once it decides something.
    """
    event, version = case.event, case.event.version
    return {
        "format": INPUTS_FORMAT,
        "kind": case.kind.value,
        "event": {
            "start": utc_text(event.start),
            "end": utc_text(event.end),
            "zone": str(case.span.zone),
            "notice_at": None if case.span.notice_at is None else utc_text(case.span.notice_at),
            "is_test": event.is_test,
            **({} if case.span.told_at is None else {"told_at": utc_text(case.span.told_at)}),
        },
        "preset": case.preset.name,
        "rule_sha256": rule_hash(case.preset),
        "rate_per_kw": f"{version.rate_per_kw:.4f}",
        "wholesale_cost_per_kw": f"{version.wholesale_cost_per_kw:.4f}",
        "terms": terms_data(pay.terms),
        "holidays": sorted(day.isoformat() for day in case.holidays),
        "given_up": given_up,
    }


def ground_data(case: Case, pay: PayCase) -> dict[str, Any]:
    """All that every line of an open run rests on besides its own participant: it must not change in between."""
    before = {f"{meter}/{holder}": f"{amount:.2f}" for (meter, holder), amount in pay.before.items()}
    deadline = case.span.data_deadline
    return {
        "header": header_data(case, pay, given_up=deadline is not None and case.as_of >= deadline),
        "organizations": sorted(pay.organizations),
        "paid_before": before,
        "held_out": held_out_state(case.event) if case.preset.method is Method.CONTROL_GROUP else "",
    }


def participant_data(row: Row, pay: PayCase, paid: Paid | None = None) -> dict[str, Any]:
    """What the rule looked at for one participant, and what its pay depends on besides.

    Readings that no rule looked at are not in it: they change nothing, so they make no new run. Nor is what other
    events of the season pay, as long as the season's cap leaves room for this one.

    Args:
        paid: what the row pays, where that is known already.
    """
    who = row.participant
    data = {
        "meter": who.meter.number,
        "holder": who.holder_id,
        "minutes": who.meter.interval_minutes,
        "nomination_kw": None if who.nominated_kw is None else f"{who.nominated_kw:.3f}",
        "excluded": {day.isoformat(): reason.value for day, reason in row.unusual.days.items()},
        "readings": [[utc_text(start), energy_wh, estimated] for start, energy_wh, estimated in row.readings],
    }
    if row.unusual.window:
        data["not_usual"] = {utc_text(start): reason.value for start, reason in row.unusual.window.items()}
    if isinstance(row, Measured) and row.baseline.basis is not None:
        data["basis"] = dict(row.baseline.basis)
    if who.holder_id in pay.organizations:
        data["organization"] = True
    if who.until is not None:
        data["until"] = utc_text(who.until)
    before = pay.season_before(row, paid)
    return data if before is None else data | {"paid_before": before}


def participant_digest(row: Row, pay: PayCase, paid: Paid | None = None) -> str:
    """The SHA-256 of `participant_data` in canonical form."""
    if isinstance(row, Measured):
        return digest(participant_data(row, pay, paid))
    return hashlib.sha256(_quick_text(row, pay, paid).encode()).hexdigest()


def run_digest(header: dict[str, Any], participants: Iterable[tuple[str, str]]) -> str:
    """The SHA-256 over what all share and over (meter number, hash) of each participant, in any order.

    The numbers stand in the hashes already; so one participant can check its own without seeing another's.
    """
    return digest({"header": header, "participants": root_of([sha256 for _number, sha256 in participants])})


def again(sha256: str, number: int) -> str:
    """The hash of inputs that were corrected and corrected back: theirs, as of this run."""
    return digest({"inputs": sha256, "run": number})


def _quick_text(row: QuickMeasured, pay: PayCase, paid: Paid | None) -> str:
    """The canonical text of `participant_data`."""
    who, shared = row.participant, row.shared
    kw = "null" if who.nominated_kw is None else f'"{who.nominated_kw:.3f}"'
    holder = "null" if who.holder_id is None else who.holder_id
    readings = ",".join([f"{text}{wh},false]" for text, wh in zip(shared.readings_begin, row.energies, strict=True)])
    before = pay.season_before(row, paid)
    until = "" if who.until is None else f',"until":"{utc_text(who.until)}"'
    further = f'"not_usual":{shared.not_usual_text},' if shared.not_usual_text else ""
    further += '"organization":true,' if who.holder_id in pay.organizations else ""
    further += "" if before is None else f'"paid_before":"{before}",'
    return (
        f'{{"excluded":{shared.excluded_text},"holder":{holder},"meter":{dumps(who.meter.number, ensure_ascii=False)},'
        f'"minutes":{who.meter.interval_minutes},"nomination_kw":{kw},{further}"readings":[{readings}]{until}}}'
    )
