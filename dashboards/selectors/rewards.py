"""What events earned a reader: one reward per meter and event, final ones and estimates apart, nothing twice.

A reward's lines are those of the one run that speaks for its event (`settlement.selectors.shown_lines`). What the
ledger has beside events, for standing by and as adjustments, is an `Extra`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from common.speech import day_words as month_words
from common.speech import number_words
from dashboards.times import day_words, hours_words, moment_words
from dashboards.words import kwh, money
from events.models import Event
from meters.models import Meter
from settlement.evidence.bundle import ORDER
from settlement.models import (
    Account,
    BatchKind,
    Dispute,
    LedgerEntry,
    LineKind,
    LineStatus,
    RunKind,
    SettlementLine,
    Unit,
)
from settlement.selectors import shown_lines

NOTHING = Decimal("0.00")
MEASURED = (LineStatus.OK, LineStatus.NO_NOMINATION)
NOT_PAID = {
    LineStatus.INSUFFICIENT_HISTORY: gettext_lazy("Too few comparable days"),
    LineStatus.DATA_PENDING: gettext_lazy("Readings are missing"),
    LineStatus.UNMEASURED: gettext_lazy("Not measured"),
    LineStatus.NO_NOMINATION: gettext_lazy("No agreed power, so not paid"),
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Amounts and energy of some lines, and of what the ledger has beside them.

    Attributes:
        final: in the ledger; estimate: not yet.
        points: in the ledger.
        saved_wh, events: of final runs, in the ledger or not.
    """

    final: Decimal = NOTHING
    estimate: Decimal = NOTHING
    points: int = 0
    saved_wh: int = 0
    events: int = 0


@dataclass(frozen=True)
class Reward:
    """What one event came to for one meter: all its lines in one run, the one with the measurement first."""

    lines: tuple[SettlementLine, ...]

    @property
    def line(self) -> SettlementLine:
        """The one with the measurement, which opens the page."""
        return self.lines[0]

    @property
    def event(self) -> Event:
        """What it is for."""
        return self.line.run.event

    @property
    def meter(self) -> Meter:
        """Which meter it is for."""
        return self.line.meter

    @property
    def is_final(self) -> bool:
        """Whether it is in the ledger."""
        return is_final(self.line)

    @cached_property
    def credit(self) -> Decimal:
        """Money, all lines together."""
        return sum((line.credit for line in self.lines), NOTHING)

    @property
    def points(self) -> int:
        """Points, all lines together."""
        return sum(line.points for line in self.lines)

    @property
    def at(self) -> datetime:
        """Where it stands in a list by time."""
        return self.event.start


@dataclass(frozen=True)
class Extra:
    """One entry of the ledger that is no event's: pay for standing by, or an adjustment."""

    entry: LedgerEntry
    currency: str

    @property
    def at(self) -> datetime:
        """Where it stands in a list by time."""
        return self.entry.batch.posted_at

    @property
    def is_money(self) -> bool:
        """Whether it is money, and not points."""
        return self.entry.unit == Unit.MONEY

    @property
    def amount(self) -> str:
        """In words, with its unit."""
        if self.is_money:
            return money(self.entry.amount, self.currency)
        return points_words(int(self.entry.amount))


def lines_for(user: User) -> QuerySet[SettlementLine]:
    """The reader's lines, newest event first, each with `posted_at`, NULL for what is not in the ledger. One query."""
    visible = SettlementLine.objects.visible_to(user)
    return shown_lines(lines=visible).annotate(posted_at=F("run__batch__posted_at"))


def extras_for(user: User) -> list[Extra]:
    """What the ledger has for a customer beside events, newest first. One query."""
    entries = LedgerEntry.objects.visible_to(user).filter(account=Account.OWED).exclude(batch__kind=BatchKind.RUN)
    rows = entries.select_related("batch__distributor", "batch__month_run__program")
    rows = rows.order_by("-batch__posted_at", "key")
    return [Extra(entry, entry.batch.distributor.currency) for entry in rows]


def disputed_for(user: User) -> dict[tuple[int, int], Dispute]:
    """(event, meter) -> the dispute under way about it. One query."""
    rows = Dispute.objects.visible_to(user).undecided().select_related("participation")
    return {(row.participation.event_id, row.participation.meter_id): row for row in rows}


def rewards_of(lines: Iterable[SettlementLine]) -> list[Reward]:
    """One reward per event and meter, in the order in which they first appear."""
    found: dict[tuple[int, int], list[SettlementLine]] = {}
    for line in lines:
        found.setdefault((line.run.event_id, line.meter_id), []).append(line)
    return [Reward(tuple(sorted(same, key=_place))) for same in found.values()]


