"""What people are told of a reward."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApprovalStatus, User
from common.speech import day_words, money_words
from delivery.letters import Letter, letter
from delivery.models import Topic
from delivery.notify import Told, notify_many
from delivery.tenants import site_url_for
from events.models import Event
from organizations.access import holder_id_of
from settlement.models import Account, LedgerBatch, LedgerEntry

KIND = "reward-notice"
# Whoever settles the events of past years tells nobody of each.
NEWS = timedelta(days=30)


def tell_holders(*, batch: LedgerBatch, event: Event, entries: Iterable[LedgerEntry]) -> int:
    """How many people are told what this batch adds to what they are owed; an old event is no news."""
    if event.end < timezone.now() - NEWS:
        return 0
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.account == Account.OWED and entry.holder_id is not None:
            amounts[entry.holder_id] += entry.amount
    holders = [holder_id for holder_id, amount in amounts.items() if amount]
    program = event.program
    told = [
        Told(
            user=user,
            payload={
                "name": user.get_short_name(),
                "amount": str(amounts[holder_id_of(user)]),
                "tenant": program.distributor_id,
                "currency": program.distributor.currency,
                "program": program.name,
                "start": event.start.isoformat(),
                "zone": program.zone.key,
            },
            dedupe_key=f"reward-{batch.pk}-{user.pk}",
        )
        for user in _people_behind(holders)
    ]
    notify_many(kind=KIND, people=told)
    return len(told)


def _people_behind(holders: list[int]) -> QuerySet[User]:
    approved = User.objects.filter(approval_status=ApprovalStatus.APPROVED, is_active=True)
    behind = approved.filter(Q(pk__in=holders) | Q(membership__organization__in=holders))
    found: QuerySet[User] = behind.select_related("membership").order_by("pk")
    return found


@letter(KIND, Topic.REWARDS)
def write_reward(payload: dict[str, Any]) -> Letter:
    """What was earned in which event; a correction may take something back."""
    amount = Decimal(payload["amount"])
    day = datetime.fromisoformat(payload["start"]).astimezone(ZoneInfo(payload["zone"])).date()
    words = {
        "program": payload["program"],
        "day": day_words(day),
        "amount": money_words(abs(amount), payload["currency"]),
        "site": site_url_for(payload["tenant"]) + reverse("rewards"),
    }
    if amount > 0:
        title = _("%(amount)s for the event on %(day)s") % words
        body = _("The event of %(program)s on %(day)s is settled: %(amount)s are owed to you.") % words
    else:
        title = _("Correction of the event on %(day)s") % words
        body = _("The event of %(program)s on %(day)s was worked out anew: %(amount)s less are owed to you.") % words
    text = "\n\n".join([_("Hello %(name)s,") % payload, body, _("See how it was worked out: %(site)s") % words])
    return Letter(title, text + "\n", title, body, reverse("rewards"))
