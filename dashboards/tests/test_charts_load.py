"""The load chart's pure parts."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from common.speech import float_words
from dashboards.charts import ChartDataError, LoadSeries, load_columns, load_csv_rows, load_payload, load_table
from dashboards.charts.load import short_spans
from dashboards.charts.quick_words import quick_words

HOUR = 3_600_000


def series(wh, *, short=None, before=(), **columns):
    """Hours of 1970 with so many Wh each, all expected 100 Wh more."""
    wh = np.array([np.nan if value is None else value for value in wh], dtype=float)
    start = HOUR * np.arange(len(wh))
    full = np.full(len(wh), 10)
    given_columns = {
        "start_ms": start, "end_ms": start + HOUR, "wh": wh, "expected_wh": wh + 100, "meters": full, "usual": full,
        "short": np.zeros(len(wh), bool) if short is None else np.array(short), "before_wh": np.array(before, float),
    }  # fmt: skip
    return LoadSeries(**given_columns | columns)


ZONE = ZoneInfo("UTC")


def test_columns_of_table_and_rows_are_as_many():
    for before in ((), (1, 2)):
        shown = series([1, 2], before=before)
        assert {len(row) for row in load_table(shown, [], ZONE)["rows"]} == {len(load_columns(has_before=bool(before)))}
        assert len(load_payload(shown, [], ZONE)["table"]["columns"]) == len(load_columns(has_before=bool(before)))


def test_stretches_without_enough_meters_join():
    shown = series([1, 2, 3, 4, 5], short=[True, False, True, True, False])
    assert short_spans(shown) == {"start": [0, 2 * HOUR], "end": [HOUR, 4 * HOUR]}


def test_long_table_says_where_the_rest_is():
    table = load_table(series([1] * 301), [], ZONE)
    assert (len(table["rows"]), table["rows_note"]) == (300, "The newest 300 of 301 rows; the file has all.")


def test_file_has_every_row_and_empty_cells_for_what_is_missing():
    rows = list(load_csv_rows(series([None, 1500]), []))
    assert [row[2:4] for row in rows] == [("", ""), ("1.500", "1.600")]


@pytest.mark.parametrize(
    "wrong", [{"end_ms": np.array([1])}, {"before_wh": np.array([1.0])}, {"start_ms": np.array([0, 5])}]
)
def test_columns_that_do_not_fit_together_are_refused(wrong):
    with pytest.raises(ChartDataError):
        series([1, 2], **wrong)


@given(st.floats(-1e9, 1e9), st.integers(0, 3), st.sampled_from(["en", "es"]))
def test_quick_words_are_the_slow_ones(value, places, language):
    with translation.override(language):
        assert quick_words(value, places) == float_words(value, places)
