"""The utility's own settlement sheet, read a second time: row by row, with a guess at each slip. Pure."""

from settlement.second_reader.compare import COLUMNS, Comparison, Difference, RowFound, compare
from settlement.second_reader.days import DayEnergies, day_guess
from settlement.second_reader.sheet import Sheet, SheetError, SheetProblem, SheetRow, read_sheet
from settlement.second_reader.slips import Prices, Slip, SlipKind, guess_slips

__all__ = [
    "COLUMNS",
    "Comparison",
    "DayEnergies",
    "Difference",
    "Prices",
    "RowFound",
    "Sheet",
    "SheetError",
    "SheetProblem",
    "SheetRow",
    "Slip",
    "SlipKind",
    "compare",
    "day_guess",
    "guess_slips",
    "read_sheet",
]