def _place(line: SettlementLine) -> int:
    kind = LineKind(line.kind)
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def sums_of(lines: Iterable[SettlementLine], *, since: datetime | None = None, extras: Iterable[Extra] = ()) -> Sums:
    """Totals of lines from `lines_for` and of extras, of what happened since a moment or of all."""
    counted = [line for line in lines if since is None or line.run.event.start >= since]
    beside = [extra for extra in extras if since is None or extra.at >= since]
    final = [line for line in counted if is_final(line)]
    worked_out = [line for line in counted if line.run.kind == RunKind.FINAL]
    beside_money = sum((extra.entry.amount for extra in beside if extra.is_money), NOTHING)
    return Sums(
        final=sum((line.credit for line in final), beside_money),
        estimate=sum((line.credit for line in counted if not is_final(line)), NOTHING),
        points=sum(line.points for line in final) + sum(int(e.entry.amount) for e in beside if not e.is_money),
        saved_wh=sum(line.delivered_wh for line in worked_out),
        events=len({line.run.event_id for line in worked_out}),
    )


def is_final(line: SettlementLine) -> bool:
    """Whether the amount of a line from `lines_for` is in the ledger."""
    return getattr(line, "posted_at", None) is not None


def currency_of(line: SettlementLine) -> str:
    """The currency of the line's amount."""
    return line.run.event.program.distributor.currency


def points_words(points: int) -> str:
    """So many points."""
    return ngettext("%(points)s point", "%(points)s points", points) % {"points": number_words(points)}


def amount_words(reward: Reward) -> str:
    """Money, and points beside it where there are some."""
    amount = money(reward.credit, currency_of(reward.line))
    return f"{amount} + {points_words(reward.points)}" if reward.points else amount


def earned_words(line: SettlementLine) -> str:
    """What the line came to besides money: the energy, or why there is none."""
    saved = _("%(kwh)s kWh saved") % {"kwh": kwh(line.delivered_wh, 3)}
    return saved if line.status == LineStatus.OK else str(NOT_PAID[LineStatus(line.status)])


def through_words(line: SettlementLine) -> str:
    """Up to when readings are in an estimate; nothing for a final figure."""
    through = line.run.data_through
    if line.run.kind != RunKind.PRELIMINARY or through is None:
        return ""
    return _("data up to %(time)s") % {"time": moment_words(through, line.run.event.program.zone)}


def badge_of(line: SettlementLine) -> dict[str, str]:
    """State of an amount as word and tone."""
    if line.status not in MEASURED:
        return {"badge": _("Not measured"), "tone": ""}
    if is_final(line):
        return {"badge": _("Final"), "tone": "good"}
    return {"badge": _("Estimate"), "tone": "estimate"}


def ledger_items(lines: Iterable[SettlementLine], *, with_meter: bool) -> list[dict[str, Any]]:
    """Rows of components/ledger.html, one per reward: each opens its page."""
    return [_reward_item(reward, with_meter) for reward in rewards_of(lines)]


def newest_items(lines: Iterable[SettlementLine], extras: Iterable[Extra], *, most: int) -> list[dict[str, Any]]:
    """The newest rewards and extras as rows of components/ledger.html."""
    return [
        _extra_item(row) if isinstance(row, Extra) else _reward_item(row, False)
        for row in by_time(rewards_of(lines), extras)[:most]
    ]


def by_time(rewards: Iterable[Reward], extras: Iterable[Extra]) -> list[Reward | Extra]:
    """Both together, newest first."""
    return sorted([*rewards, *extras], key=lambda row: row.at, reverse=True)


def _reward_item(reward: Reward, with_meter: bool) -> dict[str, Any]:
    line = reward.line
    told = [reward.meter.label] if with_meter else []
    return {
        "label": day_words(reward.event.start, reward.event.program.zone),
        "sub": ", ".join(filter(None, [*told, earned_words(line), through_words(line)])),
        "amount": amount_words(reward),
        "state": "final" if reward.is_final else "estimate",
        "url": reverse("reward_why", args=[line.pk]),
        **badge_of(line),
    }


def _extra_item(extra: Extra) -> dict[str, Any]:
    return {
        "label": extra_label(extra),
        "sub": extra_words(extra),
        "amount": extra.amount,
        "state": "final",
        "url": extra_url(extra),
    }


def extra_label(extra: Extra) -> str:
    """What an extra is, in a word or two."""
    return _("Standing by") if extra.entry.batch.kind == BatchKind.MONTH else _("Adjustment")


