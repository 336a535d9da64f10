"""How sure savings are that were settled by homes held out by lot: the interval of all participants of a run."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot
from typing import Any

from settlement.baselines import Method, preset_from_data, program_interval
from settlement.baselines.errors import BaselineError
from settlement.canonical import digest
from settlement.models import LineStatus, SettlementLine, SettlementRun

CHUNK = 2_000
_MEASURED = (LineStatus.OK, LineStatus.NO_NOMINATION)


@dataclass(frozen=True)
class SavedBetween:
    """What participants saved together, as a 95 % interval.

    Attributes:
        usual_low_wh, usual_high_wh: what they would have used.
        used_wh: what they used.
        meters: how many participants.
        homes: how many homes were held out and measured.
    """

    usual_low_wh: int
    usual_high_wh: int
    used_wh: int
    meters: int
    homes: int

    @property
    def low_wh(self) -> int:
        """The least that was saved; below zero, more was used than usual."""
        return self.usual_low_wh - self.used_wh

    @property
    def high_wh(self) -> int:
        """The most."""
        return self.usual_high_wh - self.used_wh

    @property
    def half_wh(self) -> float:
        """Half of the interval's width."""
        return (self.usual_high_wh - self.usual_low_wh) / 2


def saved_between(run: SettlementRun) -> SavedBetween | None:
    """The interval of the run's participants; None where none is settled by a control group. One query.

    Participants with other intervals, or who counted for other hours, have groups of their own. The widths are
    added: these groups may be the same homes.
    """
    if not _by_group(run):
        return None
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    used, meters = 0, 0
    lines = run.lines.filter(status__in=_MEASURED, baseline_wh__isnull=False, event_wh__isnull=False)
    for trace, event_wh in lines.order_by("pk").values_list("trace", "event_wh").iterator(chunk_size=CHUNK):
        basis = basis_of(trace)
        if not basis.get("interval_wh"):
            continue
        group = {name: basis[name] for name in ("members", "load_wh", "usual_wh", "spread_wh")}
        groups[digest(group)].append(basis)
        used, meters = used + (event_wh or 0), meters + 1
    found = [interval for bases in groups.values() if (interval := program_interval(bases))]
    if not found:
        return None
    # Homes that were held out of groups with other intervals are others: the largest group says how many.
    homes = max(bases[0]["members"] for bases in groups.values())
    return SavedBetween(sum(low for low, _high in found), sum(high for _low, high in found), used, meters, homes)


def together(found: Iterable[SavedBetween]) -> tuple[int, int] | None:
    """The 95 % interval of what several events saved together, in Wh: each has a draw of its own. None without any."""
    each = list(found)
    if not each:
        return None
    middle = sum((one.low_wh + one.high_wh) / 2 for one in each)
    half = hypot(*(one.half_wh for one in each))
    return round(middle - half), round(middle + half)


def basis_of(trace: dict[str, Any]) -> dict[str, Any]:
    """What a stored trace rests on besides the meter's own days; empty for most rules."""
    own: dict[str, Any] = trace.get("own", {}) if "packed" in trace else trace
    found: dict[str, Any] = own.get("basis") or trace.get("basis") or {}
    return found


def _by_group(run: SettlementRun) -> bool:
    """Whether the run's rule pays by a control group; told by the frozen rule, or by a line where that is another."""
    version = run.event.version
    if run.preset == version.preset and version.rule:
        try:
            return preset_from_data(version.rule).method is Method.CONTROL_GROUP
        except BaselineError:
            return False
    line = SettlementLine.objects.filter(run=run, baseline_wh__isnull=False).first()
    return line is not None and basis_of(line.trace).get("kind") == "CONTROL_GROUP"
