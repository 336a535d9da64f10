"""Meter formats, one reader each behind `Format`. A new one is a module and a line in FORMATS."""

from meters.formats.base import Batch, Context, Format, KnownMeter, RegisterReads, RowProblem
from meters.formats.csv_readings import read_csv, recognises_csv
from meters.formats.green_button import read_green_button, recognises_xml
from meters.formats.json_readings import read_json_list, read_ndjson, recognises_json, recognises_ndjson
from meters.formats.lines import Lines, Progress
from meters.formats.nem12 import read_nem12, recognises_nem12
from meters.formats.table import Table

FORMATS = (
    Format("Green Button", recognises_xml, read_green_button),
    Format("NDJSON", recognises_ndjson, read_ndjson),
    Format("JSON", recognises_json, read_json_list),
    Format("NEM12", recognises_nem12, read_nem12),
    Format("CSV", recognises_csv, read_csv),
)


def format_of(lines: Lines) -> Format:
    """The format of a file, by how it begins, never by its name.

    Raises:
        UnreadableFile: None of ours.
    """
    for known in FORMATS:
        if known.recognises(lines.first):
            return known
    if lines.first.upper().startswith("100,NEM13"):
        raise lines.refusal("is in the format NEM13, which holds sums of months; ask for the interval data, NEM12")
    raise lines.refusal("is no CSV of readings: its first row must name the columns, like meter,start,end,kwh")


__all__ = [
    "FORMATS",
    "Batch",
    "Context",
    "Format",
    "KnownMeter",
    "Lines",
    "Progress",
    "RegisterReads",
    "RowProblem",
    "Table",
    "format_of",
]
