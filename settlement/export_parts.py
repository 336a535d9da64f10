"""What a copy of the own data has from this room."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.exports import register_part
from accounts.models import User
from settlement.models import Account, LedgerEntry, SettlementLine

Rows = Iterator[dict[str, Any]]


def _lines(user: User) -> Rows:
    rows = SettlementLine.objects.filter(holder_id=user.pk).select_related("run__event__program", "meter")
    for row in rows.order_by("id").iterator(chunk_size=1000):
        yield {
            "program": row.run.event.program.name,
            "event_start": row.run.event.start,
            "run": row.run.number,
            "run_kind": row.run.kind,
            "meter": row.meter.number,
            "kind": row.kind,
            "status": row.status,
            "usual_wh": row.baseline_wh,
            "used_wh": row.event_wh,
            "delivered_wh": row.delivered_wh,
            "nomination_kw": row.nomination_kw,
            "credit": row.credit,
        }


def _entries(user: User) -> Rows:
    rows = LedgerEntry.objects.filter(holder_id=user.pk, account=Account.OWED).select_related("batch__distributor")
    for row in rows.order_by("id").iterator(chunk_size=1000):
        yield {
            "posted_at": row.batch.posted_at,
            "batch": row.batch.number,
            "amount": row.amount,
            "currency": row.batch.distributor.currency,
        }


register_part("rewards", _lines, title=_("how each of your rewards was worked out"))
register_part("ledger", _entries, title=_("what the books say is owed to you"))
