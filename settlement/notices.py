"""What people are told of a reward."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ApprovalStatus, User
from common.speech import day_words, money_words, number_words
from delivery.letters import Letter, letter
from delivery.models import Topic
from delivery.notify import Told, notify_many
from delivery.tenants import site_url_for
from events.models import Event
from organizations.access import holder_id_of
from settlement.exact import from_cents, sum_of_cents
from settlement.models import Account, BatchKind, LedgerBatch, LedgerEntry, SettlementRun, Unit

KIND = "reward-notice"
ESTIMATE_KIND = "reward-estimate"
AMOUNT_KIND = "ledger-amount"
# Whoever settles the events of past years tells nobody of each.
NEWS = timedelta(days=30)


def tell_holders(*, batch: LedgerBatch, event: Event, entries: Iterable[LedgerEntry]) -> int:
    """How many people are told what this batch adds to what they are owed; an old event is no news."""
    if event.end < timezone.now() - NEWS:
        return 0
    entries = list(entries)
    amounts, points = _amounts(entries), _amounts(entries, Unit.POINTS)
    told = [
        Told(
            user=user,
            payload=_payload(user, event) | _sums(amounts, points, holder_id_of(user)),
            dedupe_key=f"reward-{batch.pk}-{user.pk}",
        )
        for user in people_behind(_concerned(amounts, points))
    ]
    notify_many(kind=KIND, people=told)
    return len(told)


def tell_estimate(*, run: SettlementRun) -> int:
    """How many people are told what an event will probably pay them; each hears of one estimate of an event."""
    event = run.event
    if event.end < timezone.now() - NEWS:
        return 0
    rows = run.lines.filter(holder__isnull=False).order_by().values_list("holder_id")
    amounts = {holder_id: from_cents(cents) for holder_id, cents in rows.annotate(cents=sum_of_cents("credit"))}
    through = run.data_through or event.end
    told = [
        Told(
            user=user,
            payload=_payload(user, event)
            | {"amount": str(amounts[holder_id_of(user)]), "through": through.isoformat()},
            dedupe_key=f"estimate-{event.pk}-{user.pk}",
        )
        for user in people_behind([holder_id for holder_id, amount in amounts.items() if amount > 0])
    ]
    notify_many(kind=ESTIMATE_KIND, people=told)
    return len(told)


def tell_amounts(*, batch: LedgerBatch, entries: Iterable[LedgerEntry]) -> int:
    """How many people are told of an amount that rests on no single event: a month's pay, or an adjustment."""
    entries = list(entries)
    amounts, points = _amounts(entries), _amounts(entries, Unit.POINTS)
    told = [
        Told(
            user=user,
            payload={
                "name": user.get_short_name(),
                "reason": batch.reason,
                "kind": str(batch.kind),
                "tenant": batch.distributor_id,
                "currency": batch.distributor.currency,
            }
            | _sums(amounts, points, holder_id_of(user)),
            dedupe_key=f"amount-{batch.pk}-{user.pk}",
        )
        for user in people_behind(_concerned(amounts, points))
    ]
    notify_many(kind=AMOUNT_KIND, people=told)
    return len(told)


def _amounts(entries: Iterable[LedgerEntry], unit: Unit = Unit.MONEY) -> dict[int, Decimal]:
    """Holder id -> what these entries add to what is owed to them."""
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.account == Account.OWED and entry.holder_id is not None and entry.unit == unit:
            amounts[entry.holder_id] += entry.amount
    return amounts


def _concerned(*amounts: Mapping[int, Decimal]) -> list[int]:
    """The holders to whom any of these adds something."""
    return sorted({holder_id for each in amounts for holder_id, amount in each.items() if amount})


def _sums(amounts: Mapping[int, Decimal], points: Mapping[int, Decimal], holder_id: int | None) -> dict[str, str]:
    """One holder's part of a payload."""
    if holder_id is None:
        return {"amount": "0", "points": "0"}
    return {"amount": str(amounts.get(holder_id, 0)), "points": str(points.get(holder_id, 0))}


