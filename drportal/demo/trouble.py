"""What goes wrong in a town, so that the pages which mend it have something to show.

The first history loses the readings of an outage and of two meters that fell silent, and gets a value that cannot be
and a display that hung. The readings of the silent meters come late, as files.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from pathlib import Path

from accounts.models import User
from common.intervals import local_day, resolve_local
from meters.models import (
    BatchSource,
    Exclusion,
    ExclusionKind,
    Feeder,
    HitState,
    ImportBatch,
    QualityHit,
    QualityRule,
)
from meters.services import add_exclusion
from meters.services.batches import check_batch, store_batch, take_file, work_next
from meters.services.quality.decide import accept_hits
from organizations.models import Distributor, Organization, OrganizationGroup
from organizations.services import create_group, set_group_members

FEEDER, GROUP, NOTE = "Mill Road", "Public buildings", "A branch on the line"
# Meters of half hours: one whose late file waits to be stored, one whose file is stored, a spike, a display that hung.
WAITS, STORED, SPIKE, HUNG = "L-0024", "L-0033", "L-0012", "L-0031"
SPIKE_TIMES = 40
HEADER = "meter,start,end,kwh"
# Rows of a person's hand, to show what the check says of them.
MISTAKES = ("L-9024,2026-01-05T10:00:00Z,2026-01-05T10:30:00Z,0.310", f"{WAITS},yesterday,,0.290")
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Trouble:
    """When everything went wrong, each as [start, end)."""

    outage: Span
    silent: dict[str, Span]
    spike: Span
    hung: Span

    @classmethod
    def before(cls, now: datetime, distributor: Distributor) -> "Trouble":
        """The troubles of the days before `now`, always at the same local hours."""
        today = local_day(now, distributor.zone)

        def span(back: int, clock: time, hours: float) -> Span:
            start = resolve_local(datetime.combine(today - timedelta(days=back), clock), distributor.zone)
            return start, start + timedelta(hours=hours)

        return cls(
            outage=span(3, time(13), 1.5),
            silent={WAITS: span(6, time(8), 30), STORED: span(12, time(11), 9)},
            spike=span(4, time(12), 0.5),
            hung=span(8, time(2), 32),
        )


def report_outage(distributor: Distributor, now: datetime, by: User) -> None:
    """Enters the outage of the feeder, as the operator would."""
    start, end = Trouble.before(now, distributor).outage
    feeder = Feeder.objects.get(distributor=distributor, name=FEEDER)
    outage = Exclusion(distributor=distributor, feeder=feeder, kind=ExclusionKind.OUTAGE, start=start, end=end)
    outage.note = NOTE
    add_exclusion(exclusion=outage, by=by)


def spoil(file: Path, *, meters: Path, trouble: Trouble) -> None:
    """Rewrites the history (rows of meter, start, end, kwh) with the troubles; what comes late is kept beside it."""
    dark = _on_feeder(meters)
    late: dict[str, list[str]] = {number: [] for number in trouble.silent}
    spoiled = file.with_name(f"spoiled-{file.name}")
    with gzip.open(file, "rt") as rows, gzip.open(spoiled, "wt", compresslevel=3) as kept:
        kept.writelines(_spoiled(rows, trouble, dark, late))
    spoiled.replace(file)
    for number, lines in late.items():
        _late_file(file.parent, number).write_text("".join([HEADER, "\n", *lines]))


def _on_feeder(meters: Path) -> set[str]:
    with meters.open(newline="") as stream:
        return {row["meter"] for row in csv.DictReader(stream) if row["feeder"] == FEEDER}


def _spoiled(rows: Iterator[str], trouble: Trouble, dark: set[str], late: dict[str, list[str]]) -> Iterator[str]:
    outage, spike, hung = (_written(span) for span in (trouble.outage, trouble.spike, trouble.hung))
    silent = {number: _written(span) for number, span in trouble.silent.items()}
    last = ""
    for line in rows:
        meter, start, rest = line.split(",", 2)
        if meter in silent and _within(start, silent[meter]):
            late[meter].append(line)
        elif meter in dark and _within(start, outage):
            continue
        elif meter == SPIKE and _within(start, spike):
            end, kwh = rest.split(",")
            yield f"{meter},{start},{end},{float(kwh) * SPIKE_TIMES:.3f}\n"
        elif meter == HUNG and _within(start, hung):
            last = last or rest.rsplit(",", 1)[1]
            yield f"{meter},{start},{rest.split(',')[0]},{last}"
        else:
            yield line


def _written(span: Span) -> tuple[str, str]:
    """The span as the file writes times, which sort as text."""
    first, last = (f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for at in span)
    return first, last


def _within(start: str, span: tuple[str, str]) -> bool:
    return span[0] <= start < span[1]


def _late_file(folder: Path, number: str) -> Path:
    return folder / f"late-readings-{number}.csv"


def leave_work(distributor: Distributor, folder: Path, *, now: datetime, operator: User, staff: User) -> None:
    """Accepts the gaps of the outage; makes a group, a stored import and one that waits for a word; once each."""
    _accept_outage(distributor, Trouble.before(now, distributor).outage, operator)
    if not OrganizationGroup.objects.filter(distributor=distributor).exists():
        group = create_group(distributor=distributor, name=GROUP, by=operator)
        public = Organization.objects.filter(distributor=distributor, name__regex="School|Town Hall|Water Works")
        set_group_members(group=group, organizations=public, by=operator)
    uploads = ImportBatch.objects.filter(distributor=distributor, source=BatchSource.PAGE)
    if not uploads.exists() and _late_file(folder, WAITS).exists():
        store_batch(batch=_checked(distributor, _late_file(folder, STORED), staff), by=operator)
        work_next()
        _checked(distributor, _late_file(folder, WAITS), staff, *MISTAKES)


def _accept_outage(distributor: Distributor, outage: Span, by: User) -> None:
    start, end = outage
    gaps = QualityHit.objects.filter(distributor=distributor, rule=QualityRule.GAP, state=HitState.OPEN)
    own = gaps.filter(meter__feeder__name=FEEDER, start__gte=start, end__lte=end)
    if own.exists():
        accept_hits(hits=own, by=by, reason=NOTE)


def _checked(distributor: Distributor, file: Path, by: User, *more: str) -> ImportBatch:
    text = file.read_text() + "".join(f"{line}\n" for line in more)
    batch = take_file(
        distributor=distributor,
        source=BatchSource.PAGE,
        name=file.name,
        stream=BytesIO(text.encode()),
        options={},
        by=by,
    )
    return check_batch(batch=batch)
