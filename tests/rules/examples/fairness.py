"""Placebo reports and integrity flags."""

from datetime import date, timedelta
from typing import Any

from settlement.models import FlagState, IntegrityFlag, PlaceboReport, ReportState
from tests.rules.examples.example import Example, again
from tests.rules.kit import Kit

DAY = date(2026, 6, 1)


def _report(kit: Kit, **fields: Any) -> PlaceboReport:
    return PlaceboReport(**({"program": kit.program, "first_day": DAY, "last_day": DAY} | fields))


def _stored(kit: Kit, **fields: Any) -> PlaceboReport:
    row = _report(kit, **fields)
    row.save()
    return row


def _flag(kit: Kit, **fields: Any) -> IntegrityFlag:
    return IntegrityFlag(**({"line": kit.line, "kind": "record"} | fields))


def _stored_flag(kit: Kit, **fields: Any) -> IntegrityFlag:
    row = _flag(kit, **fields)
    row.save()
    return row


def _second_flag(kit: Kit) -> tuple[IntegrityFlag, dict[str, Any]]:
    _stored_flag(kit)
    return _stored_flag(kit, kind="old_pool"), {"kind": "record"}


EXAMPLES = {
    "placebo_state_known": Example(
        new=lambda kit: _report(kit, state="lost"), change=lambda kit: (_stored(kit), {"state": "lost"})
    ),
    "placebo_days_in_order": Example(
        new=lambda kit: _report(kit, last_day=DAY - timedelta(days=1)),
        change=lambda kit: (_stored(kit), {"last_day": DAY - timedelta(days=1)}),
    ),
    "placebo_percent": Example(
        new=lambda kit: _report(kit, percent=101), change=lambda kit: (_stored(kit), {"percent": 101})
    ),
    "placebo_done_unchanged": Example(
        change=lambda kit: (_stored(kit, state=ReportState.DONE), {"problem": "none after all"})
    ),
    "flag_once": Example(new=lambda kit: again(_stored_flag(kit)), change=_second_flag),
    "flag_kind_known": Example(
        new=lambda kit: _flag(kit, kind="odd"), change=lambda kit: (_stored_flag(kit), {"kind": "odd"})
    ),
    "flag_state_known": Example(
        new=lambda kit: _flag(kit, state="lost", note="x"),
        change=lambda kit: (_stored_flag(kit), {"state": "lost"}),
        earlier=("flag_decided_with_note",),
    ),
    "flag_decided_with_note": Example(
        new=lambda kit: _flag(kit, state=FlagState.CLEARED),
        change=lambda kit: (_stored_flag(kit), {"state": FlagState.CONFIRMED}),
    ),
}
