"""The distributor's ledger: its postings, its heads, and what is owed."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from common.speech import day_words, number_words
from common.spreadsheet import safe_cell
from dashboards.operator_facts.events import event_name
from dashboards.operator_facts.holders import holder_names
from dashboards.operator_facts.settlement_run import SHORT_HASH, person
from dashboards.times import moment_words
from dashboards.words import money
from organizations.models import Distributor
from settlement.exact import from_cents, sum_of_cents
from settlement.models import Account, BatchKind, LedgerBatch, LedgerEntry, Unit
from settlement.services.ledger_check import DailyHead

MOST_HOLDERS = 25
ENTRY_COLUMNS = (
    "batch", "posted_at", "kind", "reason", "account", "holder", "holder_name", "unit", "amount", "key", "sha256",
)  # fmt: skip
CHUNK = 500


def batches(distributor: Distributor) -> QuerySet[LedgerBatch]:
    """The postings, newest first, with what each adds to what is owed."""
    rows = LedgerBatch.objects.filter(distributor=distributor).order_by("-number")
    return rows.select_related("run__event__program__distributor", "posted_by")


def batch_columns() -> list[dict[str, Any]]:
    """The columns of `batch_rows`."""
    names = [_("Posting"), _("For"), _("By"), _("Entries"), _("Owed"), _("Hash")]
    return [{"label": name, "numeric": place in (3, 4)} for place, name in enumerate(names)]


def batch_rows(page: Sequence[LedgerBatch], distributor: Distributor) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html. One query."""
    is_owed = Q(account=Account.OWED, unit=Unit.MONEY)
    entries = LedgerEntry.objects.filter(batch__in=[batch.pk for batch in page]).order_by().values("batch")
    sums = {
        row["batch"]: dict(row) for row in entries.annotate(n=Count("pk"), cents=sum_of_cents("amount", only=is_owed))
    }
    return [{"cells": _cells(batch, sums.get(batch.pk, {}), distributor)} for batch in page]


def _cells(batch: LedgerBatch, sums: dict[str, Any], distributor: Distributor) -> list[dict[str, Any]]:
    what, url = _what(batch)
    return [
        {"text": f"{batch.number}", "sub": moment_words(batch.posted_at, distributor.zone)},
        {"label": _("For"), "text": what, "url": url},
        {"label": _("By"), "text": person(batch.posted_by)},
        {"label": _("Entries"), "text": number_words(sums.get("n", 0)), "numeric": True},
        {"label": _("Owed"), "text": money(from_cents(sums.get("cents")), distributor.currency), "numeric": True},
        {"label": _("Hash"), "text": batch.sha256[:SHORT_HASH] + "…"},
    ]


def head_columns() -> list[dict[str, Any]]:
    """The columns of `head_rows`."""
    names = [_("Day"), _("Postings"), _("Last posting"), _("Head")]
    return [{"label": name, "numeric": place in (1, 2)} for place, name in enumerate(names)]


def head_rows(heads: Sequence[DailyHead]) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html: the hash of the last posting of each day."""
    return [
        {
            "cells": [
                {"text": day_words(head.day)},
                {"label": _("Postings"), "text": number_words(head.batches), "numeric": True},
                {"label": _("Last posting"), "text": str(head.number), "numeric": True},
                {"label": _("Head"), "text": head.sha256},
            ]
        }
        for head in heads
    ]


def _what(batch: LedgerBatch) -> tuple[str, str]:
    """What a posting is for, and the page that tells more."""
    if batch.run is not None:
        return event_name(batch.run.event), reverse("operator_settlement_run", args=[batch.run_id])
    kind = str(BatchKind(batch.kind).label).capitalize()
    return (f"{kind}: {batch.reason}" if batch.reason else kind), ""


def holders(distributor: Distributor) -> list[dict[str, Any]]:
    """Those to whom most money is owed, with their points. Three queries."""
    found = list(_by_holder(distributor).filter(unit=Unit.MONEY).order_by("-cents", "holder_id")[:MOST_HOLDERS])
    ids = [row["holder_id"] for row in found]
    points = _by_holder(distributor).filter(unit=Unit.POINTS, holder__in=ids)
    points_of = {row["holder_id"]: from_cents(row["cents"]) for row in points}
    names = holder_names(ids)
    return [
        {
            "name": names.get(row["holder_id"], "–"),
            "money": money(from_cents(row["cents"]), distributor.currency),
            "points": number_words(points_of.get(row["holder_id"], 0)),
        }
        for row in found
    ]


def _by_holder(distributor: Distributor) -> Any:
    entries = LedgerEntry.objects.filter(
        batch__distributor=distributor, account=Account.OWED, holder__isnull=False
    ).order_by()
    return entries.values("holder_id", "unit").annotate(cents=sum_of_cents("amount"))


def entry_rows(distributor: Distributor) -> Iterator[Sequence[object]]:
    """Every entry in the order of the chain, for a file, under its columns."""
    yield ENTRY_COLUMNS
    entries = LedgerEntry.objects.filter(batch__distributor=distributor).select_related("batch")
    chunk: list[LedgerEntry] = []
    for entry in entries.order_by("batch__number", "key").iterator(chunk_size=CHUNK):
        chunk.append(entry)
        if len(chunk) == CHUNK:
            yield from _written(chunk)
            chunk = []
    yield from _written(chunk)


def _written(entries: Sequence[LedgerEntry]) -> Iterator[Sequence[object]]:
    names = holder_names({entry.holder_id for entry in entries if entry.holder_id})
    for entry in entries:
        batch = entry.batch
        yield (
            batch.number, f"{batch.posted_at:%Y-%m-%dT%H:%M:%SZ}", batch.kind, safe_cell(batch.reason), entry.account,
            entry.holder_id or "", safe_cell(names.get(entry.holder_id or 0, "")), entry.unit, f"{entry.amount:.2f}",
            entry.key, batch.sha256,
        )  # fmt: skip
