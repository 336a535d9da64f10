"""The slips of a sheet in words for people."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from common.money import parse_fraction, round_half_up
from common.speech import money_words, plain_words
from settlement.models import SheetReading
from settlement.second_reader.compare import MONEY

_COLUMNS = {
    "baseline_kwh": _lazy("baseline"),
    "event_kwh": _lazy("energy in the event"),
    "performance_kwh": _lazy("performance"),
    "nomination_kw": _lazy("nomination"),
    "performance_factor": _lazy("performance factor"),
    "delivered_kwh": _lazy("delivered energy"),
    "credit": _lazy("credit"),
    "demand_savings": _lazy("demand savings"),
}
_SENTENCES = {
    "SHIFTED_COLUMN": _lazy(
        "From %(meter)s on, the column “%(column)s” is shifted by %(steps)s: %(count)s of %(of)s rows hold the "
        "figure of another meter. %(meter)s has that of %(other)s."
    ),
    "SWAPPED_ROWS": _lazy("%(meter)s and %(other)s hold each other’s %(column)s."),
    "WRONG_UNIT": _lazy(
        "The column “%(column)s” is %(factor)s times what it should be in %(count)s of %(of)s rows: another unit."
    ),
    "WRONG_SIGN": _lazy("The sign of the %(column)s is turned around."),
    "LEFT_BLANK": _lazy("The sheet left the %(column)s empty; it is %(ours)s."),
    "NOT_MEASURED_HERE": _lazy("The portal has no %(column)s for this meter."),
    "OTHER_NOMINATION": _lazy(
        "Paid by a nomination of %(named)s kW; its own is %(nominated)s kW. The sheet pays %(paid)s, %(due)s is due."
    ),
    "MISSING_CAP": _lazy("Paid beyond the nomination of %(nominated)s kW: the cap is missing. %(due)s is due."),
    "MISSING_FLOOR": _lazy("A loss was charged: nothing is owed for using more than usual. %(due)s is due."),
    "OTHER_PRICE": _lazy("Paid at %(price)s per kW. %(due)s is due."),
    "ROUNDING": _lazy("The %(column)s is rounded in another way or at another place."),
    "WRONG_DAY": _lazy("The %(column)s fits if readings of %(days)s are taken."),
    "FOLLOWS": _lazy("The %(column)s follows from the other figures of this row, which differ."),
    "UNKNOWN": _lazy("No slip that we know explains the %(column)s."),
}


def column_words(column: str) -> str:
    """The name of a column, for people."""
    return str(_COLUMNS[column])


def slip_words(slip: dict[str, Any], *, currency: str, due: Fraction | None = None) -> str:
    """One slip as a sentence or two.

    Args:
        slip: As in `SheetReading.result`.
        due: What is due instead, for amounts.
    """
    numbers = {name: _number(name, value, slip["column"], currency) for name, value in slip["numbers"].items()}
    words = {
        **numbers,
        "column": column_words(slip["column"]),
        "meter": slip["meter"],
        "count": str(len(slip["rows"])),
        "due": "" if due is None else money_words(due, currency),
    }
    if slip["kind"] == "SHIFTED_COLUMN":
        words["steps"] = _steps(slip["numbers"]["offset"])
    return str(_SENTENCES[slip["kind"]]) % words


def _steps(offset: int) -> str:
    if offset == -1:
        return _("one row down")
    if offset == 1:
        return _("one row up")
    return (_("%(count)d rows down") if offset < 0 else _("%(count)d rows up")) % {"count": abs(offset)}


def _number(name: str, value: Any, column: str, currency: str) -> str:
    if name in ("other", "days") or not isinstance(value, str):
        return str(value)
    exact = parse_fraction(value)
    is_money = name in ("paid", "price") or (name == "ours" and column in MONEY)
    return money_words(exact, currency) if is_money else plain_words(round_half_up(exact, 6))


@dataclass(frozen=True)
class ReadableCell:
    """One cell that differs: its column, theirs and ours."""

    column: str
    theirs: str
    ours: str


@dataclass(frozen=True)
class ReadableRow:
    """One row that differs, with a sentence for each cell."""

    line: int
    meter: str
    paid_too_much: str
    cells: tuple[ReadableCell, ...]
    sentences: tuple[str, ...]

    @property
    def is_paid_wrong(self) -> bool:
        """Whether money is at stake."""
        return bool(self.paid_too_much)


@dataclass(frozen=True)
class Readable:
    """A reading of a sheet, in words."""

    compared: int
    differing: int
    paid_too_much: str
    slips: tuple[str, ...]
    rows: tuple[ReadableRow, ...]
    others: tuple[tuple[str, list[str]], ...]
    problems: tuple[dict[str, Any], ...]


def readable(reading: SheetReading) -> Readable:
    """What a second look at a sheet found, in the reader's language; rows about money come first."""
    result, currency = reading.result, reading.event.program.distributor.currency
    rows = [_readable_row(row, currency) for row in result["rows"]]
    others = (
        (_("In the sheet, but took no part here"), result["only_theirs"]),
        (_("Took part here, but not in the sheet"), result["only_ours"]),
        (_("More than once in the sheet"), result["twice"]),
    )
    return Readable(
        result["compared"],
        result["differing"],
        money_words(parse_fraction(result["paid_too_much"]), currency),
        tuple(slip_words(slip, currency=currency) for slip in result["slips"]),
        tuple(sorted(rows, key=lambda row: not row.is_paid_wrong)),
        tuple((label, meters) for label, meters in others if meters),
        tuple(result["problems"]),
    )


def _readable_row(row: dict[str, Any], currency: str) -> ReadableRow:
    cells = {each["column"]: each for each in row["differences"]}
    beyond = parse_fraction(row["paid_too_much"])
    sentences = [
        slip_words(slip, currency=currency, due=_exact(cells[slip["column"]]["ours"])) for slip in row["slips"]
    ]
    return ReadableRow(
        row["line"],
        row["meter"],
        money_words(beyond, currency) if round_half_up(beyond) else "",
        tuple(
            ReadableCell(column_words(name), *(_cell(each[side], name, currency) for side in ("theirs", "ours")))
            for name, each in cells.items()
        ),
        tuple(sentences),
    )


def _exact(text: str | None) -> Fraction:
    return Fraction(0) if text is None else parse_fraction(text)


def _cell(text: str | None, column: str, currency: str) -> str:
    if text is None:
        return _("empty")
    exact = parse_fraction(text)
    return money_words(exact, currency) if column in MONEY else plain_words(round_half_up(exact, 6))
