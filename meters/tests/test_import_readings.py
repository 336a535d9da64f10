"""manage.py import_readings: what a person gets for a good file, and for a bad one."""

import csv
import gzip
import zlib
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from meters.formats import lines
from meters.models import IntervalReading, ReadingRevision
from meters.tests.helpers import stored, write
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db

GOOD = "meter,start,end,kwh\nM1,2021-03-21T00:00,2021-03-21T00:30,104.192\nM1,2021-03-21T00:30,2021-03-21T01:00,0.5\n"


@pytest.fixture
def meter():
    return make_meter(make_distributor(), "M1")


@pytest.fixture
def run(tmp_path, capsys):
    def call(text, **options):
        file = text if hasattr(text, "name") else write(tmp_path / "readings.csv", text)
        call_command("import_readings", str(file), **options)
        return capsys.readouterr().out

    return call


def moment(*parts):
    return datetime(*parts, tzinfo=UTC)


def energies(meter):
    return [row[:2] for row in stored(meter)]


def test_a_long_file_is_stored_on_the_clock_of_the_meter(meter, run):
    out = run(GOOD)
    assert energies(meter) == [(moment(2021, 3, 21, 4), 104_192), (moment(2021, 3, 21, 4, 30), 500)]
    assert out == (
        "2 readings new, 0 corrected, 0 unchanged; 1 meters, 2021-03-21 04:00 to 2021-03-21 05:00 UTC, 104.692 kWh.\n"
    )


def test_the_same_file_twice_changes_nothing_and_says_so(meter, run):
    run(GOOD)
    assert run(GOOD) == "Nothing new: 2 readings are stored already.\n"
    assert not ReadingRevision.objects.exists()


def test_a_corrected_file_leaves_revisions_that_name_it(meter, run):
    run(GOOD)
    assert run(GOOD.replace("0.5\n", "0.7\n")).startswith("0 readings new, 1 corrected, 1 unchanged")
    assert ReadingRevision.objects.get().source == "readings.csv"


def test_a_wide_file_has_a_column_per_meter_and_gaps_are_gaps(meter, run):
    other = make_meter(meter.distributor, "M2")
    out = run("start,M1,M9,M2\n2021-03-21T00:00,1,5,2\n2021-03-21T00:30,,5,3\n")
    assert energies(meter) == [(moment(2021, 3, 21, 4), 1_000)]
    assert energies(other) == [(moment(2021, 3, 21, 4), 2_000), (moment(2021, 3, 21, 4, 30), 3_000)]
    assert "M9: there is no such meter (2 rows)" in out


def test_a_packed_file_is_read_whatever_its_name(meter, run, tmp_path):
    packed = tmp_path / "readings.dat"
    packed.write_bytes(gzip.compress(GOOD.encode()))
    run(packed)
    assert len(stored(meter)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffMeter,START,kWh\r\nM1,2021-03-21T00:00,1\r\n",
        "meter;start;kwh\nM1;2021-03-21T00:00;1\n",
        '"meter","start","kwh"\n"M1","2021-03-21 00:00:00","1"\n\n',
        "meter,start,wh\nM1,2021-03-21T04:00Z,1000\n",
        "\nkwh,meter,start,end\n1,M1,2021-03-21T00:00,\n",
    ],
)
def test_the_same_reading_in_other_dress_is_the_same(meter, run, text):
    run(text)
    assert energies(meter) == [(moment(2021, 3, 21, 4), 1_000)]


def test_a_file_of_one_meter_is_told_whose_it_is(meter, run):
    run("start,kwh\n2021-03-21T00:00,1\n", meter="M1")
    assert len(stored(meter)) == 1


def test_zone_and_unit_can_be_given(meter, run):
    run("meter,start,value\nM1,2021-03-21T00:00,1500\n", timezone="Europe/Athens", unit="Wh")
    assert energies(meter) == [(moment(2021, 3, 20, 22), 1_500)]


def test_columns_that_are_not_used_are_named(meter, run):
    out = run("meter,start,kwh,temperature\nM1,2021-03-21T00:00,1,20\n")
    assert out.startswith("Columns not used: temperature.\n")


