"""Disputes as their holder reads them: whether one may object, the list, the thread and the clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from common.errors import PortalError
from common.intervals import local_day
from common.speech import day_words as date_words
from dashboards.selectors.rewards import points_words
from dashboards.times import day_words, moment_words
from dashboards.words import money
from organizations.access import Role, role_of
from settlement.models import Adjustment, AdjustmentState, Dispute, DisputeState, LedgerBatch, SettlementLine, Unit
from settlement.services.disputes import lacks_remedy
from settlement.services.objections import check_can_open, last_day_to_object

WORDS = {
    DisputeState.OPEN: gettext_lazy("Waits for an answer"),
    DisputeState.ANSWERED: gettext_lazy("Answered"),
    DisputeState.IN_FAVOR: gettext_lazy("Resolved in your favor"),
    DisputeState.AGAINST: gettext_lazy("Resolved, the amount stays"),
    DisputeState.WITHDRAWN: gettext_lazy("Withdrawn"),
}
TONES = {
    DisputeState.OPEN: "attention",
    DisputeState.ANSWERED: "info",
    DisputeState.IN_FAVOR: "good",
    DisputeState.AGAINST: "",
    DisputeState.WITHDRAWN: "",
}
# What a dispute's page and rows read of it.
RELATED = (
    "participation__event__program__distributor", "participation__event__version", "participation__meter",
    "line__run", "run__batch", "opened_by", "decided_by", "distributor",
)  # fmt: skip


def may_object(user: User) -> bool:
    """Whether the reader objects for whom the rewards are: a resident, or an organization's admin."""
    return role_of(user) in (Role.RESIDENT, Role.ORGANIZATION_ADMIN)


def objecting(user: User, line: SettlementLine) -> dict[str, Any]:
    """What the page of an amount says of objecting: a dispute there is, the way to open one, or why not."""
    rows = Dispute.objects.visible_to(user).filter(
        participation__event=line.run.event_id, participation__meter=line.meter_id
    )
    dispute = rows.order_by("-pk").first()
    if dispute is not None and dispute.is_undecided:
        return {
            "dispute": dispute,
            "dispute_url": url_of(user, dispute),
            "clock": clock_words(dispute, zone_of(dispute)),
        }
    found: dict[str, Any] = {"dispute": dispute, "dispute_url": url_of(user, dispute) if dispute else ""}
    if not (role_of(user) is Role.RESIDENT or role_of(user).is_member):
        return found
    try:
        check_can_open(line)
    except PortalError as refusal:
        return found | {"no_objection": str(refusal)}
    if not may_object(user):
        return found | {"no_objection": _("The admins of your organization can object to this amount.")}
    return found | {"object_url": reverse("reward_dispute", args=[line.pk]), "until": until_words(line)}


def until_words(line: SettlementLine) -> str:
    """Until when one may object."""
    last = last_day_to_object(line)
    if last is None:
        return _("You may object to an estimate, too; or wait for the final figure.")
    return _("You can object until %(day)s.") % {"day": date_words(last, "date")}


def url_of(user: User, dispute: Dispute) -> str:
    """The dispute's page for this reader."""
    is_operator = role_of(user).is_staff or role_of(user) is Role.PLATFORM
    return reverse("operator_dispute" if is_operator else "dispute", args=[dispute.pk])


def zone_of(dispute: Dispute) -> ZoneInfo:
    """The program's clock."""
    return dispute.participation.event.program.zone


def clock_words(dispute: Dispute, zone: ZoneInfo) -> str:
    """When the answer is due, and how far that is off; nothing where none is owed."""
    if dispute.state != DisputeState.OPEN:
        return ""
    # The clock ends with the day before this instant.
    last = local_day(dispute.due_at - timedelta(seconds=1), zone)
    left = (last - local_day(timezone.now(), zone)).days
    words = {"day": date_words(last, "date"), "days": abs(left)}
    if dispute.is_overdue:
        return _("An answer was due by %(day)s; it is late.") % words
    if left == 0:
        return _("An answer is due today.")
    said = ngettext(
        "An answer is due by %(day)s, in %(days)d day.", "An answer is due by %(day)s, in %(days)d days.", left
    )
    return said % words


def badge_of(dispute: Dispute) -> dict[str, str]:
    """The state as word and tone."""
    if dispute.is_overdue:
        return {"badge": _("Overdue"), "tone": "danger"}
    state = DisputeState(dispute.state)
    return {"badge": str(WORDS[state]), "tone": TONES[state]}


