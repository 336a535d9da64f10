"""Closed months of readings into files, out of the database, and back."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from django.db import transaction
from django.db.models import F, Min
from django.utils import timezone

from meters.errors import ArchiveRefused
from meters.models import ArchivedMonth, IntervalReading, Meter, RollupMark
from meters.services.archive.files import Manifest, MonthWriter, Part, read_manifest, read_parts
from meters.services.archive.removed import month_span
from meters.services.archive.tables import TABLES, count_rows, delete_rows, frame_of, insert_frame
from meters.services.rollups import mark_spans
from organizations.models import Distributor

# Late readings of a month still come in for some days.
CLOSED_AFTER = timedelta(days=5)
# 200 quarter-hour meters have 600,000 readings a month: some 150 MB while they are read.
_METERS = 200

Progress = Callable[[int, int], None]


def folder_of(root: Path, distributor: Distributor, month: date) -> Path:
    """Where a month is kept."""
    return root / str(distributor.pk) / f"{month:%Y-%m}"


def closed_months(*, distributor: Distributor) -> list[date]:
    """The months with readings in the database that are over long enough, earliest first."""
    readings = IntervalReading.objects.filter(meter__distributor=distributor)
    # Per meter the first is one look into the key; over all meters it would be a walk over every reading.
    firsts = [first for meters in _all(distributor) for first in _first_starts(meters)]
    months: list[date] = []
    month = min(firsts).date().replace(day=1) if firsts else None
    while month is not None and _is_closed(month):
        span = month_span(month)
        following = datetime.fromtimestamp(span.end, UTC)
        if readings.filter(start__gte=datetime.fromtimestamp(span.start, UTC), start__lt=following).exists():
            months.append(month)
        month = following.date()
    return months


def archive_month(
    *, distributor: Distributor, month: date, root: Path, progress: Progress | None = None
) -> ArchivedMonth:
    """Writes one month's readings and predictions to files; a month that was archived is written anew.

    Raises:
        ArchiveRefused: The month is not over long enough, has no readings, or is in the files alone.
    """
    if not _is_closed(month):
        raise ArchiveRefused(f"{month:%Y-%m} is not closed: readings may come until {_closed_at(month):%Y-%m-%d}.")
    known = ArchivedMonth.objects.filter(distributor=distributor, month=month).first()
    if known is not None and known.removed_at is not None:
        raise ArchiveRefused(f"{month:%Y-%m} is in the files alone; restore it before it is archived anew.")
    manifest = Manifest(distributor.name, f"{month:%Y-%m}", timezone.now().isoformat(timespec="seconds"))
    writer = MonthWriter(folder_of(root, distributor, month), manifest)
    try:
        for number, (meters, total) in enumerate(_chunks(distributor), start=1):
            for table in TABLES:
                writer.add(table, frame_of(table, meters, month_span(month)))
            if progress:
                progress(min(number * _METERS, total), total)
        if not manifest.count("readings"):
            raise ArchiveRefused(f"There are no readings in {month:%Y-%m}.")
        values = {"rows": manifest.count("readings"), "energy_wh": manifest.energy_wh, "archived_at": timezone.now()}
        values["manifest_sha256"] = writer.finish()
    finally:
        writer.abandon()
    return ArchivedMonth.objects.update_or_create(distributor=distributor, month=month, defaults=values)[0]


def verify_month(*, archived: ArchivedMonth, root: Path) -> Manifest:
    """The manifest of a month whose files are whole and say what the database says, if it has the month.

    Raises:
        ArchiveRefused: A file is missing or damaged, or the database has changed since.
    """
    manifest = _manifest_of(archived, root)
    folder = folder_of(root, archived.distributor, archived.month)
    for part, frame in read_parts(folder, manifest):
        if archived.removed_at is None and not _stored(part, frame, archived).equals(frame):
            raise ArchiveRefused(f"{archived} has changed since it was archived. Archive it again.")
    if archived.removed_at is None and _counts(archived) != [manifest.count(table) for table in TABLES]:
        raise ArchiveRefused(f"{archived} has changed since it was archived. Archive it again.")
    return manifest


def remove_month(*, archived: ArchivedMonth, root: Path) -> int:
    """How many readings of an archived month were taken out of the database, after every file was compared.

    What was begun and broken off goes on from there.

    Raises:
        ArchiveRefused: Files and database differ, or sums of the month are still to be made.
    """
    if archived.removed_at is None:
        span = [datetime.fromtimestamp(each, UTC) for each in month_span(archived.month)]
        if RollupMark.objects.filter(distributor=archived.distributor, start__lt=span[1], end__gt=span[0]).exists():
            raise ArchiveRefused(f"The sums of {archived} are still being made. Try again in a minute.")
        verify_month(archived=archived, root=root)
        # From here on no reading of the month is taken in.
        archived.removed_at = timezone.now()
        archived.save(update_fields=["removed_at"])
    folder, removed = folder_of(root, archived.distributor, archived.month), 0
    for part, frame in read_parts(folder, _manifest_of(archived, root)):
        removed += _remove_part(part, frame, archived)
    return removed


def restore_month(*, archived: ArchivedMonth, root: Path) -> tuple[int, int]:
    """How many readings and predictions were put back; what is in the database already stays as it is.

    Raises:
        ArchiveRefused: A file is missing or damaged, or speaks of a meter that there is not.
    """
    folder = folder_of(root, archived.distributor, archived.month)
    counts = dict.fromkeys(TABLES, 0)
    for part, frame in read_parts(folder, _manifest_of(archived, root)):
        ids = frame["meter_id"].unique().sort().to_list()
        with transaction.atomic():
            locked = list(_locked(archived.distributor, ids))
            if locked != ids:
                raise ArchiveRefused(f"{folder / part.name} has readings of meters that are no longer here.")
            counts[part.table] += insert_frame(part.table, frame)
            # What was asked for while the month was away could not be summed.
            span = month_span(archived.month)
            spans = [(meter_id, span.start, span.end) for meter_id in ids]
            mark_spans(distributor_id=archived.distributor_id, spans=spans)
            Meter.objects.filter(pk__in=ids).update(data_version=F("data_version") + 1)
    ArchivedMonth.objects.filter(pk=archived.pk).update(removed_at=None)
    return counts["readings"], counts["predictions"]


def _remove_part(part: Part, frame: pl.DataFrame, archived: ArchivedMonth) -> int:
    ids = frame["meter_id"].unique().sort().to_list()
    with transaction.atomic():
        list(_locked(archived.distributor, ids))
        stored = _stored(part, frame, archived)
        if stored.height and not stored.equals(frame):
            raise ArchiveRefused(f"{archived} was changed while it was removed. Restore it, and archive it again.")
        count = delete_rows(part.table, ids, month_span(archived.month)) if stored.height else 0
        Meter.objects.filter(pk__in=ids).update(data_version=F("data_version") + 1)
    return count if part.table == "readings" else 0


def _manifest_of(archived: ArchivedMonth, root: Path) -> Manifest:
    return read_manifest(folder_of(root, archived.distributor, archived.month), archived.manifest_sha256)


def _stored(part: Part, frame: pl.DataFrame, archived: ArchivedMonth) -> pl.DataFrame:
    """What the database has of the part's meters, under the numbers of the file: a number may change."""
    numbers = dict(frame.select("meter_id", "meter").unique().iter_rows())
    return frame_of(part.table, numbers, month_span(archived.month))


