"""What anybody may know of a distributor: its open programs and what was saved and paid in all."""

from fractions import Fraction
from typing import Any

from django.db.models import Count, OuterRef, Subquery, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from common.speech import number_words
from dashboards.words import money
from events.models import Event, EventState, Program
from events.term_words import limit_words, notice_words, pay_sentences, season_words
from organizations.models import Distributor
from settlement.exact import from_cents, sum_of_cents
from settlement.models import LedgerEntry, SettlementLine, Unit
from settlement.models.ledger import Account
from settlement.selectors import newest_runs

FINISHED = (EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED, EventState.CLOSED)


def open_programs(distributor: Distributor | None) -> list[dict[str, Any]]:
    """What each open program pays and asks, in the words of the page."""
    if distributor is None:
        return []
    programs = Program.objects.filter(
        distributor=distributor, is_open=True, versions__published_at__isnull=False
    ).distinct()
    return [_offer(program) for program in programs]


def _offer(program: Program) -> dict[str, Any]:
    version = program.current
    return {
        "name": program.name,
        "text": program.description,
        "price": "; ".join(pay_sentences(version)) or _("Nothing in money or points"),
        "when": season_words(version),
        "limit": limit_words(version),
        "notice": notice_words(version),
        "penalty": bool(version.penalty_per_kw),
        "detail_url": reverse("program_detail", args=[program.pk]),
    }


def season(distributor: Distributor | None) -> dict[str, Any] | None:
    """Finished events, participants, energy saved and money paid; None before the first event is settled."""
    if distributor is None:
        return None
    newest = newest_runs().filter(event=OuterRef("pk")).values("pk")[:1]
    events = Event.objects.filter(program__distributor=distributor, state__in=FINISHED)
    runs = [run for run in events.annotate(run=Subquery(newest)).values_list("run", flat=True) if run]
    if not runs:
        return None
    saved = SettlementLine.objects.filter(run__in=runs).aggregate(
        wh=Sum("delivered_wh"), meters=Count("meter", distinct=True)
    )
    owed = LedgerEntry.objects.filter(batch__distributor=distributor, account=Account.OWED, unit=Unit.MONEY)
    paid = from_cents(owed.aggregate(cents=sum_of_cents("amount"))["cents"])
    return {
        "events_finished": events.count(),
        "participants": saved["meters"],
        "saved_mwh": number_words(Fraction(saved["wh"] or 0, 1_000_000), 2),
        "paid": money(paid, distributor.currency),
    }
