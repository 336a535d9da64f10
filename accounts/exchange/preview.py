"""An import before it is done: what each row would change, or why it cannot be used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy
from import_export.results import Result, RowResult
from tablib import Dataset

from accounts.exchange.resource import Column, TenantResource
from accounts.tenant_admin.outcome import sentence_of
from common.errors import PortalError

_INSIDE = gettext_lazy("This row cannot be used.")


@dataclass(frozen=True)
class Cell:
    """One value, and the one before where it differs."""

    new: str
    old: str | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the row had another value."""
        return self.old is not None


@dataclass(frozen=True)
class PreviewRow:
    """One row of the file: its line's number, what becomes of it ("new", "update", "skip", "error")."""

    number: int
    kind: str
    cells: list[Cell]
    problems: list[str]


@dataclass
class Preview:
    """All rows, and how many there are of each kind."""

    headers: list[str]
    rows: list[PreviewRow]
    warnings: list[str]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether the file can be taken as it is."""
        return not self.counts["error"]

    @property
    def changes_something(self) -> bool:
        """Whether there is anything to import."""
        return bool(self.counts["new"] + self.counts["update"])

    @property
    def told(self) -> list[PreviewRow]:
        """The rows worth showing, those with problems first."""
        order = {"error": 0, "update": 1, "new": 2}
        return sorted((row for row in self.rows if row.kind != "skip"), key=lambda row: (order[row.kind], row.number))


def run(resource: TenantResource, dataset: Dataset, numbers: Sequence[int], *, dry: bool) -> Preview:
    """Imports the rows, all or none, or (`dry`) finds out what that would do; `numbers` are their lines."""
    result = resource.import_data(
        dataset, dry_run=dry, use_transactions=True, raise_errors=False, rollback_on_validation_errors=True
    )
    columns = resource.columns()
    raw = [dict(zip(dataset.headers, cells, strict=True)) for cells in dataset]
    pairs = zip(numbers, result.rows, raw, strict=True)
    rows = [_row(columns, number, found, cells) for number, found, cells in pairs]
    counts = {kind: sum(row.kind == kind for row in rows) for kind in ("new", "update", "skip", "error")}
    warnings = [*_general(result), *resource.warnings(result.rows)]
    return Preview([column.column_name for column in columns], rows, warnings, counts)


def _general(result: Result) -> list[str]:
    return [sentence_of(error.error) for error in result.base_errors]


def _row(columns: list[Column], number: int, found: RowResult, raw: dict[str, str]) -> PreviewRow:
    problems = _problems(columns, found)
    if problems:
        cells = [Cell(str(raw.get(column.column_name) or "")) for column in columns]
        return PreviewRow(number, "error", cells, problems)
    old = found.original if found.is_update() else None
    return PreviewRow(number, str(found.import_type), [_cell(each, found.instance, old) for each in columns], [])


def _cell(column: Column, instance: Any, original: Any) -> Cell:
    new = str(column.export(instance) or "")
    if original is None:
        return Cell(new)
    old = str(column.export(original) or "")
    return Cell(new, old) if old != new else Cell(new)


def _problems(columns: list[Column], found: RowResult) -> list[str]:
    if found.validation_error is not None:
        return _by_column(columns, found.validation_error)
    return [_sentence(error.error) for error in found.errors]


def _sentence(problem: Exception) -> str:
    """What a service or the database said; of a fault of ours, nothing but that there is one."""
    words = sentence_of(problem)
    is_ours = isinstance(problem, PortalError) or words != str(problem)
    return words if is_ours else str(_INSIDE)


def _by_column(columns: list[Column], refusal: ValidationError) -> list[str]:
    names = {column.attribute: column.column_name for column in columns}
    if not hasattr(refusal, "error_dict"):
        return list(refusal.messages)
    return [
        " ".join(texts) if name == NON_FIELD_ERRORS else f"{names.get(name, name)}: {' '.join(texts)}"
        for name, texts in refusal.message_dict.items()
    ]
