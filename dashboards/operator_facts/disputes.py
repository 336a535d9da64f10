"""The queue of disputes, and the list of adjustments, as the distributor's people read them."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.fields import normalize_email
from accounts.models import Entity, User
from dashboards.operator_facts.holders import holder_names
from dashboards.operator_facts.settlement_run import person
from dashboards.selectors.disputes import RELATED, adjustment_amount, badge_of, clock_words, event_words
from dashboards.times import moment_words
from meters.models import Meter
from meters.selectors import holders_at
from organizations.models import Distributor, Organization
from settlement.models import Adjustment, AdjustmentState, Dispute, DisputeCategory, DisputeState

UNDECIDED = "undecided"
STATES = {
    UNDECIDED: gettext_lazy("Not decided yet"),
    DisputeState.OPEN.value: gettext_lazy("Waits for an answer"),
    "overdue": gettext_lazy("Overdue"),
    DisputeState.ANSWERED.value: gettext_lazy("Answered, not decided"),
    DisputeState.IN_FAVOR.value: gettext_lazy("Resolved in favor"),
    DisputeState.AGAINST.value: gettext_lazy("Resolved, the amount stays"),
    DisputeState.WITHDRAWN.value: gettext_lazy("Withdrawn"),
}
TONES = {AdjustmentState.ASKED: "attention", AdjustmentState.APPROVED: "good", AdjustmentState.REFUSED: ""}


def queue(rows: QuerySet[Dispute], *, state: str, category: str) -> QuerySet[Dispute]:
    """Disputes in a state and of a category (empty: every): what waits for an answer first, the oldest first."""
    if state == "overdue":
        rows = rows.filter(state=DisputeState.OPEN, due_at__lt=timezone.now())
    elif state == UNDECIDED:
        rows = rows.filter(state__in=(DisputeState.OPEN, DisputeState.ANSWERED))
    elif state in DisputeState.values:
        rows = rows.filter(state=state)
    if category in DisputeCategory.values:
        rows = rows.filter(category=category)
    order = Case(
        When(state=DisputeState.OPEN, then=0),
        When(state=DisputeState.ANSWERED, then=1),
        default=2,
        output_field=IntegerField(),
    )
    return rows.select_related(*RELATED).order_by(order, "due_at", "pk")


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    return [{"label": name} for name in (_("Who"), _("Event"), _("What is wrong"), _("State"))]


def rows(disputes: Sequence[Dispute]) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html. Two queries."""
    names = holder_names({dispute.holder_id for dispute in disputes})
    return [{"cells": _cells(dispute, names)} for dispute in disputes]


def _cells(dispute: Dispute, names: dict[int, str]) -> list[dict[str, Any]]:
    program, meter = dispute.participation.event.program, dispute.participation.meter
    who = {"text": names.get(dispute.holder_id, "–"), "url": reverse("operator_dispute", args=[dispute.pk])}
    return [
        who | {"sub": meter.label},
        {"label": _("Event"), "text": event_words(dispute), "sub": program.name},
        {
            "label": _("What is wrong"),
            "text": dispute.get_category_display().capitalize(),
            "sub": clock_words(dispute, program.zone),
        },
        {"label": _("State"), **operator_badge(dispute)},
    ]


def operator_badge(dispute: Dispute) -> dict[str, str]:
    """The state as word and tone, as the distributor says it."""
    badge = badge_of(dispute)
    return badge if dispute.is_overdue else badge | {"badge": str(STATES[dispute.state])}


def adjustment_columns() -> list[dict[str, Any]]:
    """The columns of `adjustment_rows`."""
    names = (_("For whom"), _("Reason"), _("Asked for"), _("Amount"), _("State"))
    return [{"label": name, "numeric": place == 3} for place, name in enumerate(names)]


def adjustment_rows(found: Sequence[Adjustment], distributor: Distributor) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html. Two queries."""
    names = holder_names({row.holder_id for row in found})
    return [
        {
            "cells": [
                {"text": names.get(row.holder_id, "–"), "url": reverse("operator_adjustment", args=[row.pk])},
                {"label": _("Reason"), "text": row.reason},
                {
                    "label": _("Asked for"),
                    "text": moment_words(row.asked_at, distributor.zone),
                    "sub": person(row.asked_by),
                },
                {"label": _("Amount"), "text": adjustment_amount(row, distributor.currency), "numeric": True},
                {"label": _("State"), **adjustment_badge(row)},
            ]
        }
        for row in found
    ]


def adjustment_badge(row: Adjustment) -> dict[str, str]:
    """The state as word and tone."""
    return {"badge": row.get_state_display().capitalize(), "tone": TONES[AdjustmentState(row.state)]}


def holder_named(distributor: Distributor, text: str) -> Entity | None:
    """The resident of this address, the organization of this name, or who holds the meter of this number now."""
    said = text.strip()
    person = User.objects.filter(tenant=distributor.pk, email=normalize_email(said), staff_role="").first()
    if person is not None:
        return _entity(person.membership.organization_id if hasattr(person, "membership") else person.pk)
    organization = Organization.objects.filter(distributor=distributor, name__iexact=said).first()
    if organization is not None:
        return _entity(organization.pk)
    meter = Meter.objects.filter(distributor=distributor, number=said).first()
    holder = holders_at(meter_ids=[meter.pk], at=timezone.now()).get(meter.pk) if meter is not None else None
    return _entity(holder) if holder is not None else None


def _entity(pk: int) -> Entity:
    return Entity.objects.get(pk=pk)
