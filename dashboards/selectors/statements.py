"""What a statement's page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from common.intervals import local_day
from common.speech import day_words, money_words, number_words
from organizations.access import role_of
from organizations.models import Distributor
from settlement.models import BatchKind, LedgerEntry, LineKind, Unit
from settlement.reports.statements import Posted, Statement


@dataclass(frozen=True)
class Holder:
    """Whose statements these are: a resident's own, or an organization's for its members."""

    name: str
    entries: QuerySet[LedgerEntry]
    distributor: Distributor
    is_organization: bool

    @property
    def zone(self) -> ZoneInfo:
        """The clock whose months count."""
        return self.distributor.zone

    @property
    def currency(self) -> str:
        """What amounts are in."""
        return self.distributor.currency


def holder_of(user: User) -> Holder:
    """The holder for whom a customer reads."""
    distributor = Distributor.objects.get(pk=user.distributor_id)
    entries = LedgerEntry.objects.visible_to(user)
    if role_of(user).is_member:
        return Holder(user.membership.organization.name, entries, distributor, is_organization=True)
    return Holder(user.get_full_name() or user.email, entries, distributor, is_organization=False)


def crumbs(holder: Holder, *, month: date | None = None) -> list[dict[str, str]]:
    """The way to a statement."""
    rewards = "organization_rewards" if holder.is_organization else "rewards"
    found = [{"label": _("Rewards"), "url": reverse(rewards)}]
    return found if month is None else [*found, {"label": _("Statements"), "url": reverse("statements")}]


def month_rows(months: Sequence[date]) -> list[dict[str, str]]:
    """The months with a link each."""
    return [
        {"label": day_words(month, "month of year"), "url": reverse("statement", args=[f"{month:%Y-%m}"])}
        for month in months
    ]


def statement_context(statement: Statement, holder: Holder) -> dict[str, Any]:
    """Everything of components/table.html and the sums."""
    units = [unit for unit in Unit if statement.opening[unit] or statement.closing[unit] or statement.sum_of(unit)]
    month = f"{statement.month:%Y-%m}"
    return {
        "title": _("Statement of %(month)s") % {"month": day_words(statement.month, "month of year")},
        "holder": holder,
        "crumbs": crumbs(holder, month=statement.month),
        "sums": [_sums(statement, unit, holder.currency) for unit in units or [Unit.MONEY]],
        "rows": [_row(each, holder) for each in statement.posted],
        "columns": [
            {"label": _("Posted"), "numeric": False},
            {"label": _("What for"), "numeric": False},
            {"label": _("Amount"), "numeric": True},
        ],
        "head": statement.head,
        "csv_url": reverse("statement_csv", args=[month]),
        "json_url": reverse("statement_json", args=[month]),
    }


def what_words(each: Posted) -> str:
    """What an entry is for, in two or three words."""
    if each.kind == BatchKind.RUN and each.line_kind:
        return str(LineKind(each.line_kind).label)
    return str(each.kind.label)


def _sums(statement: Statement, unit: Unit, currency: str) -> dict[str, str]:
    return {
        "unit": unit,
        "opening": amount_words(statement.opening[unit], unit, currency),
        "posted": amount_words(statement.sum_of(unit), unit, currency),
        "closing": amount_words(statement.closing[unit], unit, currency),
    }


def amount_words(amount: Any, unit: Unit, currency: str) -> str:
    """Money with its currency, points as a whole number."""
    if unit == Unit.MONEY:
        return money_words(amount, currency)
    return _("%(count)s points") % {"count": number_words(amount)}


def _row(each: Posted, holder: Holder) -> dict[str, Any]:
    event = "" if each.start is None else day_words(local_day(each.start, holder.zone), "date")
    what = {
        "label": _("What for"),
        "text": what_words(each).capitalize(),
        "sub": ", ".join(text for text in (each.program, event, each.meter, each.reason) if text),
    }
    if each.line_id is not None:
        what["url"] = reverse("reward_why", args=[each.line_id])
    amount = amount_words(each.amount, each.unit, holder.currency)
    return {
        "cells": [
            {"text": day_words(local_day(each.at, holder.zone), "date")},
            what,
            {"label": _("Amount"), "text": amount, "numeric": True},
        ]
    }
