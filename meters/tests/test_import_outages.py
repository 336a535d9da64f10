"""Outages from a file: by the command, and what each row may be."""

import csv
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from meters.models import Exclusion, Feeder, Meter
from meters.services import OutageFile, import_outages
from meters.tests.helpers import write
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db
HEAD = "meter,feeder,start,end,kind,note"


@pytest.fixture
def distributor():
    distributor = make_distributor("North", timezone="America/New_York")
    make_meter(distributor, "A1", zone_name="Europe/Athens")
    make_meter(distributor, "B2")
    Feeder.objects.create(distributor=distributor, name="East")
    return distributor


@pytest.fixture
def run(tmp_path, capsys, distributor):
    def run(*lines, head=HEAD, **options):
        path = write(tmp_path / "outages.csv", "\n".join([head, *lines, ""]))
        call_command("import_outages", str(path), **options)
        return capsys.readouterr().out

    return run


def stored():
    rows = Exclusion.objects.order_by("start", "pk").values_list(
        "meter__number", "feeder__name", "start", "end", "kind", "note", "source"
    )
    return list(rows)


def test_each_row_counts_on_its_own_clock(run):
    said = run(
        "A1,,2024-07-01T12:00,2024-07-01T14:00,outage,storm",
        ",East,2024-07-01T12:00,2024-07-02T00:00,,",
        "B2,,2024-07-03T12:00Z,2024-07-03T13:00+00:00,Idle,",
    )
    assert said == "3 stored, 0 known already, 0 left out.\n"
    day = datetime(2024, 7, 1, tzinfo=UTC)
    assert stored() == [
        ("A1", None, day.replace(hour=9), day.replace(hour=11), "outage", "storm", "import"),
        (None, "East", day.replace(hour=16), day.replace(day=2, hour=4), "outage", "", "import"),
        ("B2", None, day.replace(day=3, hour=12), day.replace(day=3, hour=13), "idle", "", "import"),
    ]


def test_a_zone_that_is_named_is_that_of_every_time_without_one(run):
    run("A1,,2024-07-01T12:00,2024-07-01T14:00,,", timezone="UTC")
    assert stored()[0][2] == datetime(2024, 7, 1, 12, tzinfo=UTC)


def test_the_same_file_twice_is_once(run):
    rows = ["A1,,2024-07-01T12:00,2024-07-01T14:00,,", ",East,2024-07-01T12:00,2024-07-01T14:00,test,"]
    run(*rows)
    versions = list(Meter.objects.values_list("data_version", flat=True))
    assert run(*rows) == "0 stored, 2 known already, 0 left out.\n"
    assert Exclusion.objects.count() == 2
    assert list(Meter.objects.values_list("data_version", flat=True)) == versions


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A9,,2024-07-01T12:00,2024-07-01T14:00,,", "there is no meter of this name"),
        (",West,2024-07-01T12:00,2024-07-01T14:00,,", "there is no feeder of this name"),
        ("A1,East,2024-07-01T12:00,2024-07-01T14:00,,", "a row names a meter or a feeder, and not both"),
        (",,2024-07-01T12:00,2024-07-01T14:00,,", "the meter is missing"),
        ("A1,,2024-07-01T14:00,2024-07-01T14:00,,", "The end must be after the start"),
        ("A1,,2024-07-01T14:00,2034-07-01T14:00,,", "This is longer than five years; is the year right?"),
        ("A1,,1024-07-01T14:00,1024-07-01T15:00,,", "This year cannot be right"),
        ("A1,,2024-07-01T12:00,2024-07-01T14:00,event,", "“event” is no kind; write outage, idle, test"),
        ("A1,,2024-07-01T12:00,2024-07-01T14:00,party,", "“party” is no kind; write outage, idle, test"),
        ("A1,,2024-07-01,2024-07-02,,", "has no time of day"),
        ("A1,,,2024-07-02T12:00,,", "the time is empty"),
        ("B2,,2024-03-10T02:30,2024-03-10T04:00,,", "2024-03-10"),
        ("B2,,2024-11-03T01:30,2024-11-03T04:00,,", "2024-11-03"),
        ("A1,,2024-07-01T12:00", "has 3 values; the header has 6 columns"),
        (f"A1,,2024-07-01T12:00,2024-07-01T14:00,,{'x' * 201}", "the note is longer than 200 characters"),
    ],
)
def test_a_row_that_cannot_be_used_is_left_out_and_told(run, row, problem):
    said = run(row, "B2,,2024-07-01T12:00,2024-07-01T14:00,,")
    assert "row 2" in said
    assert problem in said
    assert said.endswith("1 stored, 0 known already, 1 left out.\n")
    assert [row[0] for row in stored()] == ["B2"]


def test_a_row_that_repeats_another_is_told(run):
    row = "A1,,2024-07-01T12:00,2024-07-01T14:00,,"
    assert "row 3 (A1 2024-07-01T12:00): row 2 says the same already" in run(row, row)


def test_strictly_one_bad_row_stores_nothing(run, tmp_path):
    errors = tmp_path / "errors.csv"
    rows = ["A1,,2024-07-01T12:00,2024-07-01T14:00,,", "=A9,,2024-07-01T12:00,2024-07-01T14:00,,"]
    with pytest.raises(CommandError, match="1 rows cannot be used, so nothing was stored"):
        run(*rows, strict=True, errors=str(errors))
    assert stored() == []
    written = list(csv.reader(errors.open()))
    assert written == [
        ["row", "meter", "start", "problem"],
        ["3", "'=A9", "2024-07-01T12:00", "there is no meter of this name"],
    ]


def test_a_dry_run_counts_and_stores_nothing(run):
    assert run("A1,,2024-07-01T12:00,2024-07-01T14:00,,", dry_run=True).startswith("1 would be stored")
    assert stored() == []
    assert not AuditEntry.objects.filter(act="exclusion.import").exists()


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("meter,start", "has no column “end”"),
        ("start,end", "has neither a column “meter” nor “feeder”"),
        ("meter,start,end,why", "has a column “why” that is not known"),
        ("meter,start,end,end", "two columns"),
    ],
)
def test_a_header_that_lacks_something_is_refused(run, head, problem):
    with pytest.raises(CommandError, match=problem):
        run("A1,2024-07-01T12:00", head=head)


def test_a_file_without_rows_is_refused(run, tmp_path):
    with pytest.raises(CommandError, match="lists no outages"):
        run()
    with pytest.raises(CommandError, match="is no time zone"):
        run(timezone="Mars")


def test_a_meter_of_another_distributor_does_not_exist(run, distributor):
    make_meter(make_distributor("South"), "C3")
    said = run("C3,,2024-07-01T12:00,2024-07-01T14:00,,", distributor="North")
    assert "there is no meter of this name" in said
    assert stored() == []


def test_the_import_stands_in_the_history_with_who_did_it(tmp_path, distributor):
    rows = [f"A1,,2024-07-01T12:{minute:02},2024-07-01T14:00,," for minute in range(60)]
    path = write(tmp_path / "outages.csv", "\n".join([HEAD, *rows]))
    report = import_outages(distributor=distributor, file=OutageFile(path))
    assert (report.new, AuditEntry.objects.get(act="exclusion.import").additional_data) == (
        60,
        {"file": "outages.csv", "new": 60},
    )
