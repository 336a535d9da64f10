"""Imports of readings in words, for the pages of operators and of organizations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import User
from common.speech import number_words
from dashboards.times import moment_words
from dashboards.words import kwh
from meters.models import BatchSource, BatchState, ImportBatch
from meters.problem_words import problem_in_words
from meters.services.batches import pulse_of

TONES = {
    BatchState.UPLOADED: "info",
    BatchState.CHECKING: "running",
    BatchState.CHECKED: "attention",
    BatchState.WAITING: "info",
    BatchState.STORING: "running",
    BatchState.STORED: "good",
    BatchState.FAILED: "danger",
    BatchState.UNDO_ASKED: "attention",
    BatchState.UNDOING: "running",
}
# Something happens by itself: the page looks again.
MOVING = (BatchState.UPLOADED, BatchState.CHECKING, BatchState.WAITING, BatchState.STORING, BatchState.UNDOING)


def badge_of(batch: ImportBatch) -> dict[str, str]:
    """The state as word and tone."""
    state = BatchState(batch.state)
    return {"badge": str(state.label).capitalize(), "tone": TONES.get(state, "")}


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("File"), _("State"), _("Uploaded"), _("Readings"), _("Energy")]
    return [{"label": name, "numeric": place > 2} for place, name in enumerate(names)]


def rows(batches: Sequence[ImportBatch], zone: ZoneInfo, page: str) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html. `page` names the route of one import."""
    return [{"cells": _cells(batch, zone, page)} for batch in batches]


def _cells(batch: ImportBatch, zone: ZoneInfo, page: str) -> list[dict[str, Any]]:
    count, energy = batch.totals.get("readings"), batch.totals.get("energy_wh")
    return [
        {"text": batch.file_name, "sub": _origin(batch), "url": reverse(page, args=[batch.pk])},
        {"label": _("State"), **badge_of(batch)},
        {"label": _("Uploaded"), "text": moment_words(batch.created_at, zone), "sub": person(batch.created_by)},
        {"label": _("Readings"), "text": "–" if count is None else number_words(count, 0), "numeric": True},
        {"label": _("Energy"), "text": "–" if energy is None else f"{kwh(energy)} kWh", "numeric": True},
    ]


def _origin(batch: ImportBatch) -> str:
    words = [filesizeformat(batch.size_bytes), batch.format]
    if batch.source != BatchSource.PAGE:
        words.append(str(BatchSource(batch.source).label))
    if batch.organization is not None:
        words.append(batch.organization.name)
    return ", ".join(str(word) for word in words if word)


def person(user: User | None) -> str:
    """Who it was."""
    return "" if user is None else user.get_full_name() or user.email


