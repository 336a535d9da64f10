"""Pages of a resident, and the pages of events and amounts that organizations share."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from common.intervals import local_day
from common.speech import float_words
from dashboards.live import live_seconds
from dashboards.selectors import calls, rewards, savings, use
from dashboards.selectors.moving import coming_residence, residence_of
from dashboards.selectors.organization import meters_of
from dashboards.selectors.spans import Span, last_days
from dashboards.selectors.statement import Statement, context_of
from dashboards.selectors.statement_days import calendar_of
from dashboards.selectors.statement_plot import plot_of
from dashboards.times import (
    day_words,
    days_before,
    hour_zone_words,
    hours_words,
    length_words,
    moment_words,
    month_start,
    month_words,
    span_words,
    zone_words,
)
from dashboards.views.readers import signed_in
from dashboards.words import money
from events.errors import EventError
from events.models import Event, Participation
from events.services import opt_in, opt_out
from meters.models import Meter
from organizations.access import Role, role_of
from settlement.models import SettlementLine

CHART_DAYS = 2
SAVED_DAYS = 30
OLD_AFTER_HOURS = 24
ANSWERS = {"join": opt_in, "skip": opt_out}


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The next event, use now against usual, what was earned, how fresh the data are."""
    user, now = signed_in(request), timezone.now()
    call = calls.next_call(user=user, now=now)
    lines = list(rewards.lines_for(user))
    meters = meters_of(user)
    context = {
        "event_card": _card(call, may_answer=True),
        "earlier": _earlier_meters(user) if not meters else [],
        "coming": coming_residence(user) if not meters else None,
        **_earned(user, lines, now),
        **(_meter_context(user, meters[0], lines, now) if meters else {}),
    }
    return render(request, "dashboards/resident/home.html", context)


def _card(call: calls.Call | None, *, may_answer: bool) -> dict[str, Any] | None:
    if call is None:
        return None
    return calls.event_card(call, may_answer=may_answer, nominated=calls.nomination_of(call))


def _earlier_meters(user: User) -> list[Meter]:
    return list(Meter.objects.visible_to(user).select_related("distributor").order_by("number"))


def _earned(user: User, lines: list[SettlementLine], now: datetime) -> dict[str, Any]:
    """This month's sums apart, and the newest amounts."""
    if not lines:
        return {"month": None, "ledger": []}
    program = lines[0].run.event.program
    start = month_start(now, program.zone)
    sums, currency = rewards.sums_of(lines, since=start), program.distributor.currency
    return {
        "month": {
            "name": month_words(now, program.zone),
            "final": money(sums.final, currency),
            "estimate": money(sums.estimate, currency),
        },
        "ledger": rewards.ledger_items(lines[:4], with_meter=False),
        "has_estimate": any(not rewards.is_final(line) for line in lines[:4]),
    }


def _meter_context(user: User, meter: Meter, lines: list[SettlementLine], now: datetime) -> dict[str, Any]:
    span = last_days(days=CHART_DAYS, anchor=now, zone=meter.zone)
    events = use.event_spans(user=user, meter=meter, span=span)
    slots = use.meter_slots(user=user, meter=meter, span=span)
    since = days_before(now, SAVED_DAYS, meter.zone)
    compared = savings.compared(user=user, meter=meter, start=since, end=now)
    sums = rewards.sums_of([line for line in lines if line.meter_id == meter.pk])
    latest = use.latest_of(slots)
    fresh = fresh_words(latest, meter, now)
    return {
        "meter": meter,
        "residence": residence_of(user, meter),
        "chart": use.payload_of(slots, meter=meter, events=events),
        "latest": latest_words(latest, meter, now) if latest else None,
        "fresh": {**fresh, "text": _("Meter %(meter)s.") % {"meter": meter.label} + f" {fresh['text']}"},
        "live_seconds": live_seconds(
            [event for event, _number in events], now, newest=latest.end if latest else None, span=span
        ),
        "saved": savings.saved_facts(
            sums.saved_wh, compared.figures, period=_("last %(days)s days") % {"days": SAVED_DAYS}
        ),
        "share": savings.share_chart(compared.figures),
        "chart_keys": use.chart_keys(),
        **_addresses(meter, span),
    }


