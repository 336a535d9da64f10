"""A settlement sheet as a utility keeps it: a CSV file with a row per meter."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import StringIO

from django.utils.translation import gettext as _

# What a column may be called; a currency may follow an amount ("credit_usd").
NAMES = {
    "event": ("event", "event_start", "start"),
    "meter": ("meter", "meter_number", "meter_id", "account"),
    "baseline_kwh": ("baseline_kwh", "baseline"),
    "event_kwh": ("event_kwh", "actual_kwh", "actual"),
    "performance_kwh": ("performance_kwh", "performance", "reduction_kwh"),
    "nomination_kw": ("nomination_kw", "nomination", "nominated_kw"),
    "performance_factor": ("performance_factor", "factor"),
    "delivered_kwh": ("delivered_kwh", "delivered"),
    "credit": ("credit", "reward", "payment"),
    "demand_savings": ("demand_savings", "savings"),
}
TEXTS = ("event", "meter")
# Signs that a meter's number may have.
LONGEST_METER = 40
MAX_BYTES, MAX_ROWS = 20_000_000, 100_000
# Digits beyond these are no figure of a sheet, and would cost time to read.
MAX_DIGITS = 40
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"_[a-z]{3}$")


class SheetError(Exception):
    """The file is no settlement sheet; the message is one sentence for who uploaded it."""


@dataclass(frozen=True)
class SheetProblem:
    """A row that cannot be used, by its line in the file, and why."""

    line: int
    problem: str


@dataclass(frozen=True)
class SheetRow:
    """One row: its line, the event it speaks of if the sheet says so, the meter, and its figures.

    Attributes:
        figures: column -> the number as written; a column that is empty in this row is left out.
        decimals: column -> how many decimals were written.
    """

    line: int
    event: str
    meter: str
    figures: dict[str, Fraction]
    decimals: dict[str, int]


@dataclass(frozen=True)
class Sheet:
    """The rows that can be used, in the sheet's order, the columns it has, and what cannot be used."""

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    problems: tuple[SheetProblem, ...]

    def of_event(self, starts: frozenset[str]) -> "Sheet":
        """The rows of one event, named by any of these texts; all of them where the sheet names no event."""
        if "event" not in self.columns:
            return self
        mine = tuple(row for row in self.rows if row.event in starts)
        return Sheet(self.columns, mine, self.problems)


def read_sheet(content: bytes) -> Sheet:
    """The sheet in a file of bytes, UTF-8 with or without a mark, with commas, semicolons or tabs.

    Raises:
        SheetError: It is too long, no text, or lacks the meter or every figure.
    """
    if len(content) > MAX_BYTES:
        raise SheetError(_("The file is larger than 20 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetError(_("The file is not written in UTF-8. Save it as “CSV UTF-8” and try again.")) from error
    lines = _lines(text)
    header = next(lines, None)
    columns = [_column(name) for name in header[1]] if header else []
    _check_columns(columns)
    rows: list[SheetRow] = []
    problems: list[SheetProblem] = []
    for line, cells in lines:
        row = _row(line, columns, cells)
        if isinstance(row, SheetRow):
            rows.append(row)
        else:
            problems.append(row)
        if len(rows) + len(problems) > MAX_ROWS:
            raise SheetError(_("The file has more than 100,000 rows."))
    return Sheet(tuple(name for name in columns if name), tuple(rows), tuple(problems))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every line with something in it."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise SheetError(_("The file cannot be read as CSV.")) from error


def _column(name: str) -> str:
    """The column that a heading stands for, or nothing."""
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    bare = _CURRENCY.sub("", plain)
    for column, names in NAMES.items():
        if plain in names or (column in ("credit", "demand_savings") and bare in names):
            return column
    return ""


def _check_columns(columns: list[str]) -> None:
    known = [name for name in columns if name]
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise SheetError(_("The column %(name)s is there twice.") % {"name": twice[0]})
    if "meter" not in known:
        raise SheetError(_("The first line must name the columns, among them “meter”."))
    if not set(known) - set(TEXTS):
        raise SheetError(_("There is no column with figures, such as “credit” or “nomination_kw”."))


def _row(line: int, columns: list[str], cells: list[str]) -> SheetRow | SheetProblem:
    named = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    if not named.get("meter"):
        return SheetProblem(line, _("The meter is missing."))
    figures: dict[str, Fraction] = {}
    decimals: dict[str, int] = {}
    for name, cell in named.items():
        if name in TEXTS or not cell:
            continue
        text = cell.replace("$", "").replace(" ", "")
        if len(text) > MAX_DIGITS or not _NUMBER.fullmatch(text):
            words = _("“%(cell)s” in the column %(name)s is not a number.")
            return SheetProblem(line, words % {"cell": cell[:40], "name": name})
        figures[name] = Fraction(text)
        decimals[name] = len(re.split(r"[eE]", text)[0].partition(".")[2])
    return SheetRow(line, named.get("event", ""), _short(named["meter"]), figures, decimals)


def _short(number: str) -> str:
    """The cell as it is kept and shown: no meter's number is longer, and a cut one is no meter's."""
    return number if len(number) <= LONGEST_METER else f"{number[: LONGEST_METER - 1]}…"
