"""Imports that came by the API: stored at once, in the transaction of the request."""

from django.db import transaction
from django.utils import timezone

from accounts.audit import deed
from accounts.models import User
from meters.models import BatchSource, BatchState, ImportBatch
from meters.services.batches.words import totals_of
from meters.services.files import FileReport, FileRows, store_rows, store_rows_entirely
from organizations.models import Distributor


@transaction.atomic
def store_sent(
    *,
    distributor: Distributor,
    rows: FileRows,
    size_bytes: int,
    sha256: str,
    by: User,
    entirely: bool = False,
) -> tuple[ImportBatch, FileReport]:
    """The import of a body that is read, stored, and what it held. The file is not kept.

    Raises:
        RowsRefused: A row cannot be used, and all or none was asked for; nothing is stored.
    """
    now = timezone.now()
    with deed("import.store", by=by):
        batch = ImportBatch.objects.create(
            distributor=distributor,
            source=BatchSource.API,
            state=BatchState.STORED,
            file_name=rows.source,
            size_bytes=size_bytes,
            done=size_bytes,
            sha256=sha256,
            created_by=by,
            stored_at=now,
            stored_by=by,
        )
    report = (store_rows_entirely if entirely else store_rows)(rows, batch)
    batch.format, batch.totals = report.format, totals_of(batch, report)
    # The row is of this transaction: its history need not say that it changed.
    ImportBatch.objects.filter(pk=batch.pk).update(format=batch.format, totals=batch.totals)
    return batch, report
