"""What people do with an import: bring it, have it stored, drop it, ask for its undo and answer that."""

import zoneinfo
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.errors import PortalError
from meters.errors import ImportRefused
from meters.formats.values import VALUE_UNITS, known_unit
from meters.models import BatchSource, BatchState, ImportBatch
from meters.services.batches.folder import incoming, receive, safe_name, settle_in
from meters.services.batches.words import settled_with
from meters.signals import undo_waits
from organizations.access import Role, role_of
from organizations.models import Distributor, Organization

OPTIONS = ("unit", "zone", "meter")


def take_file(
    *,
    distributor: Distributor,
    source: BatchSource,
    name: str,
    stream: BinaryIO,
    options: dict[str, str],
    by: User | None = None,
    organization: Organization | None = None,
) -> ImportBatch:
    """The import of a file that is kept and waits to be checked.

    Args:
        options: `unit`, `zone` and `meter` as in `meters.formats.Context`, as far as they are given.

    Raises:
        ImportRefused: The file is empty or too large, or an option does not fit.
    """
    options = _checked(options)
    with incoming() as folder:
        file_name = safe_name(name)
        received = receive(stream, folder / "upload" / file_name)
        if not received.size_bytes:
            raise ImportRefused(_("%(file)s is empty.") % {"file": file_name})
        with transaction.atomic(), deed("import.upload", by=by):
            batch = ImportBatch.objects.create(
                distributor=distributor,
                organization=organization,
                source=source,
                file_name=file_name,
                size_bytes=received.size_bytes,
                sha256=received.sha256,
                options=options,
                created_by=by,
            )
            settle_in(folder, batch)
    return batch


def _checked(options: dict[str, str]) -> dict[str, str]:
    given = {name: options[name].strip() for name in OPTIONS if options.get(name, "").strip()}
    try:
        if "unit" in given:
            given["unit"] = known_unit(given["unit"], VALUE_UNITS)
        if "zone" in given:
            zoneinfo.ZoneInfo(given["zone"])
    except PortalError as problem:
        raise ImportRefused(str(problem)) from problem
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ImportRefused(
            _("“%(zone)s” is no time zone; take one like Europe/Athens.") % {"zone": given["zone"]}
        ) from None
    return given


def twin_of(batch: ImportBatch) -> ImportBatch | None:
    """The newest other import of the very same file that is stored."""
    same = ImportBatch.objects.filter(distributor_id=batch.distributor_id, sha256=batch.sha256)
    if batch.organization_id is not None:
        same = same.filter(organization_id=batch.organization_id)
    return same.filter(state=BatchState.STORED).exclude(pk=batch.pk).first()


def needs_distributor(batch: ImportBatch) -> bool:
    """Whether only the distributor's people may store it: an organization changes nothing that is stored."""
    return batch.organization_id is not None and bool(batch.totals.get("corrected"))


@transaction.atomic
def store_batch(*, batch: ImportBatch, by: User | None = None) -> ImportBatch:
    """The import, waiting for a worker to store it.

    Raises:
        ImportRefused: It is not checked (or failed on the way), or it corrects readings and `by` is of an
            organization.
    """
    locked = _locked(batch, BatchState.CHECKED, BatchState.FAILED)
    if needs_distributor(locked) and by is not None and role_of(by).is_member:
        raise ImportRefused(
            _("This file corrects readings that are stored. %(distributor)s has to confirm that.")
            % {"distributor": locked.distributor.name}
        )
    if locked.state == BatchState.FAILED and not locked.totals:
        raise ImportRefused(_("This file could not be read. Upload it again once it is right."))
    with deed("import.store", by=by, organization_id=locked.organization_id):
        return _move(locked, BatchState.WAITING, stored_by=by, attempts=0, failure="")