def _addresses(meter: Meter, span: Span) -> dict[str, str]:
    share = reverse("chart_participation", args=[meter.pk])
    return {
        "data_url": f"{reverse('chart_meter', args=[meter.pk])}?{span.query}",
        "participation_url": f"{share}?days={SAVED_DAYS}",
    }


def latest_words(latest: use.Latest, meter: Meter, now: datetime) -> dict[str, str]:
    """The newest reading as one figure and one sentence."""
    hours = hours_words(latest.start, latest.end, meter.zone)
    same_day = local_day(latest.start, meter.zone) == local_day(now, meter.zone)
    when = hours if same_day else f"{moment_words(latest.start, meter.zone)}"
    if latest.expected_kw is None:
        label = _("Your use, %(when)s") % {"when": when}
        return {"label": label, "kw": float_words(latest.kw, 2), "verdict": "", "say": ""}
    if abs(latest.kw - latest.expected_kw) <= 0.05 * max(latest.expected_kw, 0.1):
        verdict = _("As usual.")
    else:
        verdict = _("Below usual.") if latest.kw < latest.expected_kw else _("Above usual.")
    return {
        "label": _("Your use, %(when)s") % {"when": when},
        "kw": float_words(latest.kw, 2),
        "verdict": verdict,
        "tone": "good" if latest.kw < latest.expected_kw else "",
        "say": _("For that time we expected %(kw)s kW.") % {"kw": float_words(latest.expected_kw, 2)},
    }


def fresh_words(latest: use.Latest | None, meter: Meter, now: datetime) -> dict[str, str]:
    """How old the data are, with a tone where they are old."""
    if latest is None:
        return {"text": _("No readings in these days."), "tone": "attention"}
    age = now - latest.end
    until = moment_words(latest.end, meter.zone)
    words = _("Readings up to %(until)s, %(age)s ago.") % {"until": until, "age": length_words(age)}
    return {"text": words, "tone": "attention" if age.total_seconds() > OLD_AFTER_HOURS * 3600 else ""}


@require_GET
def event_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One event from the first word to the money, as its participant sees it."""
    user = signed_in(request)
    event = _event_or_404(user, pk)
    role = role_of(user)
    if role.is_staff or role is Role.PLATFORM:
        return redirect("operator_event", pk=pk)
    call = calls.Call(event, calls.participations_of(user, event), timezone.now())
    lines = list(rewards.lines_for(user).filter(run__event=event))
    running = call.is_running or call.can_answer
    context = {
        "call": call,
        "event": event,
        "card": _card(call, may_answer=_may_answer(user)) if running else None,
        "steps": calls.steps_of(call, lines),
        "state": calls.state_words(call),
        "when": span_words(event.start, event.end, event.program.zone),
        "pays": calls.pays_words(event, calls.nomination_of(call)),
        "ledger": rewards.ledger_items(lines, with_meter=len(lines) > 1),
        "lines": lines,
    }
    return render(request, "dashboards/resident/event.html", context)


def _event_or_404(user: User, pk: int) -> Event:
    return get_object_or_404(calls.with_program(Event.objects.visible_to(user)), pk=pk)


def _may_answer(user: User) -> bool:
    return role_of(user) in (Role.RESIDENT, Role.ORGANIZATION_ADMIN)


@require_POST
def event_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Joins or skips an event with all the reader's meters, or with one of them; until it starts."""
    user = signed_in(request)
    event = _event_or_404(user, pk)
    if not _may_answer(user):
        raise PermissionDenied
    answer = ANSWERS.get(request.POST.get("answer", ""))
    mine = calls.participations_of(user, event)
    if answer is None or not mine:
        raise Http404
    try:
        _answer_all(answer, mine, user)
    except EventError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _answer_words(request.POST["answer"]))
    return redirect("event_detail", pk=pk)


@transaction.atomic
def _answer_all(answer: Any, participations: list[Participation], by: User) -> None:
    for participation in participations:
        answer(participation=participation, by=by)


def _answer_words(answer: str) -> str:
    if answer == "join":
        return _("You joined. We measure what you use less and pay for it.")
    return _("You skipped this event. Nothing is measured, and it costs you nothing.")


