"""A utility's sheet beside our figures, and the slips that are guessed: worked by hand."""

import re
from datetime import date
from fractions import Fraction

import pytest

from settlement.second_reader import (
    Prices,
    SheetError,
    SlipKind,
    compare,
    day_guess,
    guess_slips,
    read_sheet,
)

PRICES = Prices(Fraction("2.80"), Fraction("10.35"), Fraction(1))
HEAD = "meter,baseline_kwh,event_kwh,performance_kwh,nomination_kw,credit_usd"
# meter: (baseline, event, nomination); performance and credit follow
TRUTH = {"A": (100, 80, 10), "B": (60, 50, 40), "C": (90, 60, 25), "D": (70, 75, 5), "E": (30, 28, 15), "F": (9, 8, 7)}


def ours(truth=None):
    found = {}
    for meter, (baseline, event, nomination) in (truth or TRUTH).items():
        performance = Fraction(baseline) - Fraction(event)
        paid = min(max(Fraction(0), performance), Fraction(nomination)) * PRICES.rate_per_kw
        found[meter] = {
            "baseline_kwh": Fraction(baseline),
            "event_kwh": Fraction(event),
            "performance_kwh": performance,
            "nomination_kw": Fraction(nomination),
            "credit": Fraction(round(paid * 100), 100),
        }
    return found


def sheet_of(rows=None, **cells):
    """The truth as a sheet, with some cells written otherwise: A_credit="3"."""
    lines = [HEAD]
    for meter, figures in (rows or ours()).items():
        written = dict(figures)
        texts = {name: f"{float(value):.6f}" for name, value in written.items()}
        texts |= {name.split("_", 1)[1]: text for name, text in cells.items() if name.split("_", 1)[0] == meter}
        names = ["baseline_kwh", "event_kwh", "performance_kwh", "nomination_kw", "credit"]
        lines.append(",".join([meter, *(texts[name] for name in names)]))
    return "\n".join(lines).encode()


def slips(content, truth=None):
    comparison = compare(read_sheet(content), ours(truth))
    return comparison, guess_slips(comparison, PRICES)


def test_a_sheet_without_a_slip_differs_nowhere():
    comparison, found = slips(sheet_of())
    assert (len(comparison.rows), comparison.differing, found) == (6, (), ())


def test_a_column_shifted_by_one_row_is_named_with_its_first_meter_and_the_credit_it_spoiled():
    moved = {"B": "10", "C": "40", "D": "25", "E": "5", "F": "15"}
    cells = {f"{meter}_nomination_kw": text for meter, text in moved.items()}
    # C saved 30 kW and nominated 25: the neighbour's 40 pays all 30.
    comparison, found = slips(sheet_of(**cells, C_credit="84.00"))
    shift = found[0]
    assert (shift.kind, shift.column, shift.meter) == (SlipKind.SHIFTED_COLUMN, "nomination_kw", "B")
    assert (shift.numbers["offset"], shift.numbers["other"], shift.rows) == (-1, "A", ("B", "C", "D", "E", "F"))
    other = next(slip for slip in found if slip.column == "credit")
    assert (other.kind, other.meter, other.numbers["named"]) == (SlipKind.OTHER_NOMINATION, "C", 40)
    overpaid = [row for row in comparison.rows if row.paid_too_much]
    assert [(row.meter, row.paid_too_much) for row in overpaid] == [("C", 14)]


@pytest.mark.parametrize(
    ("cells", "kind", "column"),
    [
        ({"C_credit": "84.00"}, SlipKind.MISSING_CAP, "credit"),
        ({"D_credit": "-14.00"}, SlipKind.MISSING_FLOOR, "credit"),
        ({"E_credit": "5.61"}, SlipKind.ROUNDING, "credit"),
        ({"E_credit": "6.00"}, SlipKind.OTHER_PRICE, "credit"),
        ({"B_performance_kwh": "-10"}, SlipKind.WRONG_SIGN, "performance_kwh"),
        ({"B_baseline_kwh": "", "B_event_kwh": "", "B_credit": "0"}, SlipKind.LEFT_BLANK, "credit"),
        ({"B_event_kwh": "41", "B_performance_kwh": "19"}, SlipKind.FOLLOWS, "performance_kwh"),
        ({"A_nomination_kw": "40", "B_nomination_kw": "10"}, SlipKind.SWAPPED_ROWS, "nomination_kw"),
        ({"F_event_kwh": "3.456"}, SlipKind.UNKNOWN, "event_kwh"),
    ],
)
def test_a_slip_in_a_cell_is_guessed(cells, kind, column):
    _, found = slips(sheet_of(**cells))
    assert kind in {slip.kind for slip in found if slip.column == column}, found