@transaction.atomic
def drop_batch(*, batch: ImportBatch, by: User | None = None) -> ImportBatch:
    """The import, which will never be stored.

    Raises:
        ImportRefused: It is being worked on, or stored already.
    """
    droppable = (BatchState.UPLOADED, BatchState.CHECKED, BatchState.WAITING, BatchState.FAILED)
    locked = _locked(batch, *droppable)
    with deed("import.drop", by=by, organization_id=locked.organization_id):
        return _move(locked, BatchState.DROPPED)


@transaction.atomic
def ask_undo(*, batch: ImportBatch, by: User | None, reason: str) -> ImportBatch:
    """The import, waiting to be undone: by a worker, or first by the word of a second person.

    A second one is needed where settled events rest on its readings, and where an organization takes back what
    the distributor confirmed.

    Raises:
        ImportRefused: It is not stored, or no reason is given.
    """
    if not reason.strip():
        raise ImportRefused(_("Say why it is to be undone."))
    locked = _locked(batch, BatchState.STORED)
    settled = settled_with(locked)
    of_organization = by is not None and role_of(by).is_member
    asked: dict[str, Any] = {"undo_asked_at": timezone.now(), "undo_asked_by": by, "undo_reason": reason.strip()[:200]}
    totals = {**locked.totals, "settled": settled}
    with deed("import.undo_asked", by=by, reason=reason, organization_id=locked.organization_id):
        if settled or (of_organization and needs_distributor(locked)):
            _move(locked, BatchState.UNDO_ASKED, totals=totals, **asked)
            undo_waits.send(sender=ImportBatch, batch=locked, by=by)
            return locked
        return _move(locked, BatchState.UNDOING, totals=totals, undone_by=by, attempts=0, beat_at=None, **asked)


@transaction.atomic
def confirm_undo(*, batch: ImportBatch, by: User) -> ImportBatch:
    """The import, now waiting for a worker to undo it.

    Raises:
        ImportRefused: Nobody asked for it, `by` asked for it, or `by` does not run the distributor.
    """
    locked = _locked(batch, BatchState.UNDO_ASKED)
    if by.pk == locked.undo_asked_by_id:
        raise ImportRefused(_("You asked for this undo yourself; a second person must confirm it."))
    if role_of(by) not in (Role.DISTRIBUTOR_ADMIN, Role.PLATFORM):
        raise ImportRefused(_("Only an admin of the distributor can confirm an undo."))
    with deed("import.undo_confirmed", by=by, reason=locked.undo_reason, organization_id=locked.organization_id):
        return _move(locked, BatchState.UNDOING, undone_by=by, attempts=0, beat_at=None)


@transaction.atomic
def refuse_undo(*, batch: ImportBatch, by: User) -> ImportBatch:
    """The import, stored as it was. Whoever asked may take it back in this way too.

    Raises:
        ImportRefused: Nobody asked for it, or `by` may not answer.
    """
    locked = _locked(batch, BatchState.UNDO_ASKED)
    may = by.pk == locked.undo_asked_by_id or role_of(by) in (Role.DISTRIBUTOR_ADMIN, Role.PLATFORM)
    if not may:
        raise ImportRefused(_("Only an admin of the distributor can answer this."))
    with deed("import.undo_refused", by=by, organization_id=locked.organization_id):
        return _move(locked, BatchState.STORED)


def _locked(batch: ImportBatch, *states: BatchState) -> ImportBatch:
    locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if locked.state not in states:
        raise ImportRefused(
            _("This import %(state)s, so this cannot be done to it.") % {"state": _now(BatchState(locked.state))}
        )
    return locked


def _now(state: BatchState) -> str:
    """The state as the end of a sentence about the import."""
    plain = {BatchState.CHECKED, BatchState.STORED, BatchState.FAILED, BatchState.DROPPED, BatchState.UNDONE}
    if state is BatchState.FAILED:
        return _("has failed")
    return _("is %(state)s") % {"state": state.label} if state in plain else str(state.label)


def _move(batch: ImportBatch, state: BatchState, **values: Any) -> ImportBatch:
    for name, value in {**values, "state": state}.items():
        setattr(batch, name, value)
    batch.save(update_fields=["state", *values])
    return batch
