"""Whether a figure of a sheet is that of another day."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import combinations

from settlement.second_reader.compare import RowFound, is_close
from settlement.second_reader.slips import Slip, SlipKind

# Local day -> kWh of the meter in the event's hours.
DayEnergies = Mapping[date, Fraction]
# With more combinations of days than these, one of them would agree by chance.
MOST_COMBINATIONS = 1_000


def day_guess(row: RowFound, column: str, energies: DayEnergies, used: Sequence[date]) -> Slip | None:
    """The day, or the days, from which the sheet may have taken its figure; None if no day explains it.

    Args:
        column: "event_kwh" or "baseline_kwh".
        energies: the meter's energy in the same hours of the days around; the event's own day left out.
        used: the days that our rule averaged.
    """
    theirs = row.row.figures.get(column)
    if not theirs or column not in ("event_kwh", "baseline_kwh"):
        return None
    count = 1 if column == "event_kwh" else len(used)
    for days in _candidates(sorted(energies, reverse=True), list(used), count):
        mean = sum((energies[day] for day in days), Fraction(0)) / count
        if is_close(row.row, column, theirs, mean):
            wrong = sorted(set(days) - set(used)) if column == "baseline_kwh" else list(days)
            texts = ", ".join(day.isoformat() for day in wrong)
            return Slip(SlipKind.WRONG_DAY, column, row.meter, (), row.row.line, {"days": texts})
    return None


def _candidates(days: list[date], used: list[date], count: int) -> list[tuple[date, ...]]:
    """Sets of days, those nearest to the rule's first: one day exchanged, then any."""
    if count == 1:
        return [(day,) for day in days]
    known = [day for day in used if day in days]
    others = [day for day in days if day not in used]
    found = [tuple(sorted({*known} - {old} | {new})) for old in known for new in others]
    every = list(combinations(days[:12], count)) if count <= len(days) else []
    return found + (every if len(every) <= MOST_COMBINATIONS else [])
