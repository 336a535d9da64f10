"""A sheet beside our own settlement, cell by cell."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from settlement.second_reader.sheet import Sheet, SheetRow

COLUMNS = (
    "baseline_kwh",
    "event_kwh",
    "performance_kwh",
    "nomination_kw",
    "performance_factor",
    "delivered_kwh",
    "credit",
    "demand_savings",
)
MONEY = ("credit", "demand_savings")
CENT = Fraction(1, 100)

# Column -> exact figure, None where we have none.
Figures = Mapping[str, Fraction | None]


@dataclass(frozen=True)
class Difference:
    """One cell that differs: theirs as written (None where it is empty) and ours, exact."""

    column: str
    theirs: Fraction | None
    ours: Fraction | None

    @property
    def amount(self) -> Fraction:
        """Theirs less ours; nothing counts as 0."""
        return (self.theirs or Fraction(0)) - (self.ours or Fraction(0))


@dataclass(frozen=True)
class RowFound:
    """One row of the sheet, and where it differs."""

    row: SheetRow
    ours: Figures
    differences: tuple[Difference, ...]

    @property
    def meter(self) -> str:
        """The meter's number."""
        return self.row.meter

    def differs_in(self, column: str) -> bool:
        """Whether this cell differs."""
        return any(each.column == column for each in self.differences)

    @property
    def paid_too_much(self) -> Fraction:
        """What the sheet pays beyond what is due, in money; negative if it pays too little."""
        return sum((each.amount for each in self.differences if each.column == "credit"), Fraction(0))


@dataclass(frozen=True)
class Comparison:
    """All rows that both know, in the sheet's order, and the meters that only one of them knows.

    Attributes:
        only_theirs: meters of the sheet that took no part here.
        only_ours: meters that took part here and are not in the sheet.
        twice: meters that the sheet names more than once; each row is compared.
    """

    columns: tuple[str, ...]
    rows: tuple[RowFound, ...]
    only_theirs: tuple[str, ...]
    only_ours: tuple[str, ...]
    twice: tuple[str, ...]

    @property
    def differing(self) -> tuple[RowFound, ...]:
        """The rows with a difference."""
        return tuple(row for row in self.rows if row.differences)


def compare(sheet: Sheet, ours: Mapping[str, Figures]) -> Comparison:
    """The sheet of one event beside our figures by meter number."""
    columns = tuple(name for name in COLUMNS if name in sheet.columns)
    rows = [
        RowFound(row, ours[row.meter], _differences(row, ours[row.meter], columns))
        for row in sheet.rows
        if row.meter in ours
    ]
    named = Counter(row.meter for row in sheet.rows)
    return Comparison(
        columns,
        tuple(rows),
        tuple(meter for meter in named if meter not in ours),
        tuple(meter for meter in ours if meter not in named),
        tuple(meter for meter, count in named.items() if count > 1),
    )


def _differences(row: SheetRow, ours: Figures, columns: tuple[str, ...]) -> tuple[Difference, ...]:
    found = []
    for column in columns:
        theirs, own = row.figures.get(column), ours.get(column)
        if theirs == own or (theirs is not None and own is not None and is_close(row, column, theirs, own)):
            continue
        if not theirs and not own:
            continue  # an empty cell and a zero say the same
        found.append(Difference(column, theirs, own))
    return tuple(found)


def is_close(row: SheetRow, column: str, theirs: Fraction, own: Fraction) -> bool:
    """Whether both are the same figure, as far as the sheet's decimals go; of money a whole cent decides."""
    unit = Fraction(1, 10 ** row.decimals.get(column, 0))
    # Ours is rounded to the cent, theirs perhaps not, or the other way round.
    bound = max(CENT / 2, unit / 2) if column in MONEY else unit / 2
    return abs(theirs - own) <= bound + Fraction(1, 10**6)
