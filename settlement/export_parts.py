"""What a copy of the own data has from this room."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.exports import register_part
from accounts.models import User
from settlement.models import Account, Dispute, LedgerEntry, RunKind, SettlementLine, Unit

Rows = Iterator[dict[str, Any]]


def _lines(user: User) -> Rows:
    rows = SettlementLine.objects.filter(holder_id=user.pk, run__sealed_at__isnull=False)
    # A trial is an amount under a rule that nobody promised.
    rows = rows.exclude(run__kind=RunKind.TRIAL).select_related("run__event__program", "meter")
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
            "currency": row.batch.distributor.currency if row.unit == Unit.MONEY else "points",
        }


def _disputes(user: User) -> Rows:
    rows = Dispute.objects.filter(holder_id=user.pk).select_related("participation__event__program")
    for row in rows.prefetch_related("messages").order_by("id").iterator(chunk_size=1000):
        yield {
            "program": row.participation.event.program.name,
            "event_start": row.participation.event.start,
            "what": row.category,
            "state": row.state,
            "opened_at": row.opened_at,
            "answer_due_at": row.due_at,
            "outcome": row.outcome,
            "decided_at": row.decided_at,
            "said": [
                {"at": said.written_at, "by": "distributor" if said.is_from_distributor else "you", "words": said.words}
                for said in row.messages.all()
            ],
        }


register_part("rewards", _lines, title=_("how each of your rewards was worked out"))
register_part("ledger", _entries, title=_("what the books say is owed to you"))
register_part("disputes", _disputes, title=_("your objections, and what was said"))