def extra_words(extra: Extra) -> str:
    """What it is for: the program and month that somebody stood by in, else the reason that was given."""
    month = getattr(extra.entry.batch, "month_run", None)
    if month is None:
        return extra.entry.batch.reason
    words = _("%(program)s: for being ready to use less in %(month)s")
    if month.number > 1 and extra.entry.amount < 0:
        words = _("%(program)s: correction of your pay for being ready in %(month)s")
    return words % {"program": month.program.name, "month": month_words(month.month, "month of year")}


def extra_url(extra: Extra) -> str:
    """Where more of it stands: the reward that it adjusts, else the month's statement."""
    if extra.entry.line_id is not None:
        return reverse("reward_why", args=[extra.entry.line_id])
    month = extra.at.astimezone(extra.entry.batch.distributor.zone)
    return reverse("statement", args=[f"{month:%Y-%m}"])


def event_items(lines: Sequence[SettlementLine]) -> list[dict[str, Any]]:
    """Rows of components/ledger.html, one per event with all its meters together: each opens the event."""
    events: dict[int, list[Reward]] = {}
    for reward in rewards_of(lines):
        events.setdefault(reward.event.pk, []).append(reward)
    return [_event_item(same) for same in events.values()]


def _event_item(rewards: Sequence[Reward]) -> dict[str, Any]:
    line, event = rewards[0].line, rewards[0].event
    saved_wh = sum(each.line.delivered_wh for each in rewards)
    meters = ngettext("%(count)s meter", "%(count)s meters", len(rewards)) % {"count": len(rewards)}
    points = sum(reward.points for reward in rewards)
    amount = money(sum((reward.credit for reward in rewards), NOTHING), currency_of(line))
    return {
        "label": day_words(event.start, event.program.zone),
        "sub": ", ".join(filter(None, [f"{kwh(saved_wh, 3)} kWh", meters, through_words(line)])),
        "amount": f"{amount} + {points_words(points)}" if points else amount,
        "state": "final" if all(reward.is_final for reward in rewards) else "estimate",
        "url": reverse("event_detail", args=[event.pk]),
    }


def reward_columns(*, with_meter: bool) -> list[dict[str, Any]]:
    """The columns of `reward_rows`."""
    names = [_("What for"), *([_("Meter")] if with_meter else []), _("Saved"), _("Amount"), _("State")]
    numeric = (_("Saved"), _("Amount"))
    return [{"label": name, "numeric": name in numeric} for name in names]


def reward_rows(
    rows: Iterable[Reward | Extra], *, with_meter: bool, disputed: dict[tuple[int, int], Dispute]
) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html: one per meter and event, and one per extra."""
    return [
        {"cells": _extra_cells(row, with_meter)}
        if isinstance(row, Extra)
        else {"cells": _cells(row, with_meter, disputed.get((row.event.pk, row.meter.pk)))}
        for row in rows
    ]


def _cells(reward: Reward, with_meter: bool, dispute: Dispute | None) -> list[dict[str, Any]]:
    line, event, zone = reward.line, reward.event, reward.event.program.zone
    when = f"{event.start.astimezone(zone).year}, {hours_words(event.start, event.end, zone)}"
    name = {
        "text": f"{day_words(event.start, zone)} {when}",
        "sub": ", ".join(filter(None, [event.program.name, through_words(line)])),
        "url": reverse("event_detail", args=[event.pk]),
    }
    meter = {"label": _("Meter"), "text": reward.meter.label, "url": reverse("meter_detail", args=[line.meter_id])}
    saved = earned_words(line) if line.status not in MEASURED else f"{kwh(line.delivered_wh, 3)} kWh"
    why = {"text": money(reward.credit, currency_of(line)), "url": reverse("reward_why", args=[line.pk])}
    points = {"sub": f"+ {points_words(reward.points)}"} if reward.points else {}
    state = {"badge": _("In dispute"), "tone": "attention"} if dispute else badge_of(line)
    return [
        name,
        *([meter] if with_meter else []),
        {"label": _("Saved"), "text": saved, "numeric": True},
        {"label": _("Amount"), **why, **points, "numeric": True},
        {"label": _("State"), **state},
    ]


def _extra_cells(extra: Extra, with_meter: bool) -> list[dict[str, Any]]:
    posted = extra.at.astimezone(extra.entry.batch.distributor.zone)
    told = f"{day_words(extra.at, extra.entry.batch.distributor.zone)} {posted.year}"
    return [
        {"text": extra_label(extra), "sub": ", ".join(filter(None, [told, extra_words(extra)]))},
        *([{"label": _("Meter"), "text": "–"}] if with_meter else []),
        {"label": _("Saved"), "text": "–", "numeric": True},
        {"label": _("Amount"), "text": extra.amount, "url": extra_url(extra), "numeric": True},
        {"label": _("State"), "badge": _("Final"), "tone": "good"},
    ]
