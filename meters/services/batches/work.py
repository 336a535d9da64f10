"""What workers do with imports: check, store and undo them; and what becomes of those whose worker died."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from common.errors import PortalError
from common.retry import retried
from meters.errors import ImportRefused, TakenOver
from meters.formats import Progress
from meters.models import BatchSource, BatchState, ImportBatch
from meters.services.batches.folder import errors_of, sweep_incoming, upload_of
from meters.services.batches.pulse import Pulse, pulse_of
from meters.services.batches.words import settled_with, totals_of, write_errors_file
from meters.services.files import FileReport, FileRows, ReadingFile, read_file, store_rows
from meters.services.undo import undo_batch_readings
from meters.signals import batch_ended, batch_undone
from organizations.access import role_of

logger = logging.getLogger(__name__)

ATTEMPTS = 3
# A process that has not beaten for so long is taken for dead.
PATIENCE = timedelta(seconds=45)
AT_WORK = (BatchState.CHECKING, BatchState.STORING, BatchState.UNDOING)
# Where a batch goes whose worker stopped in the middle.
_AGAIN = {
    BatchState.CHECKING: BatchState.UPLOADED,
    BatchState.STORING: BatchState.WAITING,
    BatchState.UNDOING: BatchState.UNDOING,
}
_BEGUN = {
    BatchState.UPLOADED: BatchState.CHECKING,
    BatchState.WAITING: BatchState.STORING,
    BatchState.UNDOING: BatchState.UNDOING,
}

Storer = Callable[[FileRows, ImportBatch | None], FileReport]


def work_next() -> bool:
    """Whether an import was waiting; it is worked on now. Safe to run in several processes.

    One at a time in the whole installation: other jobs must find a worker too.
    """
    batch = _take()
    if batch is None:
        return False
    work_on(batch)
    return True


def work_on(batch: ImportBatch) -> None:
    """Does what the import's state says, to its end or to the next attempt."""
    act = {BatchState.CHECKING: _check, BatchState.STORING: _store_upload, BatchState.UNDOING: _undo}
    state = BatchState(batch.state)
    try:
        with Pulse(batch) as pulse:
            act[state](batch, pulse)
    except TakenOver:
        logger.warning("the import %s was taken over by another process", batch.pk)
    except PortalError as refusal:
        give_up(batch, str(refusal))
    except Exception as problem:
        logger.exception("the import %s stopped", batch.pk)
        _stopped(batch, type(problem).__name__)
        raise


def check_batch(*, batch: ImportBatch) -> ImportBatch:
    """The import, checked in this process: its totals say what storing it would do. Nothing is stored.

    Raises:
        ImportRefused: It is not new.
    """
    begun = begin(batch, BatchState.UPLOADED)
    if begun is None:
        raise ImportRefused(_("This import was checked before."))
    work_on(begun)
    batch.refresh_from_db()
    return batch


@transaction.atomic
def _take() -> ImportBatch | None:
    busy = Q(state__in=(BatchState.CHECKING, BatchState.STORING), source=BatchSource.PAGE)
    busy |= Q(state=BatchState.UNDOING, beat_at__isnull=False)
    if ImportBatch.objects.filter(busy).exists():
        return None
    waiting = Q(state__in=(BatchState.UPLOADED, BatchState.WAITING), source=BatchSource.PAGE)
    waiting |= Q(state=BatchState.UNDOING, beat_at__isnull=True)
    skip = connection.features.has_select_for_update_skip_locked
    found = ImportBatch.objects.select_for_update(skip_locked=skip).filter(waiting).order_by("pk").first()
    return None if found is None else begin(found, BatchState(found.state))


def begin(batch: ImportBatch, state: BatchState) -> ImportBatch | None:
    """The import at work in this process; None where another one began it."""
    waiting = ImportBatch.objects.filter(pk=batch.pk, state=state)
    if state is BatchState.UNDOING:
        waiting = waiting.filter(beat_at__isnull=True)
    begun = waiting.update(state=_BEGUN[state], beat_at=timezone.now(), attempts=F("attempts") + 1)
    return ImportBatch.objects.select_related("distributor").get(pk=batch.pk) if begun else None


def _file_of(batch: ImportBatch) -> ReadingFile:
    options = batch.options
    return ReadingFile(
        path=upload_of(batch),
        unit=options.get("unit"),
        zone=ZoneInfo(options["zone"]) if "zone" in options else None,
        meter=options.get("meter"),
        organization_id=batch.organization_id,
    )


def _check(batch: ImportBatch, pulse: Pulse) -> None:
    """Stores the file and takes all of it back: so the check tells exactly what storing does."""
    rows = _read(batch, _file_of(batch), pulse.show)
    report, totals = _try(batch, rows)
    write_errors_file(report, errors_of(batch))
    _finish(batch, BatchState.CHECKED, totals=totals, format=report.format)
    tell_end(batch)


@retried
@transaction.atomic
def _try(batch: ImportBatch, rows: FileRows) -> tuple[FileReport, dict[str, Any]]:
    mark = transaction.savepoint()
    report = store_rows(rows, batch)
    totals = totals_of(batch, report)
    transaction.savepoint_rollback(mark)
    return report, totals


def _store_upload(batch: ImportBatch, pulse: Pulse) -> None:
    report = store(batch, _file_of(batch), pulse.show)
    write_errors_file(report, errors_of(batch))
    tell_end(batch)


