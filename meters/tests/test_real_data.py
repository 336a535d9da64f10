"""The import of a real program, to the watt-hour."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import Count, Sum

from meters.models import IntervalReading, Meter, ReadingRevision
from tests.builder import make_distributor, make_meter

SHARED = Path(os.environ.get("DRPORTAL_SHARED_DATA", settings.BASE_DIR.parent / "shared" / "data"))
FOLDER = SHARED / "vec2021"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the validation data are not here"),
]


@pytest.fixture
def distributor():
    distributor = make_distributor(timezone="America/New_York")
    call_command("import_meters", str(FOLDER / "meters.csv"))
    return distributor


def test_every_reading_of_the_program_comes_in_once(distributor, capsys):
    file = str(FOLDER / "readings.csv.gz")
    make_meter(distributor, "RESIDENTIAL")
    call_command("import_readings", file, strict=True)
    homes = IntervalReading.objects.filter(meter__number="RESIDENTIAL")
    others = IntervalReading.objects.exclude(meter__number="RESIDENTIAL")
    sums = {"rows": Count("*"), "wh": Sum("energy_wh"), "meters": Count("meter", distinct=True)}
    assert others.aggregate(**sums) == {"rows": 242_352, "wh": 18_696_831_085, "meters": 51}
    assert homes.aggregate(**sums) == {"rows": 4_752, "wh": 271_164_399_854, "meters": 1}
    capsys.readouterr()
    call_command("import_readings", file)
    assert capsys.readouterr().out == "Nothing new: 247,104 readings are stored already.\n"
    assert not ReadingRevision.objects.exists()


def test_a_meter_that_is_not_listed_is_one_line_with_its_rows(distributor, capsys):
    assert Meter.objects.filter(distributor=distributor).count() == 55
    capsys.readouterr()
    call_command("import_readings", str(FOLDER / "readings.csv.gz"), dry_run=True)
    out = capsys.readouterr().out
    assert "4,752 rows left out:\n  RESIDENTIAL: there is no such meter (4,752 rows)\n" in out
    assert not IntervalReading.objects.exists()
