"""What may have gone wrong in a sheet: a guess for each difference, with what speaks for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from itertools import combinations

from settlement.second_reader.compare import MONEY, Comparison, Difference, RowFound, is_close

# So many rows in a column must tell the same story before it is told of the column.
ENOUGH = 3
FARTHEST = 3
MOST_TO_PAIR = 200
INPUTS = ("nomination_kw", "event_kwh", "baseline_kwh")
Numbers = dict[str, Fraction | str | int]
FACTORS = (Fraction(1000), Fraction(1, 1000), Fraction(2), Fraction(1, 2), Fraction(4), Fraction(1, 4))


class SlipKind(StrEnum):
    """Kinds of slips."""

    SHIFTED_COLUMN = "SHIFTED_COLUMN"
    SWAPPED_ROWS = "SWAPPED_ROWS"
    WRONG_UNIT = "WRONG_UNIT"
    WRONG_SIGN = "WRONG_SIGN"
    LEFT_BLANK = "LEFT_BLANK"
    NOT_MEASURED_HERE = "NOT_MEASURED_HERE"
    OTHER_NOMINATION = "OTHER_NOMINATION"
    MISSING_CAP = "MISSING_CAP"
    MISSING_FLOOR = "MISSING_FLOOR"
    OTHER_PRICE = "OTHER_PRICE"
    ROUNDING = "ROUNDING"
    WRONG_DAY = "WRONG_DAY"
    FOLLOWS = "FOLLOWS"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Prices:
    """What the program pays and spares per kW, and the event's hours."""

    rate_per_kw: Fraction
    wholesale_cost_per_kw: Fraction
    hours: Fraction


@dataclass(frozen=True)
class Slip:
    """One guess: of a cell (`meter`), or of a column from `meter` on (`rows` of them).

    Attributes:
        line: the row of a cell, by its line in the file.
        numbers: figures that the words need, by name, exact or as text.
    """

    kind: SlipKind
    column: str
    meter: str
    rows: tuple[str, ...] = ()
    line: int = 0
    numbers: Numbers = field(default_factory=dict)


def guess_slips(comparison: Comparison, prices: Prices) -> tuple[Slip, ...]:
    """The guesses: those of whole columns first, then one for each further cell that differs, in the sheet's order."""
    columns = list(_of_columns(comparison))
    told = {(slip.column, meter) for slip in columns for meter in slip.rows}
    cells = [
        replace(_of_cell(row, difference, prices), line=row.row.line)
        for row in comparison.differing
        for difference in row.differences
        if (difference.column, row.meter) not in told
    ]
    return (*columns, *cells)


def _of_columns(comparison: Comparison) -> Iterator[Slip]:
    for column in INPUTS:
        places = [place for place, row in enumerate(comparison.rows) if row.differs_in(column)]
        for guess in (_shift, _factor, _swap):
            slip = guess(comparison.rows, column, places)
            if slip is not None:
                yield slip
                break


def _shift(rows: Sequence[RowFound], column: str, places: list[int]) -> Slip | None:
    """The column holds the figure of the row so many places above (or below)."""
    best, offset = list[int](), 0
    for tried in sorted(range(-FARTHEST, FARTHEST + 1), key=abs):
        mine = [place for place in places if _is_of(rows, place + tried, place, column)]
        if tried and len(mine) > len(best):
            best, offset = mine, tried
    if len(best) < ENOUGH or 2 * len(best) <= len(places):
        return None
    first = rows[best[0]]
    numbers: Numbers = {"offset": offset, "other": rows[best[0] + offset].meter, "of": len(rows)}
    return Slip(SlipKind.SHIFTED_COLUMN, column, first.meter, tuple(rows[place].meter for place in best), 0, numbers)


def _is_of(rows: Sequence[RowFound], source: int, place: int, column: str) -> bool:
    """Whether the figure that stands at one place is what is due at another."""
    if not 0 <= source < len(rows):
        return False
    theirs, due = rows[place].row.figures.get(column), rows[source].ours.get(column)
    return theirs is not None and due is not None and is_close(rows[place].row, column, theirs, due)


def _factor(rows: Sequence[RowFound], column: str, places: list[int]) -> Slip | None:
    """The column is in another unit: thousands, or kW where kWh of half or quarter hours belong."""
    for factor in (*FACTORS, Fraction(-1)):
        mine = tuple(rows[place].meter for place in places if _is_times(rows[place], column, factor))
        if len(mine) >= ENOUGH and 2 * len(mine) > len(places):
            kind = SlipKind.WRONG_SIGN if factor == -1 else SlipKind.WRONG_UNIT
            return Slip(kind, column, mine[0], mine, 0, {"factor": factor, "of": len(rows)})
    return None


def _is_times(row: RowFound, column: str, factor: Fraction) -> bool:
    theirs, own = row.row.figures.get(column), row.ours.get(column)
    return bool(theirs and own) and is_close(row.row, column, theirs or Fraction(0), factor * (own or 0))


def _swap(rows: Sequence[RowFound], column: str, places: list[int]) -> Slip | None:
    """Two rows hold each other's figure."""
    for one, other in combinations(places[:MOST_TO_PAIR], 2):
        if _is_of(rows, other, one, column) and _is_of(rows, one, other, column):
            pair = rows[one].meter, rows[other].meter
            return Slip(SlipKind.SWAPPED_ROWS, column, pair[0], pair, 0, {"other": pair[1]})
    return None


