"""What anybody may know of a distributor: its open programs and what was saved and paid in all."""

from fractions import Fraction
from typing import Any

from django.db.models import Count, OuterRef, Subquery, Sum
from django.utils.translation import gettext as _

from common.speech import number_words
from dashboards.words import money
from events.models import Event, EventState, Program
from organizations.models import Distributor
from settlement.exact import from_cents, sum_of_cents
from settlement.models import LedgerEntry, SettlementLine, SettlementRun
from settlement.models.ledger import Account

FINISHED = (EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED, EventState.CLOSED)


def open_programs(distributor: Distributor | None) -> list[dict[str, Any]]:
    """Name and price of each open program, in the words of the page."""
    if distributor is None:
        return []
    programs = Program.objects.filter(distributor=distributor, is_open=True, versions__isnull=False).distinct()
    return [
        {
            "name": program.name,
            "price": _("%(price)s for each kilowatt you use less, on average over an event")
            % {"price": money(program.current.rate_per_kw, distributor.currency)},
            "when": program.description,
        }
        for program in programs
    ]


def season(distributor: Distributor | None) -> dict[str, Any] | None:
    """Finished events, participants, energy saved and money paid; None before the first event is settled."""
    if distributor is None:
        return None
    newest = SettlementRun.objects.filter(event=OuterRef("pk")).order_by("-number").values("pk")[:1]
    events = Event.objects.filter(program__distributor=distributor, state__in=FINISHED)
    runs = [run for run in events.annotate(run=Subquery(newest)).values_list("run", flat=True) if run]
    if not runs:
        return None
    saved = SettlementLine.objects.filter(run__in=runs).aggregate(
        wh=Sum("delivered_wh"), meters=Count("meter", distinct=True)
    )
    owed = LedgerEntry.objects.filter(batch__distributor=distributor, account=Account.OWED)
    paid = from_cents(owed.aggregate(cents=sum_of_cents("amount"))["cents"])
    return {
        "events_finished": events.count(),
        "participants": saved["meters"],
        "saved_mwh": number_words(Fraction(saved["wh"] or 0, 1_000_000), 2),
        "paid": money(paid, distributor.currency),
    }
