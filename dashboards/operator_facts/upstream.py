"""VTNs above, as operators read them."""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import length_words, number_words
from dashboards.operator_facts import selection
from dashboards.times import moment_words, span_words
from openadr.models import Upstream, UpstreamEvent, UpstreamReport
from openadr.upstream.faults import fault_words
from openadr.upstream.notes import note_words
from openadr.upstream.polling import waiting
from openadr.upstream.tls import fingerprint_of
from organizations.models import Distributor


def upstreams_of(distributor: Distributor) -> QuerySet[Upstream]:
    """The distributor's, by name, with how many of their events are to come and how many wait for somebody."""
    to_come = Q(events__end__gt=timezone.now()) & ~Q(events__status="cancelled")
    waits = Q(events__event__state="draft", events__event__start__gt=timezone.now())
    rows = Upstream.objects.filter(distributor=distributor).select_related("program")
    found: QuerySet[Upstream] = rows.annotate(
        to_come=Count("events", filter=to_come, distinct=True), waits=Count("events", filter=waits, distinct=True)
    )
    return found.order_by("name")


def state_of(row: Upstream) -> tuple[str, str]:
    """A word for how it stands, and its tone."""
    if not row.is_active:
        return _("Stopped"), "danger" if row.last_fault else ""
    if row.failing_since is not None:
        return _("Failing"), "danger"
    if not row.registration_id:
        return _("Registering"), "info"
    return _("Connected"), "good"


def answered_words(row: Upstream) -> str:
    """When it answered last."""
    if row.last_ok_at is None:
        return _("It has not answered yet")
    return _("%(length)s ago") % {"length": length_words(timezone.now() - row.last_ok_at)}


def hint_of(row: Upstream) -> dict[str, str] | None:
    """What is wrong and what to do: fields of components/note.html; None where all is well."""
    found = fault_words(row.last_fault)
    if found is None:
        return None
    words, detail = found
    since = ""
    if row.failing_since is not None:
        since = _("For %(length)s.") % {"length": length_words(timezone.now() - row.failing_since)}
    said = _("It says: %(detail)s.") % {"detail": detail} if detail else ""
    return {"tone": "danger", "title": str(words.what), "text": " ".join(filter(None, (since, said, str(words.to_do))))}


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = (_("VTN"), _("State"), _("Last answer"), _("Its events become"), _("Events to come"))
    return [{"label": name} for name in names]


def rows(found: Iterable[Upstream]) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html."""
    return [{"cells": _cells(row)} for row in found]


def _cells(row: Upstream) -> list[dict[str, Any]]:
    label, tone = state_of(row)
    fault = fault_words(row.last_fault)
    waits = getattr(row, "waits", 0)
    sub = ngettext("%(count)d draft to decide", "%(count)d drafts to decide", waits) % {"count": waits} if waits else ""
    heads = [column["label"] for column in columns()]
    return [
        {"text": row.name, "url": reverse("operator_upstream", args=[row.pk]), "sub": row.program.name},
        {"label": heads[1], "badge": label, "tone": tone},
        {"label": heads[2], "text": answered_words(row), "sub": str(fault[0].what) if fault else ""},
        {"label": heads[3], "text": row.get_policy_display()},
        {"label": heads[4], "text": number_words(getattr(row, "to_come", 0)), "sub": sub},
    ]


def facts(row: Upstream) -> list[dict[str, str]]:
    """Facts of one, for components/facts.html."""
    found = [
        (_("Address"), row.url),
        (_("Program"), row.program.name),
        (_("Its events become"), str(row.get_policy_display())),
        (_("Its events ask"), _asked(row)),
        (_("Last answer"), answered_words(row)),
        (_("Our name there"), row.ven_name),
        (_("Our venID there"), row.ven_id or _("it gives us one")),
        (_("Its vtnID"), row.vtn_id),
        (_("Polled each"), _("%(seconds)d s") % {"seconds": max(row.poll_seconds, row.asked_poll_seconds)}),
        (_("Our certificate’s SHA-256"), fingerprint_of(row.certificate) or _("none entered")),
        (_("How it is known"), _known_by(row)),
    ]
    return [{"label": label, "value": value} for label, value in found if value]


def _asked(row: Upstream) -> str:
    if not row.targets:
        return _("Everybody enrolled")
    groups = selection.choices(row.distributor)
    names = {one.value: one.label for group in groups for one in group.choices}
    return ", ".join(names.get(value, value) for value in row.targets)


def _known_by(row: Upstream) -> str:
    if row.vtn_fingerprint:
        return _("by its certificate’s SHA-256 alone")
    return _("by the CA that was entered, and its name") if row.ca else _("by the CAs that this machine trusts")


def event_columns() -> list[dict[str, Any]]:
    """The columns of `event_rows`."""
    return [{"label": name} for name in (_("Its event"), _("When"), _("What became of it"), _("Our answer"))]


def event_rows(found: Sequence[UpstreamEvent], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html, each leading to our event."""
    return [{"cells": _event_cells(row, zone)} for row in found]


def _event_cells(row: UpstreamEvent, zone: ZoneInfo) -> list[dict[str, Any]]:
    heads = [column["label"] for column in event_columns()]
    url = reverse("operator_event", args=[row.event_id]) if row.event_id else ""
    label = str(row.get_opt_display()) if row.opt else _("not decided yet")
    return [
        {"text": row.event_ref, "sub": _("only a test") if row.is_test else ""},
        {"label": heads[1], "text": span_words(row.start, row.end, zone)},
        {
            "label": heads[2],
            "text": _("Open the event") if url else note_words(row.note),
            "url": url,
            "sub": note_words(row.note) if url else "",
        },
        {"label": heads[3], "text": label, "sub": _said(row)},
    ]


def _said(row: UpstreamEvent) -> str:
    if not row.wants_answer:
        return _("nobody waits for one")
    is_told = row.answered_modification == row.modification_number and row.answered_opt == row.opt
    return _("it knows") if is_told else _("it will be told at the next poll")


def report_columns() -> list[dict[str, Any]]:
    """The columns of `report_rows`."""
    return [{"label": name} for name in (_("Report"), _("Each"), _("Told until"), _("State"))]


def report_rows(found: Iterable[UpstreamReport], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html."""
    heads = [column["label"] for column in report_columns()]
    return [
        {
            "cells": [
                {"text": row.request_id},
                {"label": heads[1], "text": _("%(minutes)d min") % {"minutes": row.granularity_seconds // 60}},
                {"label": heads[2], "text": moment_words(row.sent_until, zone)},
                {
                    "label": heads[3],
                    "badge": _("ended") if row.ended_at else _("running"),
                    "tone": "" if row.ended_at else "good",
                },
            ]
        }
        for row in found
    ]


def waits(row: Upstream) -> int:
    """How many of its events wait for somebody."""
    return UpstreamEvent.objects.filter(waiting(), upstream=row).count()