BAD_ROWS = [
    ("NOPE,2021-03-21T01:00,,1", "NOPE: there is no such meter (1 row)"),
    (",2021-03-21T01:00,,1", "row 3: the meter is missing"),
    ("M1,2021-03-21T01:00,,many", "row 3 (M1 2021-03-21T01:00): “many” is not a number"),
    ("M1,2021-03-21T01:00,,", "row 3 (M1 2021-03-21T01:00): the value is empty"),
    ('M1,2021-03-21T01:00,,"0,5"', "“0,5” has a decimal comma; write 0.5"),
    ("M1,2021-03-21T01:00,,-1", "row 3 (M1 2021-03-21T05:00Z): is negative, but the meter does not feed"),
    ("M1,2021-03-21T01:00,,99999999", "is more than any meter measures"),
    ("M1,2021-03-21T01:00,2021-03-21T02:00,1", "row 3 (M1 2021-03-21T01:00): lasts 60 minutes; the meter has"),
    ("M1,2021-03-21T01:00,2021-03-21T00:00,1", "the end 2021-03-21T04:00Z is not after the start"),
    ("M1,2021-03-21T01:10,2021-03-21T01:40,1", "no interval of 30 minutes starts then"),
    ("M1,2999-03-21T01:00,,1", "row 3 (M1 2999-03-21T05:00Z): the interval has not ended yet"),
    ("M1,yesterday,,1", "row 3 (M1 yesterday): "),
    ("M1,2021-03-21,,1", "has no time of day"),
    ("M1,,,1", "the time is empty"),
    ("M1,0001-01-01T00:00+14:00,,1", "row 3 (M1 0001-01-01T00:00+14:00): "),
    ("M1,2021-11-07T01:30,,1", "happens twice in America/New_York"),
    ("M1,2021-03-14T02:30,,1", "does not exist in America/New_York"),
    ("M1,2021-03-21T01:00", "row 3: has 2 values; the header has 4 columns"),
    ("M1,2021-03-21T01:00,,1,2,3", "row 3: has 6 values; the header has 4 columns"),
]


@pytest.mark.parametrize(("row", "sentence"), BAD_ROWS)
def test_a_bad_row_is_left_out_with_its_number_and_the_good_ones_are_stored(meter, run, row, sentence):
    out = run(f"meter,start,end,kwh\nM1,2021-03-21T00:00,,1\n{row}\nM1,2021-03-21T00:30,,2\n")
    assert sentence in out
    assert "1 rows left out:" in out
    assert energies(meter) == [(moment(2021, 3, 21, 4), 1_000), (moment(2021, 3, 21, 4, 30), 2_000)]


@pytest.mark.parametrize(("row", "sentence"), BAD_ROWS)
def test_strict_stores_nothing_if_a_row_is_bad(meter, run, capsys, row, sentence):
    with pytest.raises(CommandError, match="1 rows cannot be used, so nothing was stored"):
        run(f"meter,start,end,kwh\nM1,2021-03-21T00:00,,1\n{row}\n", strict=True)
    assert sentence in capsys.readouterr().out
    assert stored(meter) == []


def test_rows_that_contradict_each_other_are_both_left_out(meter, run):
    out = run("meter,start,kwh\nM1,2021-03-21T00:00,1\nM1,2021-03-21T00:30,1\nM1,2021-03-21T00:00,2\n")
    assert "row 2 (M1 2021-03-21T04:00Z): row 4 gives another value" in out
    assert "row 4 (M1 2021-03-21T04:00Z): row 2 gives another value" in out
    assert energies(meter) == [(moment(2021, 3, 21, 4, 30), 1_000)]


def test_both_passes_of_the_repeated_hour_come_in_with_offsets(meter, run):
    run(
        "meter,start,end,kwh\n"
        "M1,2021-11-07T00:30,2021-11-07T01:00,1\n"
        "M1,2021-11-07T01:30-04:00,2021-11-07T01:00-05:00,2\n"
        "M1,2021-11-07T01:30-05:00,2021-11-07T02:00-05:00,3\n"
        "M1,2021-03-14T01:30,2021-03-14T03:00,4\n"
    )
    assert energies(meter) == [
        (moment(2021, 3, 14, 6, 30), 4_000),
        (moment(2021, 11, 7, 4, 30), 1_000),
        (moment(2021, 11, 7, 5, 30), 2_000),
        (moment(2021, 11, 7, 6, 30), 3_000),
    ]


