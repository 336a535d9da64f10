"""manage.py import_meters: the utility's list, and the slips in it."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from meters.models import Feeder, Meter, MeterMap
from meters.services import map_meter
from meters.tests.helpers import ingest, slot, write
from tests.builder import make_distributor, make_meter, make_organization, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def distributor():
    return make_distributor()


@pytest.fixture
def run(distributor, tmp_path, capsys):
    def call(text, **options):
        call_command("import_meters", str(write(tmp_path / "meters.csv", text)), **options)
        return capsys.readouterr().out

    return call


LIST = (
    "meter,kind,nomination_kw,name,lat,lon,feeder,interval_minutes,exports\n"
    "M1,school,50,Hill School,40.7128001,-74.0060004,North,15,no\n"
    "M2,home,,,,,South,,yes\n"
)


def test_new_meters_are_created_with_everything_the_list_says(run):
    assert run(LIST) == "2 created, 0 updated, 0 unchanged.\n"
    first, second = Meter.objects.order_by("number")
    assert (first.usage_kind, first.contracted_kw, first.name) == ("school", Decimal(50), "Hill School")
    assert (first.latitude, first.longitude) == (Decimal("40.712800"), Decimal("-74.006000"))
    assert (first.feeder.name, first.interval_minutes, first.exports) == ("North", 15, False)
    assert (second.feeder.name, second.interval_minutes, second.exports) == ("South", 30, True)
    assert second.contracted_kw is None


def test_the_same_list_twice_changes_nothing(run):
    run(LIST)
    assert run(LIST) == "0 created, 0 updated, 2 unchanged.\n"
    assert Feeder.objects.count() == 2


def test_changed_power_is_shown_old_against_new(run):
    run("meter,kind,nomination_kw\nM1,school,50\nM2,home,4\n")
    out = run("meter,kind,nomination_kw\nM1,school,62.5\nM2,home,\n")
    assert out == (
        "Contracted power changes for 2 meters:\n  M1: 50 kW → 62.5 kW\n  M2: 4 kW → none\n"
        "0 created, 2 updated, 0 unchanged.\n"
    )


def power_list(values, first=1):
    rows = "".join(f"M{number:02},school,{value}\n" for number, value in enumerate(values, first))
    return f"meter,kind,nomination_kw\n{rows}"


@pytest.mark.parametrize(
    ("shifted", "neighbor", "rows"),
    [
        ([10, 20, 30, 50, 60, 70, 80, 90], "following", "Rows 5 to 8: 4 meters"),
        ([10, 20, 30, 30, 40, 50, 60, 70], "preceding", "Rows 5 to 9: 5 meters"),
    ],
)
def test_a_column_that_slipped_by_one_row_is_flagged(run, shifted, neighbor, rows):
    run(power_list([10, 20, 30, 40, 50, 60, 70, 80]))
    out = run(power_list(shifted))
    assert f"Look again. {rows} get the contracted power that the {neighbor} meter in the list had" in out


def test_ordinary_changes_are_not_flagged(run):
    run(power_list([10, 20, 30, 40, 40, 40, 40, 40]))
    assert "Look again" not in run(power_list([20, 25, 30, 45, 40, 40, 40, 40]))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("M3,school,many", "row 3, left out: M3 nomination_kw: “many” is not a number"),
        ("M3,school,-1", "row 3, left out: M3 nomination_kw: Ensure this value is greater than or equal to 0"),
        (",school,1", "row 3, left out: the meter is missing"),
        ("M1,school,1", "row 3, left out: M1 the meter is listed in row 2 already"),
        ("M3,school", "row 3, left out: has 2 values; the header has 3 columns"),
        (f"{'9' * 41},school,1", "meter: Ensure this value has at most 40 characters"),
    ],
)
def test_a_bad_row_is_left_out_with_its_number(run, row, sentence):
    out = run(f"meter,kind,nomination_kw\nM1,school,50\n{row}\nM4,home,1\n")
    assert sentence in out
    assert out.endswith("2 created, 0 updated, 0 unchanged, 1 rows left out.\n")
    assert list(Meter.objects.values_list("number", flat=True)) == ["M1", "M4"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("M1,,,7,", "Intervals have 1, 5, 10, 15, 30 or 60 minutes"),
        ("M1,95,0,30,", "lat: Ensure this value is less than or equal to 90"),
        ("M1,,,30,perhaps", "exports is yes or no, not “perhaps”"),
    ],
)
def test_values_that_no_meter_has_are_left_out(run, row, sentence):
    assert sentence in run(f"meter,lat,lon,interval_minutes,exports\n{row}\n")
    assert not Meter.objects.exists()


def test_the_interval_of_a_meter_with_readings_stays(run, distributor):
    meter = make_meter(distributor, "M1")
    ingest(meter, (slot(0), 1))
    out = run("meter,interval_minutes\nM1,15\n")
    assert "row 2, left out: M1 it has readings of 30 minutes, so its interval cannot change" in out
    meter.refresh_from_db()
    assert meter.interval_minutes == 30


def test_an_organization_gets_the_meters_once(run, distributor):
    organization = make_organization(distributor, "Schools")
    text = "meter,kind\nM1,school\nM2,school\n"
    assert run(text, organization="Schools").endswith("2 given to Schools.\n")
    assert run(text, organization="Schools").endswith("0 given to Schools.\n")
    assert MeterMap.objects.filter(entity_id=organization.pk, valid_to=None).count() == 2


def test_what_was_read_before_an_organization_got_an_older_meter_stays_private(run, distributor):
    organization, meter = make_organization(distributor, "Schools"), make_meter(distributor, "M1")
    resident = make_user(distributor)
    map_meter(meter=meter, holder=resident, valid_from=slot(0))
    run("meter,kind\nM1,school\n", organization="Schools")
    assert MeterMap.objects.get(entity_id=organization.pk).valid_from > slot(1)


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("", {}, "is empty"),
        ("meter,kind\n", {}, "lists no meters"),
        ("number,kind\n1,2\n", {}, "has no column “meter”"),
        ("meter,color\nM1,red\n", {}, "has a column “color” that is not known"),
        ("meter\nM1\n", {"organization": "Nobody"}, "There is no organization “Nobody”"),
        ("meter\nM1\n", {"distributor": "Nobody"}, "There is no distributor “Nobody”"),
    ],
)
def test_a_list_that_cannot_be_used_changes_nothing(run, text, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(text, **options)
    assert not Meter.objects.exists()


def test_meters_of_another_distributor_are_not_touched(run, distributor):
    stranger = make_meter(make_distributor("Other"), "M1", usage_kind="home")
    run("meter,kind\nM1,school\n", distributor=distributor.name)
    stranger.refresh_from_db()
    assert stranger.usage_kind == "home"
    assert Meter.objects.filter(number="M1").count() == 2
