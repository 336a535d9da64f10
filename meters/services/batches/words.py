"""What an import holds, as JSON values for its row, and its list of rows left out."""

import csv
import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from django.db.models import F, Sum

from common.spreadsheet import safe_cell
from meters.formats import RowProblem
from meters.models import ImportBatch, ReadingRevision
from meters.services.files import FileReport
from meters.signals import settled_asked

logger = logging.getLogger(__name__)

_TOP = 20
_SHOWN = 100
_UNKNOWN = 1_000


def totals_of(batch: ImportBatch, report: FileReport) -> dict[str, Any]:
    """Counts and sums of an import, read in the transaction that stored it."""
    result = report.result
    top = sorted(report.meter_wh.items(), key=lambda pair: (-abs(pair[1]), pair[0]))[:_TOP]
    totals = {
        "readings": result.new + result.unchanged + result.corrected,
        "new": result.new,
        "unchanged": result.unchanged,
        "corrected": result.corrected,
        "repeated": result.repeated,
        "refused": report.refused,
        "unknown": report.unknown.total(),
        "unknown_meters": [list(pair) for pair in report.unknown.most_common(_UNKNOWN)],
        "meters": len(report.meter_wh),
        "energy_wh": report.energy_wh,
        "top": [list(pair) for pair in top],
        "start": None if result.start is None else result.start.isoformat(),
        "end": None if result.end is None else result.end.isoformat(),
        "correction_wh": correction_wh(batch) if result.corrected else 0,
        "settled": settled_with(batch) if result.new or result.corrected else [],
        "problems": [list(problem) for problem in report.problems[:_SHOWN]],
        "notes": report.notes[:20],
    }
    # JSON can spell halves of characters, which MariaDB takes for no JSON.
    whole: dict[str, Any] = json.loads(json.dumps(totals, ensure_ascii=False).encode(errors="replace"))
    return whole


def correction_wh(batch: ImportBatch) -> int:
    """By how much the import's corrections raise the energy that was stored before."""
    rows = ReadingRevision.objects.filter(batch=batch, replaced_by_wh__isnull=False)
    return int(rows.aggregate(wh=Sum(F("replaced_by_wh") - F("energy_wh")))["wh"] or 0)


def settled_with(batch: ImportBatch) -> list[dict[str, Any]]:
    """The settled events that rest on readings of the import: {"event": id, "name": text, "run": number}."""
    answers: list[tuple[Any, Any]] = settled_asked.send(sender=ImportBatch, batch=batch)
    return [event for _receiver, events in answers for event in events]


def write_errors_file(report: FileReport, path: Path) -> None:
    """Replaces the list of rows left out; there is none where all were taken, or where the disk is full."""
    try:
        path.unlink(missing_ok=True)
        if report.skipped:
            with path.open("w", newline="", encoding="utf-8", errors="replace") as stream:
                write_errors(report, stream)
    except OSError:
        # The import itself is done, and its totals hold the first of these rows.
        logger.exception("the list %s could not be written", path)
        with suppress(OSError):
            path.unlink(missing_ok=True)


def write_errors(report: FileReport, stream: TextIO) -> None:
    """The rows left out as CSV: row,meter,start,problem; unknown meters one line each."""
    writer = csv.writer(stream)
    writer.writerow(RowProblem._fields)
    for name, count in report.unknown.most_common():
        writer.writerow(["", safe_cell(name), "", f"there is no such meter ({rows_text(count)})"])
    writer.writerows([safe_cell(str(cell)) for cell in problem] for problem in report.problems)
    if report.refused > len(report.problems):
        writer.writerow(["", "", "", f"and {report.refused - len(report.problems):,} more rows"])


def rows_text(count: int) -> str:
    """A number of rows.

    >>> rows_text(1), rows_text(2000)
    ('1 row', '2,000 rows')
    """
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
