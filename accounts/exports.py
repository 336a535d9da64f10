"""A copy of everything that the portal keeps of one person: asked for, written in the background, swept."""

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.errors import ExportRefused
from accounts.export_file import write_archive
from accounts.language import language_of
from accounts.models import ExportState, PersonalExport, User
from accounts.signals import export_ready

logger = logging.getLogger(__name__)

Rows = Iterator[dict[str, Any]]
PAUSE = timedelta(hours=1)
# A worker that has not finished by then is taken for dead, and another one begins anew.
PATIENCE = timedelta(hours=1)


class Part(NamedTuple):
    """One table of the copy: how its files are called, what they hold in words, and where the rows come from."""

    name: str
    title: Any
    rows: Callable[[User], Rows]


_parts: dict[str, Part] = {}


def register_part(name: str, rows: Callable[[User], Rows], *, title: Any = "") -> None:
    """Makes the rows of `rows(user)` a part of every copy, as NAME.json and NAME.csv.

    Args:
        rows: Yields one dict per row, all with the same keys; what one person may have and nothing else. Long
            tables are read in pages: MariaDB's driver would hold a whole result in memory.
        title: What the part holds, in plain words (translated lazily).
    """
    _parts[name] = Part(name, title or name, rows)


def parts() -> list[Part]:
    """All parts, by name."""
    return [_parts[name] for name in sorted(_parts)]


@transaction.atomic
def request_export(*, user: User) -> PersonalExport:
    """A copy that a worker writes within minutes; it replaces an older one.

    Raises:
        ExportRefused: One is being written, or the last one is younger than an hour.
    """
    User.objects.select_for_update().get(pk=user.pk)
    own = PersonalExport.objects.filter(user_id=user.pk)
    if own.under_way().exists():
        raise ExportRefused(_("Your data are being put together already. You get a mail when they are ready."))
    if own.exclude(state=ExportState.FAILED).filter(requested_at__gt=timezone.now() - PAUSE).exists():
        raise ExportRefused(_("You asked for your data less than an hour ago. Please wait a little."))
    discard(own)
    record("data.requested", target=user, by=user)
    return PersonalExport.objects.create(user=user)


def build_next() -> bool:
    """Whether a copy was waiting; it is written now. Safe to run in several processes."""
    export = _take()
    if export is None:
        return False
    try:
        _build(export)
    except Exception as problem:  # whatever goes wrong in one person's copy must not stop the others'
        logger.exception("the copy %s could not be written", export.pk)
        export.path.unlink(missing_ok=True)
        PersonalExport.objects.filter(pk=export.pk).update(state=ExportState.FAILED, error=type(problem).__name__)
    return True


@transaction.atomic
def _take() -> PersonalExport | None:
    now = timezone.now()
    skip = connection.features.has_select_for_update_skip_locked
    waiting = Q(state=ExportState.WAITING) | Q(state=ExportState.BUILDING, started_at__lt=now - PATIENCE)
    export = PersonalExport.objects.select_for_update(skip_locked=skip).filter(waiting).order_by("id").first()
    if export is not None:
        export.state, export.started_at = ExportState.BUILDING, now
        export.save(update_fields=["state", "started_at"])
    return export


def _build(export: PersonalExport) -> None:
    """Writes the file outside of any transaction, then says so in one with the notice."""
    user = User.objects.get(pk=export.user_id)
    with translation.override(language_of(user)):
        write_archive(export.path, parts(), user)
    finish(export)


@transaction.atomic
def finish(export: PersonalExport) -> str:
    """The token of the copy's new link, which is valid from now on; the owner is told.

    Also for a link that is sent again: an earlier one ends, the file's last day stays.
    """
    now, token = timezone.now(), PersonalExport.new_token()
    # Gone where the account was closed meanwhile; then the file goes too.
    row = PersonalExport.objects.select_for_update().filter(pk=export.pk).first()
    if row is None:
        export.path.unlink(missing_ok=True)
        return ""
    row.state, row.digest = ExportState.READY, PersonalExport.digest_of(token)
    row.ready_at = row.ready_at or now
    row.expires_at = row.expires_at or now + PersonalExport.LIFETIME
    row.save()
    export_ready.send(sender=PersonalExport, export=row, token=token)
    return token


def export_of(*, user: User, token: str, at: datetime) -> PersonalExport | None:
    """The copy that this link of this person opens at that moment."""
    digest = PersonalExport.digest_of(token)
    found = PersonalExport.objects.visible_to(user).filter(digest=digest).first()
    return found if found is not None and found.is_open_at(at) and found.path.is_file() else None


def sweep(*, now: datetime | None = None) -> int:
    """How many copies were deleted because their time is over."""
    return discard(PersonalExport.objects.filter(expires_at__lte=now or timezone.now()))


def discard(exports: Any) -> int:
    """How many copies were deleted with their files."""
    found = list(exports)
    for export in found:
        # After the commit: a rolled back closing must not have taken the file.
        transaction.on_commit(partial(_remove, export.path))
        export.delete()
    return len(found)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    shutil.rmtree(path.with_suffix(".part"), ignore_errors=True)
