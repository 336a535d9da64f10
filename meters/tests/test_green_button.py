"""Green Button in and out: units, directions, qualities, several usage points, registers, and the way back."""

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from meters.errors import UnreadableFile
from meters.formats import Context, KnownMeter
from meters.formats.base import CORRECTED, ESTIMATED, MEASURED
from meters.formats.green_button_out import ExportedMeter, green_button_lines, write_green_button
from meters.tests.reading_files import NEW_YORK, read

SHARED = Path(os.environ.get("DRPORTAL_SHARED_DATA", settings.BASE_DIR.parent / "shared" / "data")) / "greenbutton"
here = pytest.mark.skipif(not SHARED.is_dir(), reason="the validation data are not here")
START = 1_388_552_400
HOUR = 3600


def context(*numbers, minutes=60, **options):
    known = {number: KnownMeter(at, NEW_YORK, minutes) for at, number in enumerate(numbers or ("M1",), 1)}
    return Context(known, **options)


def entry(link, up, content, related=(), title=""):
    links = "".join(f'<link rel="related" href="{each}"/>' for each in related)
    return (
        f'<entry><link rel="self" href="{link}"/><link rel="up" href="{up}"/>{links}<title>{title}</title>'
        f"<content>{content}</content></entry>"
    )


def point(number="M1", title="", kind="0", series=("1",)):
    content = f"<e:UsagePoint><e:ServiceCategory><e:kind>{kind}</e:kind></e:ServiceCategory></e:UsagePoint>"
    return entry(f"/U/{number}", "/U", content, [f"/U/{number}/MeterReading"], title)


def series(values, number="M1", at="1", duration=HOUR, **codes):
    codes = {"accumulationBehaviour": 4, "flowDirection": 1, "powerOfTenMultiplier": 0, "uom": 72} | codes
    inner = "".join(f"<e:{name}>{value}</e:{name}>" for name, value in codes.items() if value is not None)
    here, kind = f"/U/{number}/MeterReading/{at}", f"/R/{number}{at}"
    readings = "".join(interval(START + place * duration, value, duration) for place, value in enumerate(values))
    return (
        entry(here, f"/U/{number}/MeterReading", "<e:MeterReading/>", [f"{here}/IntervalBlock", kind])
        + entry(kind, "/R", f"<e:ReadingType>{inner}</e:ReadingType>")
        + entry(f"{here}/IntervalBlock/1", f"{here}/IntervalBlock", f"<e:IntervalBlock>{readings}</e:IntervalBlock>")
    )


def interval(start, value, duration=HOUR):
    value, _, quality = str(value).partition("/")
    said = f"<e:ReadingQuality><e:quality>{quality}</e:quality></e:ReadingQuality>" if quality else ""
    return (
        f"<e:IntervalReading>{said}<e:timePeriod><e:duration>{duration}</e:duration><e:start>{start}</e:start>"
        f"</e:timePeriod><e:value>{value}</e:value></e:IntervalReading>"
    )


def feed(*entries):
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi">{"".join(entries)}</feed>'


def energies(*entries, **options):
    return [reading[3] for reading in read(feed(*entries), context(**options)).readings]


@here
def test_the_nine_days_are_216_readings_of_199_563_watt_hours():
    data = (SHARED / "TestGBDataHourlyNineDaysBinnedDaily.xml").read_bytes()
    found = read(data, context("HOME", meter="HOME"))
    assert (len(found.readings), found.wh, found.problems) == (216, 199_563, [])
    assert found.readings[0][2] == START
    with pytest.raises(UnreadableFile, match="intervals of 60 minutes; the meter HOME has intervals of 30 minutes"):
        read(data, context("HOME", meter="HOME", minutes=30))
    with pytest.raises(UnreadableFile, match=r"“Green Button Sample Data File” is no meter\); name it with --meter"):
        read(data, context("HOME"))


@here
def test_the_containerized_file_has_two_blocks():
    found = read((SHARED / "electric_containerized.xml").read_bytes(), context("HOME", meter="HOME"))
    assert [reading[3] for reading in found.readings] == [450, 430, 418, 410, 595, 591, 611, 581]


