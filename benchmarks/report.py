"""The printed tables."""

import os
import platform
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from benchmarks.clock import Took

HEADINGS = (
    "what is measured", "unit", "ours", "±", "reference", "±", "ratio", "±", "CPU: ours", "ratio", "Python", "goal"
)  # fmt: skip
LINE = "{:<58} {:<9} {:>9} {:>5} {:>9} {:>5} {:>6} {:>5} {:>10} {:>6} {:>6}  {}"


class Of(StrEnum):
    """What a goal bounds."""

    RATIO = "ratio"
    OURS = "ours"
    CORE = "per core"


@dataclass(frozen=True)
class Goal:
    """A bound on one figure of a row."""

    sign: str
    bound: float
    of: Of = Of.RATIO

    def words(self, figures: dict[Of, float | None]) -> str:
        """The bound, and whether it is kept."""
        value = figures[self.of]
        if value is None:
            return f"{self.of} {self.sign} {self.bound:,g}"
        kept = value >= self.bound if self.sign == "≥" else value <= self.bound
        return f"{self.of} {self.sign} {self.bound:,g} {'met' if kept else 'missed'}"


@dataclass(frozen=True)
class Row:
    """One line: one value per repetition of ours and of the reference, in the same unit.

    Attributes:
        reference: of the same repetitions; empty where there is nothing to compare with.
        core, reference_core: the same figures if only time of the processor counted, database included; None
            where that is unknown. Other work on the machine disturbs them less.
        here: the share of that time of ours that was spent in Python.
    """

    what: str
    unit: str
    ours: Sequence[float]
    reference: Sequence[float] = ()
    goals: Sequence[Goal] = ()
    core: float | None = None
    reference_core: float | None = None
    here: float | None = None

    @property
    def ratio(self) -> float | None:
        """The median over the repetitions of ours / reference: what slows a moment slows both."""
        return statistics.median(self._ratios) if self.reference else None

    @property
    def _ratios(self) -> list[float]:
        return [ours / other for ours, other in zip(self.ours, self.reference, strict=False)]

    @property
    def core_ratio(self) -> float | None:
        """The ratio by time of the processor."""
        return self.core / self.reference_core if self.core and self.reference_core else None

    def cells(self) -> list[str]:
        """The texts of the line."""
        figures = {Of.RATIO: self.ratio, Of.OURS: statistics.median(self.ours), Of.CORE: self.core}
        return [
            self.what,
            self.unit,
            *_value(self.ours),
            *(_value(self.reference) if self.reference else ["", ""]),
            _ratio(self.ratio),
            _spread(self._ratios),
            "" if self.core is None else _number(self.core),
            _ratio(self.core_ratio),
            "" if self.here is None else f"{self.here:.0%}",
            ", ".join(goal.words(figures) for goal in self.goals),
        ]


def rates(
    what: str, unit: str, amount: int, ours: Sequence[Took], reference: Sequence[Took], goals: Sequence[Goal] = ()
) -> Row:
    """The row of work on `amount` things: things per second, more is better."""
    own, other = _processor(ours), _processor(reference)
    return Row(
        what,
        unit,
        [amount / took.wall for took in ours],
        [amount / took.wall for took in reference],
        goals,
        core=amount / own if own else None,
        reference_core=amount / other if other else None,
        here=_share_here(ours),
    )


def times(what: str, ours: Sequence[Took], reference: Sequence[Took], goals: Sequence[Goal] = ()) -> Row:
    """The row of one call: milliseconds, less is better."""
    own, other = _processor(ours), _processor(reference)
    return Row(
        what,
        "ms",
        [took.wall * 1_000 for took in ours],
        [took.wall * 1_000 for took in reference],
        goals,
        core=own and own * 1_000,
        reference_core=other and other * 1_000,
        here=_share_here(ours),
    )


def _processor(took: Sequence[Took]) -> float | None:
    """Mean seconds of the processor per call: the server's counter is too coarse for one call alone."""
    known = [each.processor for each in took if each.processor is not None]
    return statistics.mean(known) if known else None


def _share_here(took: Sequence[Took]) -> float | None:
    processor = _processor(took)
    return statistics.mean(each.here for each in took) / processor if processor else None


def print_head(scale: str, database: str) -> None:
    """Where and when this is measured."""
    load = os.getloadavg()[0]
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · scale {scale} · {os.cpu_count()} cores, {_model()}")
    print(f"Python {platform.python_version()} · {database} · load of the machine at the start {load:.1f}")


def print_table(name: str, rows: Iterable[Row]) -> None:
    """One benchmark's rows, each printed when it is measured, so that a later failure costs no earlier figure."""
    began = time.perf_counter()
    print(f"\n{name}\n{LINE.format(*HEADINGS)}", flush=True)
    for row in rows:
        print(LINE.format(*row.cells()).rstrip(), flush=True)
    print(f"({name}: {time.perf_counter() - began:.0f} s, data included)", flush=True)


def _value(values: Sequence[float]) -> list[str]:
    """The median, and half the way from the smallest to the largest as a share of it."""
    return [_number(statistics.median(values)), _spread(values)]


def _spread(values: Sequence[float]) -> str:
    middle = statistics.median(values) if len(values) > 1 else 0
    return f"{(max(values) - min(values)) / 2 / middle:.0%}" if middle else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