def test_the_errors_file_lists_every_row_left_out(meter, run, tmp_path):
    errors = tmp_path / "errors.csv"
    bad = "".join(f"M1,2021-03-21T00:00,{text}\n" for text in ["x"] * 30)
    out = run(f"meter,start,kwh\n{bad}NOPE,2021-03-21T00:00,1\nNOPE,2021-03-21T00:30,1\n", errors=str(errors))
    assert "… and 10 more; --errors FILE lists them." in out
    rows = list(csv.reader(errors.open(encoding="utf-8")))
    assert rows[:3] == [
        ["row", "meter", "start", "problem"],
        ["", "NOPE", "", "there is no such meter (2 rows)"],
        ["2", "M1", "2021-03-21T00:00", "“x” is not a number"],
    ]
    assert len(rows) == 32


def test_a_dry_run_tells_all_and_stores_nothing(meter, run):
    out = run(GOOD, dry_run=True)
    assert out.startswith("2 readings would be new, 0 corrected")
    assert out.endswith("Nothing was stored (--dry-run).\n")
    assert stored(meter) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\n  \n", "is empty"),
        (b"meter,start,kwh\n", "holds no readings"),
        (bytes(range(256)) * 40, "is not a text file (row"),
        (b"meter,start,kwh\nM1,2021-03-21T00:00,1\n\xff\xfe\x80\n", "is not text in UTF-8 (row 3)"),
        (GOOD.encode("utf-16"), "is text in UTF-16; save it as UTF-8"),
        (b"PK\x03\x04rest", "is a spreadsheet or ZIP archive"),
        (b"\x1f\x8b\x08\x00", "is damaged or cut off after row"),
        (gzip.compress(GOOD.encode(), mtime=0)[:60], "is damaged or cut off after row"),
        (b"<?xml version='1.0'?><feed/>", "is XML, but no Green Button (ESPI) feed"),
        (b"100,NEM12,200506081149,UNITEDDP,NEMMCO\n", "is cut off: its last record, 900, is missing"),
        (b"100,NEM13,200506081149,UNITEDDP,NEMMCO\n", "is in the format NEM13"),
        (b'{"readings": 7}', "is JSON, but neither a list of readings nor"),
        (b"hello\n", "is no CSV of readings"),
        (b"meter,kwh\nM1,1\n", "is no CSV of readings"),
        (b"meter,start\nM1,2021-03-21T00:00\n", "has no column “kwh”"),
        (b"meter,start,kwh,KWH\n", "holds no readings"),
        (b"meter,start,kwh,kwh\n", "has two columns named “kwh”"),
        (b"start,kwh\n2021-03-21T00:00,1\n", "name the meter with --meter"),
        (b"start,end\n2021-03-21T00:00,1\n", "has no column of a meter"),
        (b'meter,start,kwh\nM1,2021-03-21T00:00,"1\n' + b"M1,2021-03-21T00:00,1\n" * 9_000, "cannot be split"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing_and_says_why(meter, run, tmp_path, content, sentence):
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError) as refusal:
        run(file)
    assert str(refusal.value).startswith("bad.csv ")
    assert sentence in str(refusal.value)
    assert not IntervalReading.objects.exists()


def test_a_line_of_200_megabytes_is_refused_without_reading_it(meter, run, tmp_path):
    file, packer = tmp_path / "long.csv.gz", zlib.compressobj(1, wbits=31)
    with file.open("wb") as stream:
        stream.write(packer.compress(GOOD.encode()))
        for _ in range(200):
            stream.write(packer.compress(b"1" * 1_000_000))
        stream.write(packer.flush())
    with pytest.raises(CommandError, match=r"has a line longer than 1,000,000 bytes \(row 4\)"):
        run(file)
    assert stored(meter) == []


def test_a_line_is_never_asked_for_beyond_its_limit(tmp_path):
    file = write(tmp_path / "long.csv", "x" * (lines.MAX_LINE_BYTES + 5))
    with pytest.raises(lines.UnreadableFile, match="longer than"):
        lines.Lines(file)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"meter": "M1"}, "leave out --meter"),
        ({"meter": "M7"}, "There is no meter “M7”"),
        ({"timezone": "Mars/Base"}, "“Mars/Base” is no time zone"),
        ({"unit": "Wh"}, "has its energies in kWh, as its header says, not in Wh"),
        ({"unit": "BTU"}, "There is no unit “BTU”"),
        ({"distributor": "Nobody"}, "There is no distributor “Nobody”"),
        ({"errors": "/nowhere/errors.csv"}, "/nowhere/errors.csv cannot be written"),
    ],
)
def test_options_that_do_not_fit_are_refused(meter, run, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(GOOD, **options)
    assert stored(meter) == []


def test_a_file_that_is_not_there_is_named(meter, run, tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run(tmp_path / "gone.csv")
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path)