def _worth(payload: dict[str, Any]) -> tuple[Decimal, str]:
    """What a posting adds, as a number that says whether it is more or less, and in words; points where it is no money.

    Letters of before there were points in them have none.
    """
    amount, points = Decimal(payload["amount"]), int(Decimal(payload.get("points", 0)))
    count = ngettext("%(count)s point", "%(count)s points", abs(points)) % {"count": number_words(abs(points))}
    if not amount:
        return Decimal(points), count
    money = money_words(abs(amount), payload["currency"])
    if points and (points > 0) == (amount > 0):
        return amount, _("%(money)s and %(points)s") % {"money": money, "points": count}
    return amount, money


def _payload(user: User, event: Event) -> dict[str, Any]:
    program = event.program
    return {
        "name": user.get_short_name(),
        "tenant": program.distributor_id,
        "currency": program.distributor.currency,
        "program": program.name,
        "start": event.start.isoformat(),
        "zone": program.zone.key,
    }


def people_behind(holders: list[int]) -> QuerySet[User]:
    """The residents among these holders, and the people of the organizations."""
    approved = User.objects.filter(approval_status=ApprovalStatus.APPROVED, is_active=True)
    behind = approved.filter(Q(pk__in=holders) | Q(membership__organization__in=holders))
    found: QuerySet[User] = behind.select_related("membership").order_by("pk")
    return found


@letter(KIND, Topic.REWARDS)
def write_reward(payload: dict[str, Any]) -> Letter:
    """What was earned in which event; a correction may take something back."""
    amount, worth = _worth(payload)
    day = datetime.fromisoformat(payload["start"]).astimezone(ZoneInfo(payload["zone"])).date()
    words = {
        "program": payload["program"],
        "day": day_words(day),
        "amount": worth,
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


@letter(ESTIMATE_KIND, Topic.REWARDS)
def write_estimate(payload: dict[str, Any]) -> Letter:
    """What an event will probably pay, and up to when readings were in."""
    zone = ZoneInfo(payload["zone"])
    start, through = (datetime.fromisoformat(payload[name]).astimezone(zone) for name in ("start", "through"))
    words = {
        "program": payload["program"],
        "day": day_words(start.date()),
        "amount": money_words(Decimal(payload["amount"]), payload["currency"]),
        "through": f"{day_words(through.date())} {through:%H:%M}",
        "site": site_url_for(payload["tenant"]) + reverse("rewards"),
    }
    title = _("Provisional: %(amount)s for the event on %(day)s") % words
    body = (
        _(
            "A first estimate for the event of %(program)s on %(day)s: %(amount)s. It rests on the readings up to "
            "%(through)s and may change; the final figure follows once all readings are checked."
        )
        % words
    )
    text = "\n\n".join([_("Hello %(name)s,") % payload, body, _("See how it was worked out: %(site)s") % words])
    return Letter(title, text + "\n", title, body, reverse("rewards"))


@letter(AMOUNT_KIND, Topic.REWARDS)
def write_amount(payload: dict[str, Any]) -> Letter:
    """An amount beside the events: a month of standing by, or an adjustment and its reason."""
    amount, worth = _worth(payload)
    words = {
        "amount": worth,
        "reason": payload["reason"],
        "site": site_url_for(payload["tenant"]) + reverse("rewards"),
    }
    if payload["kind"] == BatchKind.MONTH:
        title = _("%(amount)s for standing by") % words if amount > 0 else _("Correction of your pay for standing by")
    else:
        title = _("%(amount)s added to your rewards") % words if amount > 0 else _("Your rewards were corrected")
    owed = (
        _("%(amount)s are owed to you: %(reason)s.")
        if amount > 0
        else _("%(amount)s less are owed to you: %(reason)s.")
    )
    body = owed % words
    text = "\n\n".join([_("Hello %(name)s,") % payload, body, _("Your rewards: %(site)s") % words])
    return Letter(title, text + "\n", title, body, reverse("rewards"))
