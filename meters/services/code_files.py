"""Claim codes that a utility prints itself, from its file."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

from django.db import transaction

from accounts.models import User
from meters.formats import Lines, RowProblem, Table
from meters.models import Meter
from meters.services.codes import LENGTH, NewCode, is_code, read_code, store_claim_codes
from organizations.models import Distributor

_COLUMNS = ("meter", "claim_code", "valid_from")
_CHUNK = 500


@dataclass
class CodeReport:
    """How many codes were stored, and which rows were left out."""

    stored: int = 0
    problems: list[RowProblem] = field(default_factory=list)


class _Row(NamedTuple):
    row: int
    number: str
    code: str
    moving_in: date | None


@transaction.atomic
def import_claim_codes(*, distributor: Distributor, path: Path, by: User | None = None) -> CodeReport:
    """Stores the codes of a CSV list with the columns meter, claim_code and perhaps valid_from (a local day).

    An open code of a listed meter is withdrawn. Rows that cannot be used are left out and reported.

    Raises:
        UnreadableFile: A column is missing or not known, or the file is no text; nothing is changed.
    """
    report = CodeReport()
    with closing(Lines(path)) as lines:
        rows = list(_read(Table(lines), report))
        if not rows and not report.problems:
            raise lines.refusal("lists no claim codes")
    meters = _meters(distributor, [row.number for row in rows])
    codes = []
    for row in rows:
        if row.number in meters:
            codes.append(NewCode(meters[row.number], row.code, row.moving_in))
        else:
            report.problems.append(RowProblem(row.row, row.number[:40], "", "there is no meter of this number"))
    report.stored = len(store_claim_codes(codes=codes, by=by))
    report.problems.sort()
    return report


def _read(table: Table, report: CodeReport) -> Iterator[_Row]:
    strange = [name for name, key in zip(table.names, table.keys, strict=True) if key not in _COLUMNS]
    if strange:
        raise table.lines.refusal(f"has a column “{strange[0][:40]}” that is not known; known: {', '.join(_COLUMNS)}")
    missing = [name for name in _COLUMNS[:2] if table.index(name) is None]
    if missing:
        raise table.lines.refusal(f"has no column “{missing[0]}”")
    seen: dict[str, int] = {}
    for cells in table.rows():
        try:
            yield _row(table, cells, seen)
        except ValueError as problem:
            # The meter is named, the code never: reports are shown and kept.
            number = dict(zip(table.keys, cells, strict=False)).get("meter", "").strip()
            report.problems.append(RowProblem(table.number, number[:40], "", str(problem)))


def _row(table: Table, cells: Sequence[str], seen: dict[str, int]) -> _Row:
    if len(cells) != len(table.keys):
        raise ValueError(table.length_problem(cells))
    values = {key: cell.strip() for key, cell in zip(table.keys, cells, strict=True)}
    number, code = values["meter"], read_code(values["claim_code"])
    if not number:
        raise ValueError("the meter is missing")
    if not is_code(code):
        raise ValueError(f"a claim code has {LENGTH} letters and digits")
    for what, key in (("the meter", f"meter {number}"), ("the same claim code", f"code {code}")):
        if key in seen:
            raise ValueError(f"{what} is listed in row {seen[key]} already")
        seen[key] = table.number
    return _Row(table.number, number, code, _day(values.get("valid_from", "")))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError("valid_from is a day like 2026-07-01") from None


def _meters(distributor: Distributor, numbers: Sequence[str]) -> dict[str, Meter]:
    found: dict[str, Meter] = {}
    own = Meter.objects.filter(distributor=distributor).select_related("distributor")
    for first in range(0, len(numbers), _CHUNK):
        part = own.filter(number__in=numbers[first : first + _CHUNK])
        found |= {meter.number: meter for meter in part}
    return found