def _locked(distributor: Distributor, ids: list[int]) -> list[int]:
    own = Meter.objects.filter(distributor=distributor, pk__in=ids).order_by("pk")
    return list(own.select_for_update().values_list("pk", flat=True))


def _counts(archived: ArchivedMonth) -> list[int]:
    """Rows of the month in the database, by table."""
    span = month_span(archived.month)
    return [sum(count_rows(table, meters, span) for meters in _all(archived.distributor)) for table in TABLES]


def _first_starts(meters: dict[int, str]) -> list[datetime]:
    rows = IntervalReading.objects.filter(meter_id__in=meters).order_by().values("meter_id")
    return list(rows.annotate(first=Min("start")).values_list("first", flat=True))


def _all(distributor: Distributor) -> Iterator[dict[int, str]]:
    for meters, _total in _chunks(distributor):
        yield meters


def _chunks(distributor: Distributor) -> Iterator[tuple[dict[int, str], int]]:
    meters = list(Meter.objects.filter(distributor=distributor).order_by("pk").values_list("pk", "number"))
    for start in range(0, len(meters), _METERS):
        yield dict(meters[start : start + _METERS]), len(meters)


def _is_closed(month: date) -> bool:
    return _closed_at(month) <= timezone.now()


def _closed_at(month: date) -> datetime:
    return datetime.fromtimestamp(month_span(month).end, UTC) + CLOSED_AFTER