@pytest.mark.parametrize(
    ("codes", "wh"),
    [
        ({}, 7),
        ({"powerOfTenMultiplier": 3}, 7_000),
        ({"powerOfTenMultiplier": -1}, 1),
        ({"powerOfTenMultiplier": None, "flowDirection": None}, 7),
        ({"uom": 38}, 7),
        ({"uom": 38, "duration": 900, "powerOfTenMultiplier": 3}, 1_750),
        ({"flowDirection": 19}, -7),
        ({"flowDirection": 19, "powerOfTenMultiplier": -1}, -1),
        ({"flowDirection": 4}, 7),
    ],
)
def test_a_value_means_what_its_type_says(codes, wh):
    assert energies(point(), series([7], **codes), minutes=codes.get("duration", HOUR) // 60) == [wh]


@pytest.mark.parametrize(
    ("value", "codes", "wh"),
    [
        (450, {"powerOfTenMultiplier": 0}, 450),
        (45, {"powerOfTenMultiplier": 1}, 450),
        (450_000, {"powerOfTenMultiplier": -3}, 450),
        (1200, {"uom": 38, "duration": 900}, 300),
    ],
)
def test_worked_example_d2(value, codes, wh):
    assert energies(point(), series([value], **codes), minutes=codes.get("duration", HOUR) // 60) == [wh]


def test_half_a_watt_hour_is_rounded_away_from_zero():
    assert energies(point(), series([5, -5, 4], powerOfTenMultiplier=-1)) == [1, -1, 0]


@pytest.mark.parametrize(
    ("code", "ours"),
    [("", MEASURED), ("0", MEASURED), ("14", MEASURED), ("17", MEASURED), ("19", MEASURED), ("7", CORRECTED),
     ("8", ESTIMATED), ("9", ESTIMATED), ("12", ESTIMATED), ("99", ESTIMATED)],
)  # fmt: skip
def test_qualities_become_ours(code, ours):
    assert read(feed(point(), series([f"1/{code}"])), context()).readings[0][4] == ours


def test_the_quality_of_the_type_holds_where_none_is_said():
    found = read(feed(point(), series(["1", "1/0"], defaultQuality=8)), context())
    assert [reading[4] for reading in found.readings] == [ESTIMATED, MEASURED]


def test_both_directions_are_set_against_each_other():
    found = read(feed(point(), series([10, 20, 30]), series([1, "25/8"], at="2", flowDirection=19)), context())
    assert [reading[3:] for reading in found.readings] == [(9, MEASURED), (-5, ESTIMATED), (30, MEASURED)]
    assert found.notes == ["Energy to the grid was subtracted in 2 intervals; 1 had only one of the two directions."]


@given(*[st.lists(st.integers(0, 10**6), min_size=1, max_size=20)] * 2)
def test_the_sum_is_that_of_both_directions(there, back):
    found = read(feed(point(), series(there), series(back, at="2", flowDirection=19)), context())
    assert found.wh == sum(there) - sum(back)
    assert len(found.readings) == max(len(there), len(back))


def test_usage_points_are_told_apart_by_title_or_link():
    both = [point("7", title="M1"), series([1], "7"), point("M2"), series([2], "M2"), point("9"), series([3, 3], "9")]
    found = read(feed(*both), context("M1", "M2"))
    assert [(reading[1], reading[3]) for reading in found.readings] == [(1, 1), (2, 2)]
    assert found.unknown == {"9": 2}
    with_option = read(feed(*both), context("M1", "M2", "M3", meter="M3"))
    assert [(reading[1], reading[3]) for reading in with_option.readings] == [(1, 1), (2, 2), (3, 3), (3, 3)]
    with pytest.raises(UnreadableFile, match="holds 3 usage points, and --meter can name only one of them"):
        read(feed(*both), context("M1", meter="M1"))


def test_intervals_of_another_length_are_told_one_by_one():
    found = read(feed(point(), series([1, 2]), series([3], at="2", duration=1800)), context())
    assert found.wh == 3
    assert [(each.row, each.problem) for each in found.problems] == [
        (3, "lasts 30 minutes; the meter has intervals of 60")
    ]


def test_registers_are_read_at_the_end_of_their_time():
    found = read(feed(point(), series([100, 150], accumulationBehaviour=1, powerOfTenMultiplier=3)), context())
    assert [read[2:] for read in found.registers] == [(START + HOUR, 100_000), (START + 2 * HOUR, 150_000)]
    assert found.readings == []


def test_values_without_a_time_follow_each_other_from_the_start_of_their_block():
    block = f"<e:interval><e:duration>7200</e:duration><e:start>{START}</e:start></e:interval>"
    bare = "<e:IntervalReading><e:value>5</e:value></e:IntervalReading>" * 2
    entries = series([], intervalLength=HOUR).replace("<e:IntervalBlock>", f"<e:IntervalBlock>{block}{bare}")
    assert [each[2] for each in read(feed(point(), entries), context()).readings] == [START, START + HOUR]


def test_a_value_that_is_none_is_left_out_with_its_place():
    found = read(feed(point(), series([1, "x", "1_0", 2])), context())
    assert found.wh == 3
    assert [each.row for each in found.problems] == [2, 3]


def test_what_is_no_energy_is_named_and_not_used():
    others = series([9], at="2", uom=169) + series([9], at="3", uom=38, dataQualifier=8)
    found = read(feed(point(), series([1]), others), context())
    assert found.wh == 1
    assert len(found.notes) == 2
    assert "uom 169" in found.notes[0]


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([point(kind="1"), series([1])], "holds no energy of electricity"),
        ([point(), series([1], commodity=7)], "holds no energy of electricity"),
        ([point()], "holds no interval readings of Green Button"),
        ([point("A"), point("B"), series([1], "C")], "does not say to which usage point"),
        ([point(), series([1], uom="Wh")], "codes are no numbers"),
        ([], "holds no interval readings"),
    ],
)
def test_a_feed_without_use_is_refused(entries, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        read(feed(*entries), context(meter="M1"))


def exported(readings, number="M1", **options):
    stream = io.BytesIO()
    meter = ExportedMeter(number, 60, **options)
    write_green_button(stream, meter, readings, updated=datetime(2026, 5, 1, tzinfo=UTC))
    return stream.getvalue()


READINGS = st.dictionaries(
    st.integers(0, 500), st.tuples(st.integers(-(10**9), 10**9), st.sampled_from([MEASURED, CORRECTED, ESTIMATED])),
    min_size=1, max_size=60,
)  # fmt: skip


@given(READINGS, st.sampled_from(["M1", "A & <B>", "ä/ö 7", "x\x01y"]), st.booleans())
def test_what_is_written_is_read_back(slots, number, feeds_grid):
    rows = [(START + at * HOUR, *slots[at]) for at in sorted(slots)]
    found = read(exported(rows, number, feeds_grid=feeds_grid), context(number, meter=number))
    assert [reading[2:] for reading in found.readings] == rows


def test_the_file_names_its_meter():
    assert read(exported([(START, 5, 0)], "A & B"), context("A & B", "M2")).wh == 5


def test_the_same_readings_are_the_same_bytes():
    assert exported([(START, 5, 0)]) == exported([(START, 5, 0)])


def test_a_file_without_readings_is_well_formed():
    with pytest.raises(UnreadableFile, match="holds no interval readings"):
        read(exported([]), context())


def test_the_file_is_made_piece_by_piece():
    def endless():
        yield (START, 1, 0)
        yield (START + 30 * HOUR, 1, 0)
        pytest.fail("the first day is not given out before the second is read")

    pieces = green_button_lines(ExportedMeter("M1", 60), endless(), updated=datetime(2026, 5, 1, tzinfo=UTC))
    head = [next(pieces) for _ in range(5)]
    assert b"IntervalReading" in head[-1]


@here
def test_the_contents_of_the_file_are_valid_against_the_schema():
    etree = pytest.importorskip("lxml.etree")
    tree = etree.parse(str(SHARED / "espi_4.0_20231213.xsd"))
    for absent in tree.findall("{http://www.w3.org/2001/XMLSchema}import"):
        absent.getparent().remove(absent)  # of Atom, which no resource of ours uses
    schema = etree.XMLSchema(tree)
    rows = [(START + at * HOUR, at * 100 - 500, at % 3) for at in range(40)]
    document = etree.fromstring(exported(rows, feeds_grid=True))
    contents = document.findall(".//{http://www.w3.org/2005/Atom}content")
    assert len(contents) == 5
    for content in contents:
        schema.assertValid(etree.ElementTree(content[0]))
