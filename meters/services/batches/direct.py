"""Imports of files that lie on this computer, in this process: those of the command line."""

from typing import Any

from django.db import transaction

from accounts.audit import deed
from accounts.models import User
from common.errors import PortalError
from meters.formats import Progress
from meters.models import BatchSource, BatchState, ImportBatch
from meters.services.batches.asking import ask_undo
from meters.services.batches.folder import look_at, safe_name
from meters.services.batches.pulse import Pulse
from meters.services.batches.work import Storer, begin, give_up, store, work_on
from meters.services.files import FileReport, ReadingFile, read_file, store_rows
from organizations.models import Distributor


def import_here(
    *,
    distributor: Distributor,
    file: ReadingFile,
    progress: Progress | None = None,
    storer: Storer = store_rows,
    source: BatchSource = BatchSource.COMMAND,
    by: User | None = None,
) -> tuple[ImportBatch, FileReport]:
    """The import of a file where it lies, stored, and what it held. The file is not kept.

    Args:
        storer: `store_rows`, or `store_rows_entirely` for all or nothing.

    Raises:
        UnreadableFile, RowsRefused: Nothing is stored; the import says why.
    """
    waiting = _new(distributor, file, source, by)
    batch = begin(waiting, BatchState.WAITING) or waiting
    try:
        with Pulse(batch) as pulse:
            report = store(batch, file, _both(pulse, progress), storer)
    except PortalError as refusal:
        give_up(batch, str(refusal))
        raise
    except BaseException as problem:  # also ctrl-C, after which nobody would say so
        give_up(batch, f"The command was stopped ({type(problem).__name__}). Nothing was stored.")
        raise
    return batch, report


def try_here(*, distributor: Distributor, file: ReadingFile, progress: Progress | None = None) -> FileReport:
    """What `import_here` would report; nothing is stored.

    Raises:
        UnreadableFile: As there.
    """
    rows = read_file(distributor=distributor, file=file, progress=progress)
    with transaction.atomic():
        report = store_rows(rows)
        transaction.set_rollback(True)
    return report


def undo_here(*, batch: ImportBatch, reason: str, by: User | None = None) -> ImportBatch:
    """The import, undone in this process, or waiting for a person to confirm that.

    Raises:
        ImportRefused: It is not stored, or no reason is given.
    """
    asked = ask_undo(batch=batch, by=by, reason=reason)
    if asked.state == BatchState.UNDOING and (mine := begin(asked, BatchState.UNDOING)):
        work_on(mine)
    asked.refresh_from_db()
    return asked


def _new(distributor: Distributor, file: ReadingFile, source: BatchSource, by: User | None) -> ImportBatch:
    found = look_at(file.path)
    options: dict[str, Any] = {"unit": file.unit, "zone": file.zone and str(file.zone), "meter": file.meter}
    with deed("import.store", by=by):
        return ImportBatch.objects.create(
            distributor=distributor,
            source=source,
            state=BatchState.WAITING,
            file_name=safe_name(file.path.name),
            size_bytes=found.size_bytes,
            sha256=found.sha256,
            options={name: value for name, value in options.items() if value},
            created_by=by,
            stored_by=by,
        )


def _both(pulse: Pulse, progress: Progress | None) -> Progress:
    """Tells the progress to whoever looks at the import, and to whoever runs the command."""

    def show(done: int, size: int) -> None:
        pulse.show(done, size)
        if progress:
            progress(done, size)

    return show
