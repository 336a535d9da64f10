import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from common.spreadsheet import safe_cell


@given(st.text(alphabet=st.sampled_from("=+-@\t\r|% \nA1,;\"'"), max_size=8))
def test_no_cell_is_a_formula_after_a_round_through_csv(text):
    stream = StringIO()
    csv.writer(stream).writerow([safe_cell(text)])
    [cell] = next(csv.reader(StringIO(stream.getvalue(), newline="")), [""])
    assert not cell.lstrip(" \n").startswith(("=", "+", "-", "@", "\t", "\r", "|", "%"))


def test_ordinary_text_stays_as_it_is():
    assert safe_cell("L-0001, main") == "L-0001, main"
