"""Times that baselines and fits leave out."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.intervals import to_utc
from common.retry import retried
from meters.errors import ExclusionRefused
from meters.models import Exclusion, ExclusionKind, Feeder, Meter
from meters.services.locks import lock_meters, raise_versions
from meters.signals import exclusions_changed

_SPAN = ("meter_id", "feeder_id", "start", "end", "kind", "note")
# More meters than this are chosen by their distributor: a list of all of them would be longer than the answer.
_NAMED = 500
# Whoever means more has mistyped a year.
MAX_LENGTH = timedelta(days=5 * 366)


class ExcludedSpan(NamedTuple):
    """[start, end) does not count, and why; the note is for the distributor's people."""

    start: datetime
    end: datetime
    kind: ExclusionKind
    note: str = ""


@transaction.atomic
def exclude(
    *,
    kind: ExclusionKind,
    start: datetime,
    end: datetime,
    source: str,
    meters: Iterable[Meter] = (),
    feeders: Iterable[Feeder] = (),
) -> int:
    """How many meters and feeders got the exclusion; those that have exactly this one already stay as they are.

    Raises:
        ValueError: The end is not after the start, or there is no source to remove it by.
    """
    start, end = to_utc(start), to_utc(end)
    if end <= start or not source:
        raise ValueError("An exclusion ends after its start and names its source.")
    # Locked, so that two callers at once do not both find nothing.
    own = list(Meter.objects.filter(pk__in=[meter.pk for meter in meters]).order_by("pk").select_for_update())
    lines = list(Feeder.objects.filter(pk__in=[feeder.pk for feeder in feeders]).order_by("pk").select_for_update())
    same = Exclusion.objects.filter(kind=kind, start=start, end=end, source=source)
    known = set(same.filter(Q(meter__in=own) | Q(feeder__in=lines)).values_list("meter_id", "feeder_id"))
    span = {"kind": kind, "start": start, "end": end, "source": source}
    rows = [
        *(Exclusion(distributor_id=meter.distributor_id, meter=meter, **span) for meter in own),
        *(Exclusion(distributor_id=feeder.distributor_id, feeder=feeder, **span) for feeder in lines),
    ]
    new = [row for row in rows if (row.meter_id, row.feeder_id) not in known]
    Exclusion.objects.bulk_create(new, batch_size=1_000)
    _tell(new, _affected(new))
    return len(new)


@retried
@transaction.atomic
def add_exclusion(*, exclusion: Exclusion, by: User | None) -> tuple[Exclusion, bool]:
    """What a person enters: the stored row, and whether it is new; whoever enters the same again finds it.

    Args:
        exclusion: Not stored yet; its meter or feeder is one that the person manages.

    Raises:
        ExclusionRefused: It is an event's, or its times cannot be meant.
    """
    check_exclusion(exclusion)
    lock_places([exclusion])
    known = same_exclusions([exclusion]).first()
    if known is not None:
        return known, False
    exclusion.created_by = by
    with deed("exclusion.add", by=by, reason=exclusion.note):
        exclusion.save(force_insert=True)
    note_change([exclusion])
    return exclusion, True


@retried
@transaction.atomic
def end_exclusion(*, exclusion: Exclusion, end: datetime, by: User, reason: str = "") -> Exclusion:
    """The row with an earlier end: the outage was over sooner.

    Raises:
        ExclusionRefused: The new end is not between its start and its end, or an event made it.
        Exclusion.DoesNotExist: It is gone.
    """
    row = Exclusion.objects.select_for_update().get(pk=exclusion.pk)
    _check_own(row)
    if not row.start < end < row.end:
        raise ExclusionRefused(_("The new end must lie between the start and the present end."))
    row.end = to_utc(end)
    if same_exclusions([row]).exclude(pk=row.pk).exists():
        raise ExclusionRefused(_("There is one with exactly these times already; remove this one."))
    with deed("exclusion.end", by=by, reason=reason):
        row.save(update_fields=["end"])
    note_change([row])
    return row


@retried
@transaction.atomic
def remove_exclusion(*, exclusion: Exclusion, by: User, reason: str = "") -> None:
    """Nothing is left of it but the history: its time counts again.

    Raises:
        ExclusionRefused: An event made it, and goes with it.
        Exclusion.DoesNotExist: It is gone already.
    """
    row = Exclusion.objects.select_for_update().get(pk=exclusion.pk)
    _check_own(row)
    with deed("exclusion.remove", by=by, reason=reason):
        row.delete()
    note_change([row])