def event_words(dispute: Dispute) -> str:
    """The event that it is about, by day."""
    event = dispute.participation.event
    start = event.start.astimezone(event.program.zone)
    return f"{day_words(event.start, event.program.zone)} {start.year}"


def dispute_columns(*, with_meter: bool) -> list[dict[str, Any]]:
    """The columns of `dispute_rows`."""
    names = [_("Event"), *([_("Meter")] if with_meter else []), _("What is wrong"), _("State")]
    return [{"label": name, "numeric": False} for name in names]


def dispute_rows(disputes: Sequence[Dispute], *, with_meter: bool) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html for a holder."""
    return [{"cells": _cells(dispute, with_meter)} for dispute in disputes]


def _cells(dispute: Dispute, with_meter: bool) -> list[dict[str, Any]]:
    program = dispute.participation.event.program
    what = {"text": dispute.get_category_display().capitalize(), "sub": clock_words(dispute, program.zone)}
    return [
        {"text": event_words(dispute), "sub": program.name, "url": reverse("dispute", args=[dispute.pk])},
        *([{"label": _("Meter"), "text": dispute.participation.meter.label}] if with_meter else []),
        {"label": _("What is wrong"), **what},
        {"label": _("State"), **badge_of(dispute)},
    ]


def thread_of(dispute: Dispute, *, for_operator: bool) -> list[dict[str, Any]]:
    """What was said and done, in order, the opening first. One query."""
    zone = zone_of(dispute)
    them = _("The participant") if for_operator else _("You")
    opened = _("%(who)s objected: %(what)s") % {"who": them, "what": dispute.get_category_display()}
    items: list[tuple[datetime, str, str]] = [(dispute.opened_at, opened, "")]
    for said in dispute.messages.select_related("author"):
        name = dispute.distributor.name if said.is_from_distributor else them
        if for_operator:
            name = f"{name} ({said.author.email})"
        items.append((said.written_at, name, said.words or _("(taken out when the account was closed)")))
    if dispute.decided_at is not None:
        items.append((dispute.decided_at, badge_of(dispute)["badge"], dispute.outcome))
    return [
        {"when": moment_words(at, zone), "title": title, "text": text}
        for at, title, text in sorted(items, key=lambda item: item[0])
    ]


def remedy_words(dispute: Dispute) -> list[dict[str, str]]:
    """What came of a dispute in favor: a correction or adjustments, each with its entry in the ledger."""
    if dispute.state != DisputeState.IN_FAVOR:
        return []
    if dispute.run is not None and not lacks_remedy(dispute) and not dispute.adjustments.exists():
        return [_run_words(dispute)]
    words = [_adjustment_words(row, dispute) for row in dispute.adjustments.select_related("batch").order_by("pk")]
    if lacks_remedy(dispute):
        words.append({"label": _("Now"), "value": _("A new adjustment is being prepared.")})
    return words


def _run_words(dispute: Dispute) -> dict[str, str]:
    assert dispute.run is not None
    # The run's own posting, or a later one: either brought the ledger to what is right now.
    batches = LedgerBatch.objects.filter(run__event=dispute.run.event_id, run__number__gte=dispute.run.number)
    batch = batches.order_by("number").first()
    label = _("Settled again")
    if batch is None:
        return {"label": label, "value": _("Waits for a second person; then the difference is posted.")}
    when = moment_words(batch.posted_at, zone_of(dispute))
    return {
        "label": label,
        "value": _("Posted on %(when)s, entry %(number)d of the ledger.") % {"when": when, "number": batch.number},
    }


def _adjustment_words(row: Adjustment, dispute: Dispute) -> dict[str, str]:
    label = adjustment_amount(row, dispute.distributor.currency)
    if row.batch is not None:
        words = {"when": moment_words(row.batch.posted_at, zone_of(dispute)), "number": row.batch.number}
        return {"label": label, "value": _("Posted on %(when)s, entry %(number)d of the ledger.") % words}
    if row.state == AdjustmentState.REFUSED:
        return {"label": label, "value": _("Not agreed to by the second person.")}
    return {"label": label, "value": _("Waits for a second person; then it is posted.")}


def adjustment_amount(row: Adjustment, currency: str) -> str:
    """The amount with its sign and unit."""
    if row.unit == Unit.POINTS:
        return points_words(int(row.amount))
    return ("+" if row.amount > 0 else "") + money(row.amount, currency)
