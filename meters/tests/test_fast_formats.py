"""The fast way through a file and the exact one give the same readings, problems and sentences."""

import json
import subprocess
import sys

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from common.units import BadQuantity
from meters.formats import Context, fast
from meters.formats.base import CORRECTED, ESTIMATED, MEASURED
from meters.models import Quality
from meters.tests.reading_files import NEW_YORK, meters, outcome, read

NAMES = st.sampled_from(["M1", "M1", "M2", "M3", " M2 ", "NOPE", "", '"M1"', '"M,1"', '"M1', "M\u00e4"])
DAYS = st.sampled_from(["2021-03-14", "2021-11-07", "2021-05-01"])
CLOCKS = st.sampled_from(["00:00", "01:00", "01:30", "02:00", "02:30", "03:00:00"])
ZONES = st.sampled_from(["", "", "", "Z", "-04:00", "-05:00"])
STARTS = st.one_of(
    st.builds("{}T{}{}".format, DAYS, CLOCKS, ZONES),
    st.sampled_from(["", "yesterday", "2021-05-01", '"2021-05-01T04:00Z"', " 2021-05-01 04:00 "]),
)
ENDS = st.one_of(st.just(""), st.just(""), STARTS)
NUMBERS = st.one_of(
    st.decimals(-(10**7), 10**7, places=3).map(str),
    st.decimals(-5, 5, places=5).map(str),
    st.integers(-3, 3 * 10**15).map(str),
    st.sampled_from(
        ["", " ", "1e3", "NaN", "inf", "0.0005", "-0.0005", '"1.5"', '"0,5"', "+.5", "007", "1_0", "x", "-0"]
    ),
)
QUALITIES = st.sampled_from(["", "measured", "Estimated", "A", " corrected "])
ENDINGS = st.sampled_from(["\n", "\n", "\r\n", "\n\n", "\r"])


def both_ways(content, context=None):
    kept = fast.FEWEST_BYTES
    try:
        fast.FEWEST_BYTES = 0
        quick = outcome(content, context)
        fast.FEWEST_BYTES = 1 << 60
        return quick, outcome(content, context)
    finally:
        fast.FEWEST_BYTES = kept


def assert_same(content, context=None):
    quick, exact = both_ways(content, context)
    assert quick == exact
    return exact


