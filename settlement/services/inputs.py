"""Everything that went into a settlement, as JSON values: what its hash is taken over."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from settlement.baselines import BaselineStatus, rule_hash
from settlement.services.case import Case
from settlement.services.measure import Measured

INPUTS_FORMAT = 1


def inputs_data(case: Case, measured: list[Measured]) -> dict[str, Any]:
    """Event, rule, prices, holidays, and per participant what the rule looked at.

    Readings that no rule looked at are not in it: they change nothing, so they make no new run.
    """
    event, version = case.event, case.event.version
    return {
        "format": INPUTS_FORMAT,
        "event": {
            "start": _utc(event.start),
            "end": _utc(event.end),
            "zone": str(case.span.zone),
            "notice_at": None if case.span.notice_at is None else _utc(case.span.notice_at),
        },
        "preset": case.preset.name,
        "rule_sha256": rule_hash(case.preset),
        "rate_per_kw": f"{version.rate_per_kw:.4f}",
        "wholesale_cost_per_kw": f"{version.wholesale_cost_per_kw:.4f}",
        "holidays": sorted(day.isoformat() for day in case.holidays),
        # The clock counts only once it decides something: that missing readings are given up.
        "given_up": any(row.baseline.status is BaselineStatus.UNMEASURED for row in measured),
        "participants": [_participant(row) for row in measured],
    }


def _participant(row: Measured) -> dict[str, Any]:
    who = row.participant
    return {
        "meter": who.meter.number,
        "holder": who.holder_id,
        "minutes": who.meter.interval_minutes,
        "nomination_kw": None if who.nominated_kw is None else f"{who.nominated_kw:.3f}",
        "excluded": {day.isoformat(): reason.value for day, reason in row.excluded.items()},
        "readings": [[_utc(start), energy_wh, estimated] for start, energy_wh, estimated in row.readings],
    }


# All meters of a run have the same few starts.
@lru_cache(maxsize=10_000)
def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