def facts(batch: ImportBatch, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Who did what when, and what file it is."""
    options = ", ".join(f"{name}: {value}" for name, value in _options(batch))
    lines = [
        (_("Uploaded"), _done(batch.created_at, batch.created_by, zone)),
        (_("Came by"), BatchSource(batch.source).label),
        (_("Organization"), batch.organization.name if batch.organization else ""),
        (_("Size"), filesizeformat(batch.size_bytes)),
        (_("Format"), batch.format),
        (_("Read as"), options),
        (_("Stored"), _done(batch.stored_at, batch.stored_by, zone)),
        (_("Undo asked for"), _done(batch.undo_asked_at, batch.undo_asked_by, zone)),
        (_("Why"), batch.undo_reason),
        (_("Undone"), _done(batch.undone_at, batch.undone_by, zone)),
        ("SHA-256", batch.sha256),
    ]
    return [{"label": label, "value": str(value)} for label, value in lines if value]


def _options(batch: ImportBatch) -> list[tuple[str, str]]:
    names = {"meter": _("meter"), "unit": _("unit"), "zone": _("time zone")}
    return [(names[name], value) for name, value in batch.options.items() if name in names]


def _done(moment: datetime | None, user: User | None, zone: ZoneInfo) -> str:
    if moment is None:
        return ""
    return ", ".join(part for part in (moment_words(moment, zone), person(user)) if part)


def tiles(batch: ImportBatch) -> list[dict[str, Any]]:
    """What the file holds, as figures side by side."""
    totals = batch.totals
    if not totals:
        return []
    left_out = totals["refused"] + totals["unknown"]
    change = totals["correction_wh"]
    return [
        {"label": _("Energy"), "value": kwh(totals["energy_wh"]), "unit": "kWh", "note": _meters(totals["meters"])},
        {"label": pgettext("readings", "New"), "value": number_words(totals["new"], 0), "note": _("readings")},
        {
            "label": _("Corrected"),
            "value": number_words(totals["corrected"], 0),
            "note": _("%(sign)s%(change)s kWh") % {"sign": "+" if change > 0 else "", "change": kwh(change)}
            if totals["corrected"]
            else _("nothing that is stored changes"),
        },
        {"label": _("Unchanged"), "value": number_words(totals["unchanged"], 0), "note": _("stored already")},
        {"label": _("Left out"), "value": number_words(left_out, 0), "note": _("rows")},
    ]


def _meters(count: int) -> str:
    return ngettext("%(count)s meter", "%(count)s meters", count) % {"count": number_words(count, 0)}


def span_words(batch: ImportBatch, zone: ZoneInfo) -> str:
    """From when to when something is new or corrected; empty where nothing is."""
    start, end = batch.totals.get("start"), batch.totals.get("end")
    if not (start and end):
        return ""
    return _("From %(start)s to %(end)s") % {
        "start": _full(datetime.fromisoformat(start), zone),
        "end": _full(datetime.fromisoformat(end), zone),
    }


def _full(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {local.tzname()}"


def problems(batch: ImportBatch) -> list[dict[str, Any]]:
    """The rows left out that the page shows: unknown meters first, one line each."""
    unknown = [
        {
            "row": "–",
            "meter": name,
            "start": "",
            "problem": ngettext(
                "there is no such meter (%(count)s row)", "there is no such meter (%(count)s rows)", count
            )
            % {"count": number_words(count, 0)},
        }
        for name, count in batch.totals.get("unknown_meters", [])
    ]
    keys = ("row", "meter", "start", "problem")
    single = [
        dict(zip(keys, (*place, problem_in_words(problem)), strict=True))
        for *place, problem in batch.totals.get("problems", [])
    ]
    return [*unknown, *single][:100]


def failure(batch: ImportBatch) -> str:
    """What went wrong, if anything."""
    return problem_in_words(batch.failure)


def notes(batch: ImportBatch) -> list[str]:
    """What its reader says of the file."""
    return [problem_in_words(note) for note in batch.totals.get("notes", [])]


def top_meters(batch: ImportBatch) -> list[dict[str, str]]:
    """The meters with most energy in the file."""
    return [{"label": number, "value": f"{kwh(wh, 3)} kWh"} for number, wh in batch.totals.get("top", [])]


def settled(batch: ImportBatch, *, may_open: bool) -> list[dict[str, Any]]:
    """The settled events that rest on its readings, and what became of each after an undo."""
    again = {answer["event"]: answer for answer in batch.totals.get("again", [])}
    return [
        {
            "name": event["name"],
            "url": reverse("operator_event", args=[event["event"]]) if may_open else "",
            "words": _again(event, again.get(event["event"])),
        }
        for event in batch.totals.get("settled", [])
    ]


def _again(event: dict[str, Any], answer: dict[str, Any] | None) -> str:
    if answer is None:
        return _("settled in run %(run)d") % {"run": event["run"]}
    if answer["run"] is None:
        return str(answer["problem"])
    if answer["run"] == event["run"]:
        return _("looked at again: nothing changes")
    return _("settled again as run %(run)d, which waits to be posted") % {"run": answer["run"]}


def progress(batch: ImportBatch) -> dict[str, Any]:
    """How far the work on it is, for the bar: percent (None: cannot be told) and words."""
    state = BatchState(batch.state)
    seen = pulse_of(batch)
    done = seen.done if seen and state in (BatchState.CHECKING, BatchState.STORING) else 0
    # Read to its end, the rest takes as long again, and nobody can say how far that is.
    percent = 100 * done // max(batch.size_bytes, 1) if 0 < done < batch.size_bytes else None
    words = {
        BatchState.UPLOADED: _("Waits for a worker. This takes some seconds."),
        BatchState.CHECKING: _("The file is being checked."),
        BatchState.WAITING: _("Waits for a worker. This takes some seconds."),
        BatchState.STORING: _("The readings are being stored."),
        BatchState.UNDOING: _("The readings are being taken back."),
    }
    text = words.get(state, str(state.label).capitalize())
    if done and percent is None:
        text = _("The file is read. Its readings are compared with those that are stored.")
    elif percent is not None:
        text = _("%(text)s %(percent)d %% of the file is read.") % {"text": text, "percent": percent}
    return {"state": state.value, "moving": state in MOVING, "percent": percent, "text": text}
