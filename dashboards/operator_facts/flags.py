"""Integrity flags as rows and sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Exists, Q, QuerySet
from django.urls import reverse

from dashboards.times import moment_words
from dashboards.words import money
from settlement.models import FlagKind, FlagState, IntegrityFlag
from settlement.selectors import later_checked_runs
from settlement.words.flags import flag_words

TONES = {FlagState.OPEN: "attention", FlagState.CLEARED: "good", FlagState.CONFIRMED: "danger"}


@dataclass(frozen=True)
class FlagRow:
    """One flag in words."""

    flag: IntegrityFlag
    words: str
    event: str
    credit: str
    tone: str
    url: str


def found_flags(rows: QuerySet[IntegrityFlag], *, kind: str, state: str, find: str) -> QuerySet[IntegrityFlag]:
    """The flags of a kind and in a state (empty: every), newest event first. An open one of a replaced run is over."""
    rows = rows.filter(~Q(state=FlagState.OPEN) | ~Exists(later_checked_runs()))
    if kind in FlagKind.values:
        rows = rows.filter(kind=kind)
    if state in FlagState.values:
        rows = rows.filter(state=state)
    if find:
        rows = rows.filter(line__meter__number__icontains=find[:80])
    related = "line__meter", "line__run__event__program__distributor", "decided_by"
    return rows.select_related(*related).order_by("-line__run__event__start", "line__meter__number", "kind", "-pk")


def rows_of(flags: Sequence[IntegrityFlag], zone: ZoneInfo) -> list[FlagRow]:
    """The flags in words; their lines, events and meters are loaded."""
    return [
        FlagRow(
            flag,
            flag_words(flag),
            f"{flag.line.run.event.program.name}, {moment_words(flag.line.run.event.start, zone)}",
            money(flag.line.credit, flag.line.run.event.program.distributor.currency),
            TONES[FlagState(flag.state)],
            reverse("operator_flag", args=[flag.pk]),
        )
        for flag in flags
    ]