quick_examples = examples(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick_examples
@given(st.lists(st.tuples(NAMES, STARTS, ENDS, NUMBERS, QUALITIES), max_size=12), ENDINGS, st.sampled_from(",;\t"))
def test_a_long_table_reads_the_same_both_ways(rows, ending, sign):
    lines = ["meter,start,end,kwh,quality", *(",".join(row) for row in rows)]
    assert_same(ending.join(lines).replace(",", sign) + ending)


@quick_examples
@given(
    st.lists(st.tuples(STARTS, st.lists(NUMBERS, min_size=3, max_size=3)), max_size=8),
    ENDINGS,
    st.sampled_from(["M1,M2,NOPE", "M1,,M3", '"M1",M2,M3']),
)
def test_a_wide_table_reads_the_same_both_ways(rows, ending, header):
    lines = [f"start,{header}", *(",".join([start, *cells]) for start, cells in rows)]
    assert_same(ending.join(lines))


@quick_examples
@given(st.lists(st.tuples(NAMES, STARTS, NUMBERS), min_size=1, max_size=8), st.integers(0, 2), st.data())
def test_a_row_of_another_length_reads_the_same_both_ways(rows, less, data):
    lines = ["meter,start,kwh", *(",".join(row) for row in rows)]
    at = data.draw(st.integers(1, len(rows)))
    lines[at] = ",".join(lines[at].split(",")[:less]) if less else lines[at] + ",more"
    assert_same("\n".join(lines))


JSON_VALUES = st.one_of(NUMBERS, st.sampled_from([None, True, [1], {"a": 1}, 7, 0.5, 1e300, -0.0]), st.floats())
OBJECTS = st.one_of(
    st.fixed_dictionaries({"meter": NAMES, "start": STARTS, "kwh": JSON_VALUES}),
    st.fixed_dictionaries(
        {"meter": NAMES, "start": STARTS, "kwh": st.floats(-9, 9), "end": ENDS, "quality": QUALITIES}
    ),
    st.fixed_dictionaries({"meter": NAMES, "start": STARTS, "wh": st.integers(-9, 9), "note": st.text(max_size=5)}),
    JSON_VALUES,
)


@quick_examples
@given(st.lists(OBJECTS, max_size=8), st.sampled_from([None, 1]), st.sampled_from(['{"readings": %s}', "%s", " %s\n"]))
def test_a_json_list_reads_the_same_both_ways(rows, indent, frame):
    assert_same(frame % json.dumps(rows, indent=indent))


@quick_examples
@given(st.lists(OBJECTS, max_size=8), st.sampled_from(["\n", "\r\n", "\n\n", '\n{"meter": "M1",\n']))
def test_ndjson_reads_the_same_both_ways(rows, ending):
    first = '{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": 1}'
    assert_same(ending.join([first, *map(json.dumps, rows)]))


# Every field's own name has a meaning; a note's has none.
FURTHER = st.text(max_size=8).filter(lambda name: name not in {"wh", "kwh", "meter", "start", "end", "quality"})


@quick_examples
@given(st.dictionaries(FURTHER, st.integers(), max_size=30), st.booleans())
def test_further_fields_of_any_name_change_nothing(fields, wrapped):
    rows = [{**fields, "meter": "M1", "start": "2021-05-01T00:00Z", "kwh": 1}] * 2
    found = assert_same(json.dumps(rows) if wrapped else "\n".join(map(json.dumps, rows)))
    assert found.wh == 2000


@given(st.lists(st.decimals(-1000, 1000, places=4), min_size=1, max_size=30))
def test_the_sum_of_a_file_is_the_sum_of_its_rounded_rows(numbers):
    rows = [f"M1,2021-05-{1 + at // 24:02}T{at % 24:02}:00Z,{number}" for at, number in enumerate(numbers)]
    found = assert_same("meter,start,kwh\n" + "\n".join(rows))
    halves = [number * 1000 for number in numbers]
    assert found.wh == sum(int(abs(each) + type(each)("0.5")) * (1 if each > 0 else -1) for each in halves)


def test_a_large_file_goes_fast_and_its_odd_rows_exactly(monkeypatch):
    rows = [f"M{1 + at % 3},2021-05-01T{at % 24:02}:00,0.{at % 1000:03}" for at in range(30_000)]
    rows[7_000] = "M1,2021-05-01T00:00,much"
    rows[7_001] = "NOPE,2021-05-01T00:00,1"
    rows[20_000] = "M1,2021-11-07T01:30,1"
    taken = []
    exact = fast.Cells.row
    monkeypatch.setattr(fast.Cells, "row", lambda cells, at: taken.append(at) or exact(cells, at))
    found = read("meter,start,kwh\n" + "\n".join(rows))
    assert len(found.readings) == 29_997
    assert [problem.row for problem in found.problems] == [7_002, 20_002]
    assert found.unknown == {"NOPE": 1}
    assert len(taken) == 2


def test_a_cell_over_several_lines_may_cross_chunks(monkeypatch):
    monkeypatch.setattr("meters.formats.lines.BLOCK_BYTES", 64)
    body = "".join(f'M1,2021-05-01T{at:02}:00,{at}\n"M1",2021-05-01T{at:02}:30,"\n{at}\n"\n' for at in range(20))
    found = read("meter,start,kwh\n" + body)
    assert len(found.readings) == 40
    assert found.wh == 2 * 1000 * sum(range(20))
    assert found.readings[-1][0] == 1 + 20 * 4


def test_registers_are_read_as_registers():
    table = "meter,start,register_kwh\nM1,2021-05-01T00:00,1200.5\nM1,2021-05-01T00:30,1201\nM1,x,1\n"
    found = assert_same(table)
    assert [read[3] for read in found.registers] == [1_200_500, 1_201_000]
    assert found.readings == []
    assert len(found.problems) == 1
    assert read("meter,start,read\nM1,2021-05-01T00:00Z,7\n", Context(meters(), unit="Wh")).registers[0][3] == 7


def test_a_column_of_qualities_is_kept():
    table = "meter,start,kwh,quality\nM1,2021-05-01T00:00,1,estimated\nM1,2021-05-01T00:30,1,\n"
    assert [reading[4] for reading in assert_same(table).readings] == [ESTIMATED, MEASURED]


def test_the_qualities_are_those_of_the_portal():
    assert (MEASURED, CORRECTED, ESTIMATED) == (Quality.MEASURED, Quality.CORRECTED, Quality.ESTIMATED)


def test_meters_of_several_zones_are_read_each_on_its_own_clock():
    from zoneinfo import ZoneInfo

    far = {"A": meters(zone=ZoneInfo("Asia/Tokyo"))["M2"], "B": meters(zone=NEW_YORK)["M1"]}
    rows = "".join(f"{name},2021-05-01T00:00,1\n" for name in "ABA")
    found = assert_same("meter,start,kwh\n" + rows, Context(far))
    starts = [reading[2] for reading in found.readings]
    assert starts[1] - starts[0] == 13 * 3600
    assert starts[0] == starts[2]


def test_polars_stays_out_of_a_process_that_reads_little():
    script = (
        "import io, sys\nfrom meters.formats import *\nfrom datetime import UTC\n"
        "lines = Lines.of_stream(io.BytesIO(b'meter,start,kwh\\nM1,2021-05-01T00:00Z,1\\n'), 'x')\n"
        "found = list(format_of(lines).read(lines, Context({'M1': KnownMeter(1, UTC, 30)})))\n"
        "assert sum(len(batch) for batch in found) == 1\nassert 'polars' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=settings.BASE_DIR, check=True)


@pytest.mark.parametrize("unit", ["Wh", "kWh", "MWh"])
def test_every_unit_is_read_the_same_both_ways(unit):
    rows = "".join(
        f"M1,2021-05-01T{at:02}:00,{number}\n" for at, number in enumerate(["1", "0.5", "-2.5", "123456789.125"])
    )
    assert_same("meter,start,value\n" + rows, Context(meters(), unit=unit))


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("meter,start,kw\nM1,2021-05-01T00:00,1.2\n", {}),
        ("meter,start,power\nM1,2021-05-01T00:00,1.2\n", {}),
        ("meter,start,value\nM1,2021-05-01T00:00,1.2\n", {"unit": "kW"}),
        ("start,M1\n2021-05-01T00:00,1200\n", {"unit": "W"}),
        ("start,kw\n2021-05-01T00:00,1.2\n", {"meter": "M1"}),
    ],
)
def test_mean_power_is_the_energy_of_the_meters_intervals(content, options):
    assert assert_same(content, Context(meters(15), **options)).wh == 300
    assert assert_same(content, Context(meters(30), **options)).wh == 600


def test_energy_and_registers_come_before_power_where_a_file_has_both():
    assert read("meter,start,kw,kwh\nM1,2021-05-01T00:00,9,1.2\n").wh == 1200
    assert read("meter,start,kw,register_wh\nM1,2021-05-01T00:00,9,70\n").registers[0][3] == 70


def test_a_register_counts_no_power():
    sentence = "There is no unit “kW”; use one of Wh, kWh, MWh"
    with pytest.raises(BadQuantity, match=sentence):
        read("meter,start,register\nM1,2021-05-01T00:00,9\n", Context(meters(), unit="kW"))
