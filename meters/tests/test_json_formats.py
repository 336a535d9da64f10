"""Readings as JSON and NDJSON: what a row may say, and what is refused in which words."""

import json

import pytest

from meters.errors import UnreadableFile
from meters.formats import Context
from meters.formats.base import ESTIMATED, MEASURED
from meters.formats.json_readings import read_json
from meters.tests.reading_files import NEW_YORK, meters, read

GOOD = '{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": 0.412}'


def test_a_line_is_a_reading():
    found = read(GOOD + "\n\n" + GOOD.replace("00:00", "00:30").replace("0.412", '"1.5"'))
    assert [(row, wh) for row, _, _, wh, _ in found.readings] == [(1, 412), (3, 1_500)]


@pytest.mark.parametrize("frame", ["[%s]", '{"readings": [%s]}', " [ %s ] \n", '\ufeff{ "readings" : [\n%s\n]\n}\n'])
def test_a_list_may_stand_alone_or_in_an_object(frame):
    found = read(frame % f"{GOOD},\n{GOOD}")
    assert [reading[0] for reading in found.readings] == [0, 1]
    assert found.wh == 824


def test_an_empty_list_holds_nothing():
    assert read("[]").readings == []


def test_end_quality_and_watt_hours_may_be_given():
    row = '{"meter": "M1", "start": "2021-05-01T00:00Z", "end": "2021-05-01T00:30Z", "wh": 412, "quality": "estimated"}'
    assert read(row).readings == [(1, 1, 1_619_827_200, 412, ESTIMATED)]
    assert read(row.replace("estimated", "measured")).readings[0][4] == MEASURED


def test_what_the_text_of_a_number_says_counts_not_its_float():
    assert read(GOOD.replace("0.412", "0.00049999999999999999999")).wh == 0
    assert read(GOOD.replace("0.412", "1.2345e3")).wh == 1_234_500


BAD_ROWS = [
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": NaN}', "“NaN” is not a number"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": -Infinity}', "“-Infinity” is not a number"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": 1e999999999}', "“1e999999999” is not a number"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": 1e99}', "“1e99” is not a usable number"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": true}', "kwh is not a number"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": [1]}', "kwh is not a number"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": 1, "kwh": 2}', "names a field twice"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": 1, "wh": 2}', "has both kwh and wh; give one of them"),
    ('{"meter": {"id": 1}, "start": "2021-05-01T00:00Z", "kwh": 1}', "meter is not a text"),
    ('{"meter": "M1", "start": "2021-05-01T00:00", "kwh": 1}', "has no zone; add Z or the offset from UTC"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "end": "2021-05-01T01:00Z", "kwh": 1}', "lasts 60 minutes"),
    ('{"meter": "M1", "start": "2021-05-01T00:00Z", "kwh": 1, "quality": "A"}', "neither measured nor estimated"),
    ('{"start": "2021-05-01T00:00Z"}', "meter and kwh missing"),
    ("7", "is not an object with meter, start and kwh"),
    ('"text"', "is not an object"),
    ("null", "is not an object"),
]


@pytest.mark.parametrize(("row", "sentence"), BAD_ROWS)
def test_a_bad_row_is_left_out_with_its_number(row, sentence):
    for text, number in ((f"{GOOD}\n{row}\n{GOOD}\n", 2), (f"[{GOOD},{row},{GOOD}]", 1)):
        found = read(text)
        assert len(found.readings) == 2
        assert [problem.row for problem in found.problems] == [number]
        assert sentence in found.problems[0].problem


@pytest.mark.parametrize("row", ["{", '{"meter": "M1"', "[" * 100_000, '{"a":' * 100_000, "{'meter': 1}"])
def test_a_broken_line_is_left_out(row):
    found = read(f"{GOOD}\n{row}\n{GOOD}\n")
    assert len(found.readings) == 2
    assert "is not valid JSON" in found.problems[0].problem


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"[{GOOD}", "ends in the middle of its list, after 1 entries"),
        (f'{{"readings": [{GOOD},', "ends in the middle of its list, after 1 entries"),
        (f'{{"readings": [{GOOD}]', "is cut off there"),
        (f"[{GOOD}] {GOOD}", "goes on after its list"),
        (f"[{GOOD} {GOOD}]", "is not valid JSON (entry 1)"),
        (f"[{GOOD},]", "is not valid JSON (entry 1)"),
        (f"[,{GOOD}]", "is not valid JSON (entry 0)"),
        (f"[{GOOD}, {{'meter': 1}}]", "is not valid JSON (entry 1)"),
        ("[" * 100_000, "is nested too deeply (entry 0)"),
        ('[{"a":' * 50_000, "is nested too deeply (entry 0)"),
        ('{"rows": [\n1]}', 'is JSON, but neither a list of readings nor {"readings": [...]}'),
        (f"[{GOOD}, \x00]", "is not valid JSON (entry 1)"),
        (f"[{GOOD}, ".encode() + b"\xff]", "is not text in UTF-8"),
        ('["' + "x" * 5_000_000, "is not valid JSON (entry 0)"),
        ('["' + "x" * 9_000_000, "has an entry longer than 1,000,000 characters"),
    ],
)
def test_a_broken_list_is_refused_in_one_sentence(text, sentence, monkeypatch):
    if len(text) == 5_000_002:
        monkeypatch.setattr("meters.formats.json_readings.MAX_LINE_BYTES", 10_000_000)
    with pytest.raises(UnreadableFile) as refusal:
        read(text)
    assert sentence in str(refusal.value)


def test_meters_are_named_by_the_rows_alone():
    with pytest.raises(UnreadableFile, match="leave out --meter"):
        read(GOOD, Context(meters(), meter="M1"))


def test_a_zone_given_with_the_file_reads_times_without_one():
    found = read(GOOD.replace("Z", ""), Context(meters(), zone=NEW_YORK))
    assert found.readings[0][2] == 1_619_827_200 + 4 * 3600


def test_unknown_meters_of_a_file_are_counted():
    assert read(f"{GOOD}\n{GOOD.replace('M1', 'M9')}\n").unknown == {"M9": 1}


def test_rows_parsed_by_somebody_else_are_read_alike():
    rows = [json.loads(GOOD), {"meter": "M9", "start": "2021-05-01T00:00Z", "kwh": 1}, [], None]
    batch = read_json(rows, Context(meters()))
    assert batch.energies_wh.tolist() == [412]
    assert [(each.row, each.problem) for each in batch.problems] == [
        (1, "there is no such meter"),
        (2, "is not an object with meter, start and kwh"),
        (3, "is not an object with meter, start and kwh"),
    ]