@transaction.atomic
def remove_exclusions(*, source: str) -> int:
    """How many exclusions of this source there were; none are left.

    Raises:
        ValueError: No source is named.
    """
    if not source:
        raise ValueError("Exclusions are removed by their source.")
    rows = list(Exclusion.objects.filter(source=source))
    removed = Exclusion.objects.filter(source=source).delete()[0]
    note_change(rows)
    return removed


def check_exclusion(exclusion: Exclusion) -> None:
    """Passes what a person or a file may enter.

    Raises:
        ExclusionRefused: It is an event's, or its times cannot be meant.
    """
    _check_own(exclusion)
    if exclusion.end <= exclusion.start:
        raise ExclusionRefused(_("The end must be after the start."))
    if exclusion.end - exclusion.start > MAX_LENGTH:
        raise ExclusionRefused(_("This is longer than five years; is the year right?"))
    if not 1990 <= exclusion.start.year <= timezone.now().year + 5:
        raise ExclusionRefused(_("This year cannot be right."))


def same_exclusions(rows: Sequence[Exclusion]) -> QuerySet[Exclusion]:
    """Those that say exactly the same of the same meters or feeders, whoever said it; those of events aside."""
    wanted = Q()
    for row in rows:
        wanted |= Q(meter_id=row.meter_id, feeder_id=row.feeder_id, kind=row.kind, start=row.start, end=row.end)
    return Exclusion.objects.filter(wanted).exclude(kind=ExclusionKind.EVENT)


def excluded_spans(*, meters: Sequence[Meter], start: datetime, end: datetime) -> dict[int, list[ExcludedSpan]]:
    """Per meter id the spans that touch [start, end), earliest first, those of its feeder among them."""
    spans: dict[int, list[ExcludedSpan]] = {meter.pk: [] for meter in meters}
    by_feeder: dict[int, list[int]] = {}
    for meter in meters:
        if meter.feeder_id is not None:
            by_feeder.setdefault(meter.feeder_id, []).append(meter.pk)
    for meter_id, feeder_id, first, last, reason, note in _rows_touching(meters, list(by_feeder), start, end):
        found = ExcludedSpan(first, last, ExclusionKind(reason), note)
        for affected in [meter_id] if meter_id is not None else by_feeder.get(feeder_id, []):
            if affected in spans:
                spans[affected].append(found)
    return spans


def _rows_touching(
    meters: Sequence[Meter], feeder_ids: list[int], start: datetime, end: datetime
) -> Iterator[tuple[int | None, int, datetime, datetime, str, str]]:
    touching = Exclusion.objects.filter(start__lt=end, end__gt=start)
    if len(meters) > _NAMED:
        rows = touching.filter(distributor__in={meter.distributor_id for meter in meters}).values_list(*_SPAN)
    else:
        # Two parts, for one condition with OR makes the database read all of the distributor's.
        rows = touching.filter(meter__in=[meter.pk for meter in meters]).values_list(*_SPAN)
        if feeder_ids:
            rows = rows.union(touching.filter(feeder__in=feeder_ids).values_list(*_SPAN), all=True)
    yield from rows.order_by("start", "end")


def _check_own(exclusion: Exclusion) -> None:
    if exclusion.kind == ExclusionKind.EVENT:
        raise ExclusionRefused(_("An event’s time goes with the event."))


def lock_places(rows: Sequence[Exclusion]) -> None:
    """Locks the meters and feeders, so that two at once do not both find nothing stored."""
    lock_meters(row.meter_id for row in rows if row.meter_id is not None)
    feeders = Feeder.objects.filter(pk__in={row.feeder_id for row in rows if row.feeder_id is not None})
    list(feeders.order_by("pk").select_for_update().values_list("pk"))


def note_change(rows: Sequence[Exclusion]) -> None:
    """Whatever was cached of the meters shows the old spans."""
    ids = _affected(rows)
    lock_meters(ids)
    _tell(rows, ids)


def _tell(rows: Sequence[Exclusion], ids: set[int]) -> None:
    raise_versions(ids)
    if rows:
        exclusions_changed.send(sender=Exclusion, rows=list(rows), meter_ids=sorted(ids))


def _affected(rows: Sequence[Exclusion]) -> set[int]:
    """The meters of the rows, those of their feeders among them."""
    ids = {row.meter_id for row in rows if row.meter_id is not None}
    feeders = {row.feeder_id for row in rows if row.feeder_id is not None}
    return ids | set(Meter.objects.filter(feeder__in=feeders).values_list("pk", flat=True)) if feeders else ids
