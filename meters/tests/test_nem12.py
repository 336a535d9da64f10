"""NEM12: days of values at UTC+10, channels set against each other, qualities by ranges."""

import csv
import os
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import UnreadableFile
from meters.formats import Context, KnownMeter
from meters.formats.base import ESTIMATED, MEASURED
from meters.formats.nem12 import check_digit
from meters.tests.reading_files import NEW_YORK, read

SHARED = Path(os.environ.get("DRPORTAL_SHARED_DATA", settings.BASE_DIR.parent / "shared" / "data")) / "nem12"
MIDNIGHT = 1_619_791_200  # 2021-05-01 at UTC+10


def context(minutes=30, number="NMI0000001", **options):
    return Context({number: KnownMeter(1, NEW_YORK, minutes)}, **options)


def channel(name="E1", unit="kWh", minutes=30, nmi="NMI0000001"):
    return f"200,{nmi},E1B1,1,{name},N1,SERIAL,{unit},{minutes},"


def day(values="1", quality="A", date="20210501", count=48):
    values = values if isinstance(values, list) else [values] * count
    return f"300,{date},{','.join(map(str, values))},{quality},,,20210502000000,"


def file(*records):
    return "\n".join(["100,NEM12,202105020000,MDP1,RET1", *records, "900"]) + "\n"


def test_a_day_begins_at_midnight_of_utc_plus_ten_whatever_the_season_or_the_meter():
    found = read(file(channel(), day([f"0.{at:03}" for at in range(48)])), context())
    assert [reading[2] for reading in found.readings] == [MIDNIGHT + at * 1800 for at in range(48)]
    assert [reading[3] for reading in found.readings] == list(range(48))


def test_worked_example_d2():
    assert read(file(channel(), day("18.023")), context()).readings[0][3] == 18_023


@pytest.mark.parametrize(("unit", "wh"), [("Wh", 2), ("kWh", 2_000), ("KWH", 2_000), ("mwh", 2_000_000)])
def test_units_are_those_of_the_channel(unit, wh):
    assert read(file(channel(unit=unit), day("2")), context()).readings[0][3] == wh


def test_what_flows_back_is_subtracted_day_by_day():
    both = file(channel(), day("3"), day("3", date="20210502"), channel("B1"), day("5"))
    found = read(both, context())
    assert {reading[3] for reading in found.readings} == {-2_000}
    assert len(found.readings) == 48
    assert [problem.problem for problem in found.problems] == [
        "the channel B1 has no values of this day, so the net energy is not known"
    ]


def test_a_meter_that_only_feeds_the_grid_is_negative():
    assert read(file(channel("B1"), day("2")), context()).wh == -96_000


@given(st.lists(st.lists(st.decimals(0, 100, places=3), min_size=48, max_size=48), min_size=3, max_size=3))
def test_the_sum_is_that_of_all_channels(values):
    one, two, back = values
    records = (channel(), day(one), channel("E2"), day(two), channel("B1"), day(back))
    assert read(file(*records), context()).wh == int((sum(one) + sum(two) - sum(back)) * 1000)


def test_reactive_channels_are_named_and_not_used():
    found = read(file(channel(), day(), channel("Q1", "kVArh"), day("9")), context())
    assert found.wh == 48_000
    assert found.notes == ["Channels not used: Q1 (kVArh)."]


@pytest.mark.parametrize(
    ("quality", "ours"), [("A", MEASURED), ("S14", ESTIMATED), ("F14", ESTIMATED), ("E52", ESTIMATED)]
)
def test_qualities_become_ours(quality, ours):
    assert read(file(channel(), day(quality=quality)), context()).readings[0][4] == ours


def test_ranges_give_the_qualities_of_a_day_that_varies():
    records = (channel(), day(quality="V"), "400,1,20,F14,76,", "400,21,24,A,,", "400,25,47,S14,1,", "400,48,48,N,,")
    found = read(file(*records), context())
    assert [reading[4] for reading in found.readings] == [ESTIMATED] * 20 + [MEASURED] * 4 + [ESTIMATED] * 23
    assert found.notes == ["1 intervals are marked as without a value (quality N) and left as gaps."]


