"""What came over, what was refused and why, and whether the sums agree."""

from collections import Counter
from dataclasses import dataclass, field

SHOWN = 1_000


@dataclass
class TableCount:
    """Rows of one table: in the dump, made now, there already, refused."""

    rows: int = 0
    made: int = 0
    known: int = 0
    refused: int = 0


@dataclass
class MeterSums:
    """One meter in the dump and in the portal: rows, and Wh of energy, prediction and saving.

    `refused_wh` is the energy of the rows that were refused, so that dump − refused = portal.
    """

    rows: int = 0
    stored: int = 0
    refused: int = 0
    energy_wh: int = 0
    refused_wh: int = 0
    stored_wh: int = 0
    predicted_wh: int = 0
    stored_predicted_wh: int = 0
    delta_wh: int = 0
    stored_delta_wh: int = 0

    @property
    def agrees(self) -> bool:
        """Whether nothing but what was refused is missing. Deltas are rounded one by one: a Wh each way."""
        return (
            self.energy_wh - self.refused_wh == self.stored_wh
            and self.rows - self.refused == self.stored
            and abs(self.delta_wh - self.stored_delta_wh) <= self.rows
        )


@dataclass
class Report:
    """The reconciliation of one migration."""

    tables: dict[str, TableCount] = field(default_factory=dict)
    meters: dict[str, MeterSums] = field(default_factory=dict)
    moved_ids: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    refusals: list[tuple[str, str, str]] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    mailed: int = 0

    def count(self, table: str) -> TableCount:
        """The counts of one table."""
        return self.tables.setdefault(table, TableCount())

    def refuse(self, table: str, row: str, reason: str) -> None:
        """One more row that does not come over; `row` names it."""
        self.count(table).refused += 1
        self.reasons[(table, reason)] += 1
        if len(self.refusals) < SHOWN:
            self.refusals.append((table, row, reason))

    def move(self, table: str, old: str, new: int) -> None:
        """A row that could not keep its id."""
        self.moved_ids.setdefault(table, []).append((old, new))

    @property
    def agrees(self) -> bool:
        """Whether all sums do."""
        return all(sums.agrees for sums in self.meters.values())

    def lines(self) -> list[str]:
        """As the command prints it."""
        lines = ["table            rows     made    known  refused"]
        lines += [
            f"{name:<14}{each.rows:>7,}{each.made:>9,}{each.known:>9,}{each.refused:>9,}"
            for name, each in self.tables.items()
        ]
        lines += ["", "refused, by reason:"] if self.reasons else []
        lines += [f"  {table}: {reason} ({count:,})" for (table, reason), count in self.reasons.most_common()]
        for table, moved in self.moved_ids.items():
            pairs = ", ".join(f"{old} → {new}" for old, new in moved[:20])
            lines.append(f"{table}: {len(moved):,} could not keep their id: {pairs}{' …' if len(moved) > 20 else ''}")
        return [*lines, *self._sums(), *self.notes]

    def _sums(self) -> list[str]:
        if not self.meters:
            return []
        head = "meter             rows   refused        kWh dump      kWh here   predicted dump   predicted here"
        lines = ["", f"{head}      delta dump      delta here"]
        for name, each in self.meters.items():
            figures = (each.energy_wh, each.stored_wh, each.predicted_wh, each.stored_predicted_wh)
            cells = "".join(f"{wh / 1000:>16,.3f}" for wh in (*figures, each.delta_wh, each.stored_delta_wh))
            verdict = "" if each.agrees else "  DIFFERS"
            lines.append(f"{name:<12}{each.rows:>10,}{each.refused:>10,}{cells}{verdict}")
        return lines