@require_GET
def reward_list(request: HttpRequest) -> HttpResponse:
    """All settled events of a resident with their amounts; each opens."""
    user = signed_in(request)
    role = role_of(user)
    if role.is_member:
        return redirect("organization_rewards")
    if role is not Role.RESIDENT:
        raise Http404
    lines = list(rewards.lines_for(user))
    return render(request, "dashboards/resident/rewards.html", reward_context(lines, with_meter=False))


def reward_context(lines: list[SettlementLine], *, with_meter: bool) -> dict[str, Any]:
    """Total and rows of a page of rewards."""
    sums = rewards.sums_of(lines)
    currency = rewards.currency_of(lines[0]) if lines else ""
    return {
        "lines": lines,
        "total": money(sums.final, currency) if lines else "",
        "estimate": money(sums.estimate, currency) if lines and sums.estimate else "",
        "sums": sums,
        "columns": rewards.reward_columns(with_meter=with_meter),
        "rows": rewards.reward_rows(lines, with_meter=with_meter),
    }


@require_GET
def reward_why(request: HttpRequest, pk: int) -> HttpResponse:
    """One amount, opened: the sum, every interval, the days it rests on, the rule, the checks."""
    user = signed_in(request)
    visible = SettlementLine.objects.visible_to(user).select_related(
        "run__event__program__distributor", "run__event__version", "run__batch", "meter"
    )
    line = get_object_or_404(visible, pk=pk)
    statement = Statement(line)
    zone = statement.zone
    posted_at = _posted_at(line)
    newest = rewards.lines_for(user).filter(run__event=line.run.event, meter=line.meter, kind=line.kind).first()
    context = {
        **context_of(statement),
        "line": line,
        "amount": money(line.credit, statement.currency),
        "state": state_of(line, posted_at),
        "plot": plot_of(statement.slots, zone),
        "calendar": calendar_of(statement.days, local_day(statement.event.start, zone)),
        "way": _way(statement, posted_at),
        "newer": newest if newest is not None and newest.pk != line.pk else None,
        "crumbs": _crumbs(role_of(user), day_words(statement.event.start, zone)),
        "lead": calls.full_words(statement.event),
        "zone_name": zone_words(statement.event.start, zone),
        "paid_label": _("Paid") if posted_at else _("Estimate"),
        "contact": statement.event.program.distributor.contact_email,
    }
    return render(request, "dashboards/resident/why.html", context)


def _crumbs(role: Role, day: str) -> list[dict[str, str]]:
    names = {Role.RESIDENT: "rewards"}
    name = "organization_rewards" if role.is_member else names.get(role, "")
    return [{"label": _("Rewards"), "url": reverse(name) if name else ""}, {"label": day, "url": ""}]


def _posted_at(line: SettlementLine) -> datetime | None:
    batch = getattr(line.run, "batch", None)
    return batch.posted_at if batch is not None else None


def state_of(line: SettlementLine, posted_at: datetime | None) -> dict[str, str]:
    """State of an amount as a badge with its date."""
    zone = line.run.event.program.zone
    if line.status not in rewards.MEASURED:
        return {"badge": _("Not measured"), "tone": "", "icon": ""}
    if posted_at is not None:
        day = day_words(posted_at, zone)
        return {"badge": _("Final since %(day)s") % {"day": day}, "tone": "good", "icon": "check"}
    return {"badge": _("Estimate"), "tone": "estimate", "icon": ""}


def _way(statement: Statement, posted_at: datetime | None) -> list[dict[str, str]]:
    """What happened to the event, in order."""
    event, zone, run = statement.event, statement.zone, statement.line.run
    ran = _("It ran until %(end)s") % {"end": hour_zone_words(event.end, zone)}
    steps = [(event.start, ran), (run.created_at, _("The amount was computed"))]
    if event.notified_at is not None and event.notified_at < event.start:
        steps.insert(0, (event.notified_at, _("You were told")))
    if posted_at is not None:
        steps.append((posted_at, _("The amount became final")))
    return [{"when": moment_words(at, zone), "text": words} for at, words in steps]
