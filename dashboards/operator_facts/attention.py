"""What needs somebody at the distributor, each with where to go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ApprovalStatus, User
from dashboards.operator_facts.overview import Newest
from dashboards.operator_facts.settlement import runs_stuck, runs_to_approve
from dashboards.times import moment_words
from delivery.attention import UNDELIVERED, undelivered
from delivery.models import DeliveryState, Message
from events.models import Event, EventState
from forecasting.models import ForecastState
from forecasting.selectors import newest_forecast
from meters.models import BatchState, HitState, ImportBatch, QualityHit
from organizations.models import Distributor
from settlement.models import Dispute, DisputeState, MonthRun
from settlement.selectors import months_to_decide
from settlement.services.late import events_with_late_readings

NAMED = 5
FORECAST_TOO_OLD = timedelta(hours=36)


@dataclass(frozen=True)
class Need:
    """One thing to look at: a few words, a sentence, and a link if the reader may go there."""

    label: str
    text: str
    url: str = ""
    url_label: str = ""
    tone: str = "attention"


def needs(distributor: Distributor, newest: Sequence[Newest], now: datetime, *, may_manage: bool) -> list[Need]:
    """Everything that needs somebody, the most pressing first; empty when all is well. Nine queries."""
    return [
        *_stale(newest, now),
        *_messages(distributor, may_manage),
        *_forecast(distributor, now),
        *_events(distributor, now),
        *_settlements(distributor),
        *_stuck_settlements(distributor),
        *_late_readings(distributor),
        *_months(distributor),
        *_disputes(distributor, now),
        *_data(distributor),
        *_people(distributor, may_manage),
    ]


def _data(distributor: Distributor) -> list[Need]:
    """Files that were checked and wait for a word, and readings that look wrong."""
    checked = ImportBatch.objects.filter(distributor=distributor, state=BatchState.CHECKED).count()
    doubts = QualityHit.objects.filter(distributor=distributor, state=HitState.OPEN).count()
    files = ngettext("%(count)d file waits to be stored", "%(count)d files wait to be stored", checked)
    wrong = ngettext("%(count)d thing looks wrong", "%(count)d things look wrong", doubts)
    found = (
        (checked, files, _("It is checked; see what it would bring."), f"{reverse('operator_imports')}?state=checked"),
        (doubts, wrong, _("Readings that are missing or far from usual."), reverse("operator_quality_hits")),
    )
    return [
        Need(label % {"count": count}, text, url, _("See them"), "info") for count, label, text, url in found if count
    ]


def _people(distributor: Distributor, may_manage: bool) -> list[Need]:
    waiting = User.objects.filter(
        tenant=distributor.pk, approval_status=ApprovalStatus.PENDING, membership__isnull=False
    ).count()
    if not waiting:
        return []
    url = reverse("admin:organizations_membership_changelist") + "?user__approval_status__exact=pending"
    return [
        Need(
            ngettext("%(count)d person waits", "%(count)d people wait", waiting) % {"count": waiting},
            _("Approval is for the admins of their organizations; you may decide in their place."),
            url if may_manage else "",
            _("See them"),
            "info",
        )
    ]


def _stale(newest: Sequence[Newest], now: datetime) -> list[Need]:
    stale = [row for row in newest if row.is_stale(now)]
    if not stale:
        return []
    names = ", ".join(row.label for row in stale[:NAMED])
    more = len(stale) - NAMED
    listed = _("%(names)s and %(more)d more.") % {"names": names, "more": more} if more > 0 else f"{names}."
    return [
        Need(
            ngettext("%(count)d meter silent", "%(count)d meters silent", len(stale)) % {"count": len(stale)},
            _("No reading for two intervals and an hour: %(names)s") % {"names": listed},
            f"{reverse('operator_meters')}?silent=on",
            _("See them"),
        )
    ]


def _messages(distributor: Distributor, may_manage: bool) -> list[Need]:
    mine = Message.objects.filter(undelivered(), tenant=distributor.pk)
    lost, late = (Q(state=state) for state in (DeliveryState.UNREACHABLE, DeliveryState.PENDING))
    counts = mine.aggregate(lost=Count("pk", filter=lost), late=Count("pk", filter=late))
    total = counts["lost"] + counts["late"]
    if not total:
        return []
    return [
        Need(
            ngettext("%(count)d message not delivered", "%(count)d messages not delivered", total) % {"count": total},
            _("%(lost)d given up, %(late)d still being tried, in the last 30 days.") % counts,
            f"{reverse('operator_messages')}?state={UNDELIVERED}" if may_manage else "",
            _("See them"),
        )
    ]


def _forecast(distributor: Distributor, now: datetime) -> list[Need]:
    issue = newest_forecast(distributor=distributor)
    url = reverse("admin:forecasting_forecast_changelist")
    if issue is None:
        return [
            Need(_("No forecast yet"), _("The first one is made in the night after the first readings."), tone="info")
        ]
    when = moment_words(issue.issued_at, distributor.zone)
    if issue.state == ForecastState.FAILED:
        return [
            Need(
                _("Forecast failed"),
                _("That of %(when)s: %(why)s") % {"when": when, "why": issue.error},
                url,
                _("See it"),
            )
        ]
    if issue.issued_at < now - FORECAST_TOO_OLD:
        return [Need(_("Forecast old"), _("The last one is of %(when)s.") % {"when": when}, url, _("See it"))]
    return []


def _settlements(distributor: Distributor) -> list[Need]:
    """Final settlements that wait for a second person, or for their posting."""
    waiting = runs_to_approve(distributor).count()
    if not waiting:
        return []
    label = ngettext("%(count)d settlement waits", "%(count)d settlements wait", waiting)
    return [
        Need(
            label % {"count": waiting},
            _("Worked out finally; somebody approves it, then it is posted."),
            f"{reverse('operator_settlement')}?stage=to_approve",
            _("See them"),
            "info",
        )
    ]


def _stuck_settlements(distributor: Distributor) -> list[Need]:
    """Settlements that were refused or opened again: their month waits until somebody goes on."""
    stages = list(runs_stuck(distributor).values_list("stage", flat=True))
    if not stages:
        return []
    label = ngettext("%(count)d settlement is stopped", "%(count)d settlements are stopped", len(stages))
    return [
        Need(
            label % {"count": len(stages)},
            _("Refused or opened again: settle it anew, or leave it as it is."),
            f"{reverse('operator_settlement')}?stage={stages[0]}",
            _("See them"),
        )
    ]


def _late_readings(distributor: Distributor) -> list[Need]:
    """Events whose final settlement lacks readings that are there by now: the clock makes no further one."""
    events = events_with_late_readings(distributor)
    if not events:
        return []
    label = ngettext(
        "Readings came after %(count)d settlement", "Readings came after %(count)d settlements", len(events)
    )
    url = reverse("operator_event", args=[events[0]]) if len(events) == 1 else reverse("operator_settlement")
    return [
        Need(
            label % {"count": len(events)},
            _("They were missing when it was worked out. Settle again, so that these meters are paid."),
            url,
            _("See it"),
        )
    ]


def _months(distributor: Distributor) -> list[Need]:
    """Months of standing by that wait for a second person, or for their posting."""
    waiting = months_to_decide(MonthRun.objects.filter(program__distributor=distributor)).count()
    if not waiting:
        return []
    label = ngettext("%(count)d month of standing by waits", "%(count)d months of standing by wait", waiting)
    text = _("Worked out; somebody approves it, then it is posted.")
    return [Need(label % {"count": waiting}, text, reverse("operator_months"), _("See them"), "info")]


def _disputes(distributor: Distributor, now: datetime) -> list[Need]:
    """Objections that wait for an answer."""
    late = Count("pk", filter=Q(due_at__lt=now))
    waiting = Dispute.objects.filter(distributor=distributor, state=DisputeState.OPEN)
    found = waiting.aggregate(count=Count("pk"), late=late)
    if not found["count"]:
        return []
    text = _("Each is answered within ten working days; none is late.")
    if found["late"]:
        text = ngettext("%(late)d is overdue.", "%(late)d are overdue.", found["late"]) % found
    label = ngettext("%(count)d dispute", "%(count)d disputes", found["count"]) % found
    tone = "attention" if found["late"] else "info"
    return [Need(label, text, reverse("operator_disputes"), _("See them"), tone)]


def _events(distributor: Distributor, now: datetime) -> list[Need]:
    mine = Event.objects.filter(program__distributor=distributor)
    counts = mine.aggregate(
        drafts=Count("pk", filter=Q(state=EventState.DRAFT)),
        untold=Count("pk", filter=Q(state=EventState.SCHEDULED, start__gt=now)),
        unsettled=Count("pk", filter=Q(state__in=(EventState.COMPLETED, EventState.MEASURED))),
    )
    words = {
        "drafts": (
            ngettext("%(count)d draft", "%(count)d drafts", counts["drafts"]),
            _("Drafts become events once they are scheduled and announced."),
            EventState.DRAFT,
        ),
        "untold": (
            ngettext("%(count)d event not announced", "%(count)d events not announced", counts["untold"]),
            _("Who takes part is fixed, but nobody has been told."),
            EventState.SCHEDULED,
        ),
        "unsettled": (
            ngettext("%(count)d event not settled", "%(count)d events not settled", counts["unsettled"]),
            _("It is over; its rewards are not in the ledger yet."),
            EventState.COMPLETED,
        ),
    }
    return [
        Need(
            label % {"count": counts[name]}, text, f"{reverse('operator_events')}?state={state}", _("See them"), "info"
        )
        for name, (label, text, state) in words.items()
        if counts[name]
    ]
