"""The import of a real program, to the watt-hour."""

import csv
import gzip
import os
from datetime import UTC
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import Count, Sum
from lxml import etree

from meters.formats import Context, KnownMeter, Lines, format_of
from meters.models import IntervalReading, Meter, ReadingRevision
from tests.builder import make_distributor, make_meter

SHARED = Path(os.environ.get("DRPORTAL_SHARED_DATA", settings.BASE_DIR.parent / "shared" / "data"))
FOLDER = SHARED / "vec2021"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the validation data are not here"),
]

HOMES = ("cl22_8homes", "swiss_537hh_15min_7w_evenids", "swiss_537hh_hourly_7w_evenids")


@pytest.fixture
def distributor():
    distributor = make_distributor(timezone="America/New_York")
    call_command("import_meters", str(FOLDER / "meters.csv"))
    return distributor


def totals_of_the_files() -> dict[bool, dict[str, int]]:
    """Rows, Wh and meters, apart for the homes' sum (True) and for all others."""
    found = {is_homes: {"rows": 0, "wh": 0, "meters": set()} for is_homes in (True, False)}
    with gzip.open(FOLDER / "readings.csv.gz", "rt", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            total = found[row["meter"] == "RESIDENTIAL"]
            total["rows"] += 1
            total["wh"] += int(Decimal(row["kwh"]) * 1000)
            total["meters"].add(row["meter"])
    return {is_homes: total | {"meters": len(total["meters"])} for is_homes, total in found.items()}


def test_every_reading_of_the_program_comes_in_once(distributor, capsys):
    file = str(FOLDER / "readings.csv.gz")
    make_meter(distributor, "RESIDENTIAL")
    call_command("import_readings", file, strict=True)
    homes = IntervalReading.objects.filter(meter__number="RESIDENTIAL")
    others = IntervalReading.objects.exclude(meter__number="RESIDENTIAL")
    sums = {"rows": Count("*"), "wh": Sum("energy_wh"), "meters": Count("meter", distinct=True)}
    totals = totals_of_the_files()
    assert homes.aggregate(**sums) == totals[True]
    assert others.aggregate(**sums) == totals[False]
    assert totals[False]["rows"] > 0 < totals[True]["rows"]
    count = sum(total["rows"] for total in totals.values())
    capsys.readouterr()
    call_command("import_readings", file)
    assert capsys.readouterr().out == f"Nothing new: {count:,} readings are stored already.\n"
    assert not ReadingRevision.objects.exists()


def test_a_meter_that_is_not_listed_is_one_line_with_its_rows(distributor, capsys):
    with (FOLDER / "meters.csv").open(encoding="utf-8") as stream:
        assert Meter.objects.filter(distributor=distributor).count() == sum(1 for _ in csv.DictReader(stream))
    rows = f"{totals_of_the_files()[True]['rows']:,} rows"
    capsys.readouterr()
    call_command("import_readings", str(FOLDER / "readings.csv.gz"), dry_run=True)
    out = capsys.readouterr().out
    assert f"{rows} left out:\n  RESIDENTIAL: there is no such meter ({rows})\n" in out
    assert not IntervalReading.objects.exists()


def test_nine_days_of_green_button_come_in_to_the_watt_hour(capsys):
    home = make_meter(make_distributor(), "HOME", interval_minutes=60)
    file = SHARED / "greenbutton" / "TestGBDataHourlyNineDaysBinnedDaily.xml"
    values = [int(each.text) for each in etree.parse(file).iterfind(".//{*}IntervalReading/{*}value")]
    call_command("import_readings", str(file), meter="HOME")
    assert IntervalReading.objects.filter(meter=home).aggregate(wh=Sum("energy_wh"), rows=Count("*")) == {
        "wh": sum(values),
        "rows": len(values),
    }


@pytest.mark.parametrize("name", HOMES)
def test_the_forecast_homes_come_in_with_the_sum_of_their_rounded_values(name, tmp_path):
    table = pl.read_parquet(SHARED / "forecast" / f"{name}.parquet")
    homes = [column for column in table.columns if not column.startswith("__")]
    starts = table["__index_level_0__"].dt.to_string("%Y-%m-%dT%H:%MZ").alias("start")
    file = tmp_path / "homes.csv"
    table.select(starts, *homes).write_csv(file)
    numbers = {home: KnownMeter(at, UTC, 60) for at, home in enumerate(homes)}
    lines = Lines(file)
    batches = list(format_of(lines).read(lines, Context(numbers)))
    cells = [cell for row in csv.reader(file.open(encoding="utf-8")) for cell in row[1:] if cell][len(homes) :]
    exact = sum(int((Decimal(cell) * 1000).quantize(Decimal(1), ROUND_HALF_UP)) for cell in cells)
    assert sum(int(batch.energies_wh.sum()) for batch in batches) == exact
    assert sum(map(len, batches)) == len(cells)
    assert not any(batch.problems or batch.unknown for batch in batches)
