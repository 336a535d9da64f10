"""Meter formats, one reader each behind `Format`. A new one is a module and a line in FORMATS."""

from meters.formats.base import Batch, Context, Format, KnownMeter, RowProblem
from meters.formats.csv_readings import read_csv, recognises_csv
from meters.formats.lines import Lines, Progress
from meters.formats.table import Table

FORMATS = (Format("CSV", recognises_csv, read_csv),)


def format_of(lines: Lines) -> Format:
    """The format of a file, by its first line.

    Raises:
        UnreadableFile: None of ours.
    """
    for known in FORMATS:
        if known.recognises(lines.first):
            return known
    start = lines.first.lstrip().lower()
    if start.startswith("<"):
        raise lines.refusal("is XML; Green Button files cannot be read yet, only CSV")
    if start.startswith("100,nem1"):
        raise lines.refusal("is in the format NEM12 or NEM13, which cannot be read yet; only CSV can")
    raise lines.refusal("is no CSV of readings: its first row must name the columns, like meter,start,end,kwh")


__all__ = [
    "FORMATS",
    "Batch",
    "Context",
    "Format",
    "KnownMeter",
    "Lines",
    "Progress",
    "RowProblem",
    "Table",
    "format_of",
]
