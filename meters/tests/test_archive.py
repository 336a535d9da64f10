"""Closed months in files: written, compared, removed, put back."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from meters.errors import ArchiveRefused, ImportRefused
from meters.models import (
    ArchivedMonth,
    DailyEnergy,
    HourlyEnergy,
    IntervalReading,
    Meter,
    Prediction,
    QualityHit,
    RollupMark,
    ScopeHour,
)
from meters.services import Predictions, Readings, ingest_readings, put_predictions, undo_batch_readings
from meters.services.archive.months import (
    archive_month,
    closed_months,
    folder_of,
    remove_month,
    restore_month,
    verify_month,
)
from meters.services.archive.removed import removed_spans
from meters.services.quality import check_quality
from meters.services.rollups import check_rollups, rebuild_rollups, refresh_rollups
from meters.tests.helpers import make_batch
from organizations.models import Distributor
from tests.builder import make_distributor, make_meter

MARCH = date(2025, 3, 1)
FIRST = datetime(2025, 2, 27, tzinfo=UTC)
DAYS = 40
READING = ("meter_id", "start", "energy_wh", "predicted_wh", "quality")

pytestmark = pytest.mark.django_db


@pytest.fixture
def distributor() -> Distributor:
    """Two half-hour meters with readings from the end of February into April, some of them predicted."""
    own = make_distributor(timezone="UTC")
    for meter in (make_meter(own, "one"), make_meter(own, "two")):
        _predict(meter, datetime(2025, 3, 5, tzinfo=UTC))
        rows = [(meter.pk, FIRST + number * timedelta(minutes=30), meter.pk + number) for number in range(DAYS * 48)]
        ingest_readings(distributor=own, readings=Readings.of(rows), source="test")
    RollupMark.objects.all().delete()
    return own


def _predict(meter: Meter, day: datetime) -> None:
    starts = [int((day + number * timedelta(minutes=30)).timestamp()) for number in range(48)]
    columns = {"meter_ids": [meter.pk] * 48, "starts": starts, "wh": [500] * 48}
    bands = {"lower_wh": [400] * 48, "upper_wh": [600] * 48}
    issued = day - timedelta(hours=1, microseconds=5)
    put_predictions(forecast_number=1, issued_at=issued, predictions=Predictions(**columns, **bands))  # type: ignore[arg-type]  # as the dict above says


def _state() -> tuple[list[object], list[object]]:
    predictions = Prediction.objects.order_by("meter_id", "start").values_list("meter_id", "start", "wh", "issued_at")
    return list(IntervalReading.objects.order_by("meter_id", "start").values_list(*READING)), list(predictions)


def test_only_months_that_are_over_and_have_readings_are_closed(distributor: Distributor) -> None:
    assert closed_months(distributor=distributor) == [date(2025, 2, 1), MARCH, date(2025, 4, 1)]
    with pytest.raises(ArchiveRefused, match="is not closed"):
        archive_month(distributor=distributor, month=timezone.now().date().replace(day=1), root=Path("nowhere"))


def test_a_month_is_written_with_its_sums_and_can_be_read_by_others(distributor: Distributor, tmp_path: Path) -> None:
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    frame = pl.read_parquet(folder_of(tmp_path, distributor, MARCH) / "readings-*.parquet")
    stored = IntervalReading.objects.filter(start__year=2025, start__month=3)
    assert archived.rows == frame.height == stored.count() == 2 * 31 * 48
    assert archived.energy_wh == frame["energy_wh"].sum() == sum(stored.values_list("energy_wh", flat=True))
    assert set(frame["meter"]) == {"one", "two"}
    verify_month(archived=archived, root=tmp_path)


def test_what_was_removed_comes_back_exactly_and_the_rest_never_left(distributor: Distributor, tmp_path: Path) -> None:
    before = _state()
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    assert remove_month(archived=archived, root=tmp_path) == archived.rows
    assert not IntervalReading.objects.filter(start__year=2025, start__month=3).exists()
    assert not Prediction.objects.filter(start__year=2025, start__month=3).exists()
    assert IntervalReading.objects.count() == len(before[0]) - archived.rows
    assert len(removed_spans(distributor_id=distributor.pk)) == 1
    assert restore_month(archived=archived, root=tmp_path) == (archived.rows, 96)
    assert _state() == before
    assert removed_spans(distributor_id=distributor.pk) == []


def test_readings_of_a_removed_month_are_refused_until_it_is_back(distributor: Distributor, tmp_path: Path) -> None:
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    remove_month(archived=archived, root=tmp_path)
    meter = Meter.objects.get(number="one")
    late = Readings.of([(meter.pk, datetime(2025, 3, 9, 12, tzinfo=UTC), 7)])
    refused = ingest_readings(distributor=distributor, readings=late, source="late")
    assert (refused.new, refused.refused) == (0, 1)
    assert "archived" in refused.problems[0].problem
    restore_month(archived=ArchivedMonth.objects.get(), root=tmp_path)
    assert ingest_readings(distributor=distributor, readings=late, source="late").corrected == 1


def test_nothing_is_removed_that_differs_from_the_files(distributor: Distributor, tmp_path: Path) -> None:
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    meter = Meter.objects.get(number="two")
    late = Readings.of([(meter.pk, datetime(2025, 3, 9, 12, tzinfo=UTC), 7)])
    ingest_readings(distributor=distributor, readings=late, source="late")
    with pytest.raises(ArchiveRefused, match="still being made"):
        remove_month(archived=archived, root=tmp_path)
    RollupMark.objects.all().delete()
    with pytest.raises(ArchiveRefused, match="has changed since"):
        remove_month(archived=archived, root=tmp_path)
    assert IntervalReading.objects.filter(start__year=2025, start__month=3).count() == archived.rows


def test_a_meter_that_came_later_is_missed_in_the_files(distributor: Distributor, tmp_path: Path) -> None:
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    third = make_meter(distributor, "three")
    rows = Readings.of([(third.pk, datetime(2025, 3, 9, 12, tzinfo=UTC), 7)])
    ingest_readings(distributor=distributor, readings=rows, source="late")
    with pytest.raises(ArchiveRefused, match="has changed since"):
        verify_month(archived=archived, root=tmp_path)


@pytest.mark.parametrize("harm", ["flip", "drop", "manifest", "other manifest"])
def test_damage_is_found_before_anything_is_removed(distributor: Distributor, tmp_path: Path, harm: str) -> None:
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    folder = folder_of(tmp_path, distributor, MARCH)
    part, manifest = folder / "readings-00001.parquet", folder / "manifest.json"
    if harm == "flip":
        content = bytearray(part.read_bytes())
        content[len(content) // 2] ^= 1
        part.write_bytes(content)
    elif harm == "drop":
        part.unlink()
    elif harm == "manifest":
        manifest.write_text("{")
    else:
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"month": "2025-04"}))
    before = _state()
    for work in (remove_month, restore_month, verify_month):
        with pytest.raises(ArchiveRefused):
            work(archived=archived, root=tmp_path)
    assert _state() == before


def test_a_removal_that_was_broken_off_goes_on(distributor: Distributor, tmp_path: Path) -> None:
    before = _state()
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    # As a killed process leaves it: marked, and one table gone.
    ArchivedMonth.objects.update(removed_at=timezone.now())
    IntervalReading.objects.filter(start__year=2025, start__month=3).delete()
    archived.refresh_from_db()
    assert remove_month(archived=archived, root=tmp_path) == 0
    assert not Prediction.objects.filter(start__year=2025, start__month=3).exists()
    restore_month(archived=archived, root=tmp_path)
    assert _state() == before


def test_a_month_that_is_only_in_files_is_not_archived_anew(distributor: Distributor, tmp_path: Path) -> None:
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    remove_month(archived=archived, root=tmp_path)
    with pytest.raises(ArchiveRefused, match="restore it"):
        archive_month(distributor=distributor, month=MARCH, root=tmp_path)


def test_a_failed_archiving_leaves_nothing(distributor: Distributor, tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="no readings"):
        archive_month(distributor=distributor, month=date(2024, 1, 1), root=tmp_path)
    assert not ArchivedMonth.objects.exists()
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_neighbor_is_left_alone(distributor: Distributor, tmp_path: Path) -> None:
    other = make_distributor("Neighbor", timezone="UTC")
    theirs = make_meter(other, "one")
    rows = Readings.of([(theirs.pk, datetime(2025, 3, 9, 12, tzinfo=UTC), 7)])
    ingest_readings(distributor=other, readings=rows, source="test")
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    remove_month(archived=archived, root=tmp_path)
    assert IntervalReading.objects.filter(meter=theirs).count() == 1


def test_the_command_archives_lists_removes_verifies_and_restores(distributor: Distributor, tmp_path: Path) -> None:
    before = _state()

    def run(*options: str) -> str:
        out = StringIO()
        call_command("archive_readings", "--folder", str(tmp_path), *options, stdout=out)
        return out.getvalue()

    assert "2025-03: 2,976 readings" in run()
    assert "Nothing to archive" in run()
    assert "removed from the database" in run("--keep-months", "3")
    assert "in the files alone" in run("--list")
    assert "whole" in run("--verify")
    assert "put back" in run("--restore", "--month", "2025-02", "--month", "2025-03", "--month", "2025-04")
    assert _state() == before
    with pytest.raises(CommandError, match="at least 3"):
        run("--keep-months", "1")
    with pytest.raises(CommandError, match="Say which month"):
        run("--restore")


def _sums() -> list[list[dict[str, Any]]]:
    return [list(model.objects.order_by("pk").values()) for model in (HourlyEnergy, DailyEnergy, ScopeHour)]


def test_sums_of_a_removed_month_stay_through_a_rebuild(distributor: Distributor, tmp_path: Path) -> None:
    rebuild_rollups(distributor=distributor)
    before = _sums()
    remove_month(archived=archive_month(distributor=distributor, month=MARCH, root=tmp_path), root=tmp_path)
    rebuild_rollups(distributor=distributor)
    assert _sums() == before
    assert all(before)
    assert check_rollups(distributor=distributor).differing == 0


def test_what_is_back_is_summed_again(distributor: Distributor, tmp_path: Path) -> None:
    rebuild_rollups(distributor=distributor)
    before = _sums()
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    remove_month(archived=archived, root=tmp_path)
    HourlyEnergy.objects.update(energy_wh=0)
    restore_month(archived=archived, root=tmp_path)
    refresh_rollups(distributor=distributor)
    assert _sums()[0][100] == before[0][100]


@pytest.mark.parametrize("changes", [True, False])
def test_an_import_with_archived_readings_cannot_be_undone(
    distributor: Distributor, tmp_path: Path, changes: bool
) -> None:
    start = datetime(2025, 3, 3, tzinfo=UTC)
    meter, batch = Meter.objects.get(number="one"), make_batch(distributor)
    if not changes:
        IntervalReading.objects.filter(meter=meter, start=start).delete()
    rows = [(meter.pk, start, 7), (meter.pk, datetime(2025, 4, 2, tzinfo=UTC), 7)]
    ingest_readings(distributor=distributor, readings=Readings.of(rows), source="test", batch=batch)
    refresh_rollups(distributor=distributor)
    archived = archive_month(distributor=distributor, month=MARCH, root=tmp_path)
    remove_month(archived=archived, root=tmp_path)
    with pytest.raises(ImportRefused, match="2025-03 are archived"):
        undo_batch_readings(batch=batch)
    assert IntervalReading.objects.get(meter=meter, start=rows[1][1]).energy_wh == 7
    restore_month(archived=archived, root=tmp_path)
    result = undo_batch_readings(batch=batch)
    assert (result.removed + result.restored, result.kept) == (2, 0)


def test_readings_of_a_removed_month_are_not_missing(distributor: Distributor, tmp_path: Path) -> None:
    refresh_rollups(distributor=distributor)
    remove_month(archived=archive_month(distributor=distributor, month=MARCH, root=tmp_path), root=tmp_path)
    IntervalReading.objects.filter(start=datetime(2025, 4, 2, tzinfo=UTC)).delete()
    check_quality(distributor=distributor, start=FIRST, end=FIRST + DAYS * timedelta(days=1))
    hits = QualityHit.objects.filter(meter__number="one").values_list("rule", "start", "slots")
    assert list(hits) == [("gap", datetime(2025, 4, 2, tzinfo=UTC), 1)]