def _of_cell(row: RowFound, difference: Difference, prices: Prices) -> Slip:
    guesses = (guess(row, difference, prices) for guess in _GUESSES)
    return next((slip for slip in guesses if slip), Slip(SlipKind.UNKNOWN, difference.column, row.meter))


def _blank(row: RowFound, difference: Difference, prices: Prices) -> Slip | None:
    if difference.ours is None:
        return Slip(SlipKind.NOT_MEASURED_HERE, difference.column, row.meter)
    # Sheets compute 0 out of empty cells.
    computed_of_nothing = not difference.theirs and not {"baseline_kwh", "event_kwh"} & set(row.row.figures)
    if difference.theirs is None or (computed_of_nothing and difference.column not in INPUTS):
        return Slip(SlipKind.LEFT_BLANK, difference.column, row.meter, (), 0, {"ours": difference.ours})
    return None


def _credit(row: RowFound, difference: Difference, prices: Prices) -> Slip | None:
    """Why an amount differs: another nomination, no cap, no floor, another price."""
    theirs, own = row.row.figures, row.ours
    performance = own.get("performance_kwh")
    if difference.column != "credit" or performance is None or difference.theirs is None:
        return None
    kw, paid = performance / prices.hours, difference.theirs
    nominated, named = own.get("nomination_kw") or Fraction(0), theirs.get("nomination_kw")
    numbers: Numbers = {"paid": paid, "nominated": nominated}
    if named is not None and named != nominated and _same(paid, max(Fraction(0), min(kw, named)) * prices.rate_per_kw):
        return Slip(SlipKind.OTHER_NOMINATION, "credit", row.meter, (), 0, {**numbers, "named": named})
    if kw > nominated and _same(paid, kw * prices.rate_per_kw):
        return Slip(SlipKind.MISSING_CAP, "credit", row.meter, (), 0, numbers)
    if kw < 0 and _same(paid, kw * prices.rate_per_kw):
        return Slip(SlipKind.MISSING_FLOOR, "credit", row.meter, (), 0, numbers)
    return _other_price(row, paid, max(Fraction(0), min(kw, nominated)), numbers)


def _other_price(row: RowFound, paid: Fraction, counted_kw: Fraction, numbers: Numbers) -> Slip | None:
    """The amount is that of a price in whole cents."""
    if counted_kw <= 0 or paid <= 0:
        return None
    price = Fraction(round(paid / counted_kw * 100), 100)
    fits = price > 0 and _same(paid, counted_kw * price)
    return Slip(SlipKind.OTHER_PRICE, "credit", row.meter, (), 0, {**numbers, "price": price}) if fits else None


def _same(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= Fraction(501, 100_000)


def _follows(row: RowFound, difference: Difference, prices: Prices) -> Slip | None:
    """The cell is right for the other cells of its row, which differ themselves."""
    expected = _FROM_ROW.get(difference.column)
    if expected is None or difference.theirs is None:
        return None
    value = expected(row.row.figures, prices)
    close = value is not None and is_close(row.row, difference.column, difference.theirs, value)
    return Slip(SlipKind.FOLLOWS, difference.column, row.meter) if close else None


Theirs = dict[str, Fraction]


def _performance(theirs: Theirs, prices: Prices) -> Fraction | None:
    both = theirs.get("baseline_kwh"), theirs.get("event_kwh")
    return None if both[0] is None or both[1] is None else both[0] - both[1]


def _performance_factor(theirs: Theirs, prices: Prices) -> Fraction | None:
    performance, nominated = theirs.get("performance_kwh"), theirs.get("nomination_kw")
    return performance / prices.hours / nominated if performance is not None and nominated else None


def _delivered(theirs: Theirs, prices: Prices) -> Fraction | None:
    performance = theirs.get("performance_kwh")
    return None if performance is None else max(Fraction(0), performance)


def _savings(theirs: Theirs, prices: Prices) -> Fraction | None:
    delivered = theirs.get("delivered_kwh", _delivered(theirs, prices))
    return None if delivered is None else delivered / prices.hours * prices.wholesale_cost_per_kw


_FROM_ROW: dict[str, Callable[[Theirs, Prices], Fraction | None]] = {
    "performance_kwh": _performance,
    "performance_factor": _performance_factor,
    "delivered_kwh": _delivered,
    "demand_savings": _savings,
}


def _sign(row: RowFound, difference: Difference, prices: Prices) -> Slip | None:
    own, theirs = difference.ours, difference.theirs
    if own and theirs is not None and is_close(row.row, difference.column, theirs, -own):
        return Slip(SlipKind.WRONG_SIGN, difference.column, row.meter)
    return None


def _rounding(row: RowFound, difference: Difference, prices: Prices) -> Slip | None:
    digits = row.row.decimals.get(difference.column, 0)
    is_money = difference.column in MONEY
    bound = Fraction(2, 100) if is_money else max(Fraction(1, 1000), Fraction(1, 10**digits))
    return Slip(SlipKind.ROUNDING, difference.column, row.meter) if abs(difference.amount) <= bound else None


_GUESSES = (_blank, _rounding, _credit, _follows, _sign)
