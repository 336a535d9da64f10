"""`POST /api/v1/readings`: a body of readings into the portal, once however often it is sent."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import UnsupportedMediaType, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from delivery.idempotency import Answer, claim_key, key_of
from meters.api.bodies import Spooled, keep, length_of, media_type_of, read_whole, spool
from meters.errors import RowsRefused, UnreadableFile
from meters.formats import Context, RowProblem
from meters.formats.json_readings import read_json
from meters.formats.json_rows import DECODER
from meters.models import ImportBatch
from meters.services import (
    FileReport,
    FileRows,
    IngestResult,
    ReadingFile,
    Readings,
    ingest_readings,
    known_meters,
    read_file,
)
from meters.services.batches.folder import incoming
from meters.services.batches.sent import store_sent
from organizations.models import Distributor

# So few readings go straight in; they are no import that somebody would want to look at or undo.
FEW = 10
_SMALL_BYTES = 64_000
_SHOWN = 1_000
# What each type may hold, and how its file is called in sentences.
_TYPES = {
    "text/csv": ("readings.csv", "CSV"),
    "application/x-ndjson": ("readings.ndjson", "NDJSON"),
    "application/json": ("readings.json", "JSON"),
    "application/xml": ("readings.xml", "Green Button"),
}
_UNPROCESSABLE = 422

Work = Callable[[], Answer]


def receive_readings(request: Request, user: User) -> Response:
    """Stores what the body holds and answers what became of it.

    Raises:
        APIException: The request cannot be taken as it is; nothing is stored.
    """
    media_type = media_type_of(request)
    if media_type not in _TYPES:
        sentence = _("Send readings as %(types)s.") % {"types": ", ".join(_TYPES)}
        raise UnsupportedMediaType(media_type, detail=sentence)
    key, length = key_of(request), length_of(request)
    sent = _Sent(request, user, key, media_type)
    if media_type != "application/json" or length > _SMALL_BYTES:
        return sent.store_body(lambda file: spool(request, length, file))
    body = read_whole(request, length)
    rows = _rows_of(body)
    if len(rows) > FEW:
        return sent.store_body(lambda file: keep(body, file))
    _check_text(rows)
    return sent.store_once(hashlib.sha256(body).hexdigest(), lambda: lambda: sent.store_few(rows))


class _Sent:
    """One request on its way in."""

    def __init__(self, request: Request, user: User, key: str, media_type: str) -> None:
        self.user, self.key = user, key
        self.route = f"POST {request.get_full_path()}"
        self.strict = request.query_params.get("strict", "").lower() in ("1", "true", "yes")
        self.name, self.form = _TYPES[media_type]
        self.distributor = Distributor.objects.get(pk=cast(int, user.tenant_id))

    def store_body(self, write: Callable[[Path], Spooled]) -> Response:
        """Stores the rows of a body that `write` puts into a file, as one import."""
        with incoming() as folder:
            file = folder / self.name
            spooled = write(file)

            def read() -> Work:
                # Before the transaction: while a large body is read, nobody has to wait for its meters.
                rows = self._read(file)
                return lambda: self._store_rows(rows, spooled)

            return self.store_once(spooled.sha256, read)

    def store_once(self, digest: str, prepare: Callable[[], Work]) -> Response:
        """The answer of what `prepare` returns, or the one that the same request got before."""
        claim = claim_key(user=self.user, key=self.key, route=self.route, body_sha256=digest)
        if isinstance(claim, Answer):
            return claim.response()
        try:
            with claim.kept():
                return claim.answer(prepare()).response()
        except RowsRefused as refusal:
            return Response({"detail": str(refusal), **refusal.report}, status=_UNPROCESSABLE)

    def store_few(self, rows: list[object]) -> Answer:
        """Stores a handful without an import around them."""
        numbers = {str(row.get("meter"))[:40].strip() for row in rows if isinstance(row, dict)}
        batch = read_json(rows, Context(known_meters(self.distributor, numbers)))
        readings = Readings(
            meter_ids=batch.meter_ids,
            starts=batch.starts,
            energies_wh=batch.energies_wh,
            qualities=batch.qualities,
            rows=batch.rows,
        )
        source = f"API {self.user.email}"
        result = ingest_readings(distributor=self.distributor, readings=readings, source=source)
        problems = sorted([*batch.problems, *result.problems])
        data = _data(result, problems, len(problems), int(readings.energies_wh.sum()))
        if problems and self.strict:
            data |= dict.fromkeys(("new", "unchanged", "corrected", "repeated", "energy_wh"), 0)
            raise RowsRefused(_("Rows cannot be used, so nothing was stored."), data)
        return _answer(data)

    def _read(self, file: Path) -> FileRows:
        rows = read_file(distributor=self.distributor, file=ReadingFile(file))
        if rows.format != self.form:
            words = {"found": rows.format, "said": self.form}
            raise UnreadableFile(_("The body is %(found)s, but Content-Type says %(said)s.") % words)
        return rows

    def _store_rows(self, rows: FileRows, spooled: Spooled) -> Answer:
        try:
            batch, report = store_sent(
                distributor=self.distributor,
                rows=rows,
                size_bytes=spooled.size_bytes,
                sha256=spooled.sha256,
                by=self.user,
                entirely=self.strict,
            )
        except RowsRefused as refusal:
            raise RowsRefused(str(refusal), _file_data(refusal.report, None, stored=False)) from refusal
        return _answer(_file_data(report, batch))


def _answer(data: dict[str, Any]) -> Answer:
    return Answer(status.HTTP_207_MULTI_STATUS if data["skipped"] else status.HTTP_200_OK, data)


def _file_data(report: FileReport, batch: ImportBatch | None, *, stored: bool = True) -> dict[str, Any]:
    result = report.result if stored else IngestResult()
    data = _data(result, report.problems, report.skipped, report.energy_wh if stored else 0)
    unknown = {_plain(name): count for name, count in report.unknown.most_common(_SHOWN)}
    return data | {"unknown_meters": unknown, "batch": batch.pk if batch else None}


def _data(result: IngestResult, problems: Sequence[RowProblem], skipped: int, energy_wh: int) -> dict[str, Any]:
    return {
        "new": result.new,
        "unchanged": result.unchanged,
        "corrected": result.corrected,
        "repeated": result.repeated,
        "skipped": skipped,
        "energy_wh": energy_wh,
        "errors": [{"row": each.row, "problem": _plain(each.problem)} for each in problems[:_SHOWN]],
        "unknown_meters": {},
        "batch": None,
    }


def _plain(text: str) -> str:
    """The text without halves of characters, which JSON can spell and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _rows_of(body: bytes) -> list[object]:
    try:
        content = DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise ValidationError(_("The body is not valid JSON.")) from None
    rows = content.get("readings") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not rows:
        raise ValidationError({"readings": _("Send a list of objects with meter, start and kwh.")})
    return rows


def _check_text(rows: list[object]) -> None:
    try:
        # Halves of characters can be spelled in JSON, but no database takes them.
        json.dumps(rows, ensure_ascii=False).encode()
    except ValueError:
        raise ValidationError(_("The body is not valid JSON.")) from None