def store(batch: ImportBatch, file: ReadingFile, progress: Progress, storer: Storer = store_rows) -> FileReport:
    """Stores the readings and says so of the import, in one transaction.

    Raises:
        UnreadableFile, RowsRefused: as the storer does.
        ImportRefused: It would change readings, which the check did not foresee and nobody confirmed.
        TakenOver: Another process works on the import.
    """
    return _store(batch, _read(batch, file, progress), storer)


def _read(batch: ImportBatch, file: ReadingFile, progress: Progress) -> FileRows:
    """What the file holds. No transaction is open meanwhile: on SQLite nobody else could write."""
    rows = read_file(distributor=batch.distributor, file=file, progress=progress)
    progress(batch.size_bytes, batch.size_bytes)
    return rows


@retried
@transaction.atomic
def _store(batch: ImportBatch, rows: FileRows, storer: Storer) -> FileReport:
    report = storer(rows, batch)
    totals = totals_of(batch, report)
    unconfirmed = batch.stored_by is not None and role_of(batch.stored_by).is_member
    if unconfirmed and totals["corrected"]:
        raise ImportRefused(_("Readings came in meanwhile that this file would change. Upload it again."))
    _finish(batch, BatchState.STORED, totals=totals, format=report.format, stored_at=timezone.now())
    return report


def _finish(batch: ImportBatch, state: BatchState, **values: Any) -> None:
    """Moves the import on, if it is still this process's.

    Raises:
        TakenOver: Its pulse stood still for so long that another process began anew.
    """
    mine = ImportBatch.objects.filter(pk=batch.pk, state=batch.state, attempts=batch.attempts)
    now = timezone.now()
    if not mine.update(state=state, beat_at=now, done=F("size_bytes"), failure="", **values):
        raise TakenOver(_("Another process works on this import."))


def _undo(batch: ImportBatch, pulse: Pulse) -> None:
    """Takes the readings back, then has what rested on them settled again; a second run goes on where one ended."""
    if "undo" not in batch.totals:
        _undo_readings(batch)
        batch.refresh_from_db()
    events = [event["event"] for event in batch.totals["settled"]]
    answers: list[tuple[Any, Any]] = batch_undone.send(sender=ImportBatch, batch=batch, events=events)
    again = [answer for _receiver, found in answers for answer in found]
    _finish(batch, BatchState.UNDONE, totals={**batch.totals, "again": again}, undone_at=timezone.now())
    tell_end(batch)


@retried
@transaction.atomic
def _undo_readings(batch: ImportBatch) -> None:
    settled = settled_with(batch)
    result = undo_batch_readings(batch=batch, by=batch.undone_by)
    counts = {name: value for name, value in asdict(result).items() if isinstance(value, int)}
    totals = {**batch.totals, "settled": settled, "undo": counts}
    mine = ImportBatch.objects.filter(pk=batch.pk, state=BatchState.UNDOING, attempts=batch.attempts)
    if not mine.update(totals=totals):
        raise TakenOver(_("Another process works on this import."))


def give_up(batch: ImportBatch, sentence: str) -> None:
    """Says of an import that it cannot be done, and why; of an undo that all is as it was."""
    end = BatchState.STORED if batch.state == BatchState.UNDOING else BatchState.FAILED
    mine = ImportBatch.objects.filter(pk=batch.pk, state=batch.state, attempts=batch.attempts)
    if mine.update(state=end, failure=sentence[:500], beat_at=timezone.now()):
        tell_end(batch)


def tell_end(batch: ImportBatch) -> None:
    """Tells the rooms, and who brought the import, that a step is over."""
    now = timezone.now()
    took = now - (batch.beat_at or now)
    batch.refresh_from_db()
    batch_ended.send(sender=ImportBatch, batch=batch, took=took)


def _stopped(batch: ImportBatch, why: str) -> None:
    """Lets another attempt follow, or gives the import up."""
    if batch.attempts >= ATTEMPTS or batch.source == BatchSource.COMMAND:
        give_up(batch, _stopped_words(batch) % {"why": why})
        return
    again = _AGAIN[BatchState(batch.state)]
    mine = ImportBatch.objects.filter(pk=batch.pk, state=batch.state, attempts=batch.attempts)
    mine.update(state=again, beat_at=None)


def _stopped_words(batch: ImportBatch) -> str:
    if batch.state == BatchState.UNDOING and "undo" in batch.totals:
        return _(
            "The portal stopped in the middle of it (%(why)s). The readings are taken back, but what rested on them "
            "is not settled again yet: ask for the undo once more."
        )
    if batch.state == BatchState.UNDOING:
        return _("The portal stopped in the middle of it (%(why)s). Nothing was taken back.")
    return _("The portal stopped in the middle of it (%(why)s). Nothing of it was stored.")


def sweep_batches() -> int:
    """How many imports were found whose process died; each waits again, or has failed. Safe to run twice."""
    sweep_incoming()
    last = timezone.now() - PATIENCE
    rows = ImportBatch.objects.filter(state__in=AT_WORK, beat_at__lt=last).select_related("distributor")
    dead = [batch for batch in rows if (seen := pulse_of(batch)) is None or seen.at < last]
    for batch in dead:
        logger.warning("the process of the import %s is gone", batch.pk)
        _stopped(batch, _("its process ended"))
    return len(dead)