def test_a_day_without_data_is_a_gap():
    assert read(file(channel(), day("", quality="N"), day(date="20210502")), context()).wh == 48_000


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ((channel(), day(quality="V"), "400,1,20,A,,"), "tell the quality of 20 of 48 values"),
        ((channel(), day(quality="V"), "400,0,48,A,,"), "“0” to “48” is no range of the 48 values"),
        ((channel(), day(quality="V"), "400,1,99,A,,"), "“1” to “99” is no range"),
        ((channel(), day(quality="V"), "400,1,48,Z,,"), "“Z” is no quality"),
        ((channel(), day(count=47)), "stands where the quality of 48 values is expected"),
        ((channel(), day(count=20)), "has 25 values; a day of 30 minutes has 48"),
        ((channel(), day(count=96)), "stands where the quality of 48 values is expected"),
        ((channel(), day("x")), "“x” is not a number"),
        ((channel(), day("")), "the value is empty"),
        ((channel(), day(date="20210231")), "“20210231” is not a day"),
        ((channel(), day(date="yesterday")), "“yesterday” is not a day"),
        ((channel(), day(), day("2")), "gives E1 of this day again; row 3 is used"),
        ((channel(minutes=15), day(count=96)), "lasts 15 minutes; the meter has intervals of 30"),
        ((channel(minutes=7), day()), "intervals of “7” minutes; NEM12 has 5, 15 or 30"),
        ((day(),), "values without a usable 200 record before them"),
        (("700,1",), "“700” is no record of NEM12"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_row(records, sentence):
    found = read(file(*records), context())
    assert any(sentence in problem.problem and problem.row > 1 for problem in found.problems), found.problems


def test_the_number_may_have_its_check_digit_on_either_side():
    short, long = "QAAAVZZZZZ", "QAAAVZZZZZ" + check_digit("QAAAVZZZZZ")
    for known, said in ((short, long), (long, short), (short, short), (long, long)):
        assert read(file(channel(nmi=said), day()), context(number=known)).wh == 48_000
    assert read(file(channel(nmi="QAAAVZZZZZ4"), day()), context(number=short)).unknown == {"QAAAVZZZZZ4": 48}


def test_a_file_of_one_meter_may_be_told_whose_it_is():
    known = context(number="HOME", meter="HOME")
    assert read(file(channel(), day()), known).wh == 48_000
    with pytest.raises(UnreadableFile, match="holds several meters"):
        read(file(channel(), day(), channel(nmi="OTHER00001"), day()), known)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("100,NEM13,202105020000,MDP1,RET1\n250,X\n900\n", "is in the format NEM13, which holds sums of months"),
        (file(channel(), day()).removesuffix("900\n"), "is cut off: its last record, 900, is missing"),
        ('100,NEM12\n200,"' + "x" * 200_000, "cannot be split into columns"),
    ],
)
def test_another_or_damaged_file_is_refused(text, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        read(text, context())


def independent_sum(path, numbers):
    """Wh of the energy channels, read without any of our code."""
    total, factor = 0, 0
    for row in csv.reader(path.open(encoding="utf-8")):
        if row[0] == "200":
            factor = {"Wh": 1, "kWh": 1000}.get(row[7], 0) * {"E": 1, "B": -1}.get(row[4][0], 0)
            count = 1440 // int(row[8])
            numbers[row[1]] = KnownMeter(len(numbers) + 1, NEW_YORK, int(row[8]))
        elif row[0] == "300":
            total += factor * sum(round(float(cell) * 1000) for cell in row[2 : 2 + count])
    return total // 1000


@pytest.mark.skipif(not SHARED.is_dir(), reason="the validation data are not here")
@pytest.mark.parametrize(
    ("name", "rows"),
    [("actual_interval", 48), ("multiple_meters", 384), ("multiple_quality", 48), ("substituted_interval", 48)],
)
def test_the_example_files_give_their_sums(name, rows):
    path, numbers = SHARED / f"Example_NEM12_{name}.csv", {}
    wh = independent_sum(path, numbers)
    found = read(path.read_bytes(), Context(numbers))
    assert (found.wh, len(found.readings), found.problems, found.unknown) == (wh, rows, [], {})