def test_another_unit_in_a_column_is_named_once():
    cells = {f"{meter}_event_kwh": str(values[1] * 1000) for meter, values in TRUTH.items()}
    _, found = slips(sheet_of(**cells))
    assert [(slip.kind, len(slip.rows), slip.numbers["factor"]) for slip in found] == [(SlipKind.WRONG_UNIT, 6, 1000)]


def test_meters_that_only_one_side_knows_are_told():
    content = sheet_of().replace(b"\nF,", b"\nX,") + b"\nA,100,80,20,10,28\n"
    comparison, _ = slips(content)
    assert (comparison.only_theirs, comparison.only_ours, comparison.twice) == (("X",), ("F",), ("A",))


def test_a_figure_of_another_day_is_recognized():
    comparison, _ = slips(sheet_of(E_event_kwh="31", E_baseline_kwh="32"))
    row = next(row for row in comparison.rows if row.meter == "E")
    days = {date(2026, 7, day): Fraction(energy) for day, energy in ((21, 29), (20, 30), (17, 31), (16, 37), (15, 90))}
    event = day_guess(row, "event_kwh", days, ())
    assert event.numbers["days"] == "2026-07-17"
    # 29 + 30 + 37 = 3 × 32: the 16th in place of the 17th.
    baseline = day_guess(row, "baseline_kwh", days, (date(2026, 7, 21), date(2026, 7, 20), date(2026, 7, 17)))
    assert (baseline.kind, baseline.numbers["days"]) == (SlipKind.WRONG_DAY, "2026-07-16")
    assert day_guess(row, "baseline_kwh", {date(2026, 7, 15): Fraction(90)}, (date(2026, 7, 21),)) is None


def test_an_amount_that_is_not_rounded_is_the_same_amount():
    comparison, _ = slips(sheet_of(E_credit="5.604"))
    assert comparison.differing == ()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "first line must name the columns"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"name,credit\nA,1\n", "first line must name the columns"),
        (b"meter,color\nA,red\n", "no column with figures"),
        (b"meter,credit,credit_usd\nA,1,1\n", "credit is there twice"),
        (b"meter,credit\n" + b"A,1\n" * 100_001, "more than 100,000 rows"),
    ],
)
def test_what_is_no_sheet_is_refused_in_one_sentence(content, sentence):
    with pytest.raises(SheetError, match=sentence):
        read_sheet(content)


def test_rows_that_cannot_be_used_are_listed_with_their_line():
    sheet = read_sheet(b"meter;credit\r\nA;1,5\r\n;2\r\nB;1e9999\r\nC;$ 3.50\r\nD;" + b"9" * 5000 + b"\r\n")
    assert [problem.line for problem in sheet.problems] == [2, 3, 4, 6]
    assert [(row.meter, row.figures["credit"]) for row in sheet.rows] == [("C", Fraction(7, 2))]
    assert all(re.search(r"\.$", problem.problem) for problem in sheet.problems)


def test_a_sheet_of_several_events_is_cut_to_one():
    sheet = read_sheet(b"event,meter,credit\n2026-07-22T16:00,A,1\n2026-08-05T16:00,A,2\n")
    assert [row.figures["credit"] for row in sheet.of_event(frozenset({"2026-08-05T16:00"})).rows] == [2]


def test_a_cell_that_is_no_meters_number_is_cut():
    known, long = "M" * 40, "M" * 5000
    rows = read_sheet(f"meter,credit\n{known},1\n{long},2\n".encode()).rows
    assert [len(row.meter) for row in rows] == [40, 40]
    # Cut, it is still not the meter that begins like it.
    assert rows[0].meter == known != rows[1].meter
