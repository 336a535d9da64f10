"""Pages of a resident, and the pages of events and amounts that organizations share."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from common.intervals import local_day
from common.speech import float_words
from dashboards.charts import etag
from dashboards.live import IN_EVENT_SECONDS, PAST_SECONDS, live_seconds
from dashboards.operator_facts.own_devices import resident_words
from dashboards.selectors import calls, disputes, event_own, programs, reward_page, rewards, savings, use
from dashboards.selectors.longer import longer_facts, open_for_longer
from dashboards.selectors.moving import coming_residence, residence_of
from dashboards.selectors.organization import meters_of
from dashboards.selectors.own_devices import answers_of
from dashboards.selectors.spans import Span, last_days
from dashboards.selectors.statement import Statement, context_of
from dashboards.selectors.statement_days import calendar_of
from dashboards.selectors.statement_more import opened_context
from dashboards.selectors.statement_plot import plot_of
from dashboards.selectors.statement_way import estimate_checks, noise_beside, way_of
from dashboards.times import (
    day_words,
    days_before,
    hours_words,
    length_words,
    moment_words,
    month_start,
    month_words,
    span_words,
    zone_words,
)
from dashboards.views.charts import LIVE, answer
from dashboards.views.readers import signed_in
from dashboards.words import money
from events.answers import may_answer
from events.errors import EventError
from events.models import Event, EventState, Participation
from events.services import go_on, opt_in, opt_out, stop_as_told
from meters.models import Meter
from organizations.access import Role, role_of
from settlement.evidence.bundle import reward_lines
from settlement.models import RunKind, SettlementLine
from settlement.selectors import newest_lines

CHART_DAYS = 2
SAVED_DAYS = 30
OLD_AFTER_HOURS = 24
METERS_PER_PAGE = 100
SOON = timedelta(minutes=10)
ANSWERS = {"join": opt_in, "skip": opt_out, "go-on": go_on, "stop": stop_as_told}


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The next event, use now against usual, what was earned, how fresh the data are."""
    user, now = signed_in(request), timezone.now()
    call = calls.next_call(user=user, now=now)
    lines, extras = list(rewards.lines_for(user)), rewards.extras_for(user)
    meters = meters_of(user)
    context = {
        "event_card": _card(call, may_answer=may_answer(user)),
        "offers": [programs.offer(part) for part in programs.parts_of(user, meters)],
        "earlier": _earlier_meters(user) if not meters else [],
        "coming": coming_residence(user) if not meters else None,
        **_earned(lines, extras, now),
        **(_meter_context(user, meters[0], lines, now) if meters else {}),
    }
    return render(request, "dashboards/resident/home.html", context)


def _card(call: calls.Call | None, *, may_answer: bool) -> dict[str, Any] | None:
    if call is None:
        return None
    return calls.event_card(call, may_answer=may_answer, nominated=calls.nomination_of(call))


def _earlier_meters(user: User) -> list[Meter]:
    return list(Meter.objects.visible_to(user).select_related("distributor").order_by("number"))


def _earned(lines: list[SettlementLine], extras: list[rewards.Extra], now: datetime) -> dict[str, Any]:
    """This month's sums apart, and the newest amounts."""
    if not lines and not extras:
        return {"month": None, "ledger": []}
    distributor = lines[0].run.event.program.distributor if lines else extras[0].entry.batch.distributor
    zone = lines[0].run.event.program.zone if lines else distributor.zone
    sums = rewards.sums_of(lines, since=month_start(now, zone), extras=extras)
    items = rewards.newest_items(lines, extras, most=4)
    return {
        "month": {
            "name": month_words(now, zone),
            "final": money(sums.final, distributor.currency),
            "estimate": money(sums.estimate, distributor.currency),
        },
        "ledger": items,
        "has_estimate": any(item["state"] == "estimate" for item in items),
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
    if _runs_the_portal(user):
        return redirect("operator_event", pk=pk)
    call = calls.call_of(user, event, timezone.now())
    context = {
        **_event_parts(user, call),
        "card": _card(call, may_answer=may_answer(user)) if _is_ahead(call) else None,
        "when": span_words(event.start, event.end, event.program.zone),
        "pays": calls.pays_words(event, calls.nomination_of(call)),
        "more": calls.more_words(call),
        "meters": _meter_rows(request, call, may_answer(user)),
        "may_answer": may_answer(user),
        "longer": longer_facts(event, call.participations, call.now) if may_answer(user) else None,
        "live_url": reverse("event_live", args=[pk]),
        "live_seconds": _event_seconds(call),
    }
    return render(request, "dashboards/resident/event.html", context)


@require_GET
def event_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The parts of the event's page that change, as HTML; 304 where nothing is new."""
    user = signed_in(request)
    event = _event_or_404(user, pk)
    if _runs_the_portal(user):
        return redirect("operator_event_live", pk=pk)
    call = calls.call_of(user, event, timezone.now())
    body = render_to_string("dashboards/resident/event_parts.html", _event_parts(user, call), request).encode()
    response = answer(request, etag(body), lambda: body)
    if response.status_code == HTTPStatus.OK:
        response["Content-Type"] = "text/html; charset=utf-8"
    response[LIVE] = str(_event_seconds(call))
    return response


def _runs_the_portal(user: User) -> bool:
    role = role_of(user)
    return role.is_staff or role is Role.PLATFORM


def _is_ahead(call: calls.Call) -> bool:
    """Whether there is still something to do: to answer, or to use less."""
    return call.can_answer or (call.is_running and not call.has_skipped and not call.has_stopped) or call.is_coming


def _event_parts(user: User, call: calls.Call) -> dict[str, Any]:
    """What changes on the page while it is open: how far it is, the own use, the amounts."""
    event = call.event
    lines = list(rewards.lines_for(user).filter(run__event=event))
    takes_part = call.is_running and not call.has_skipped and not call.has_stopped
    own = event_own.own_use(event, event_own.own_answers(user, event), call.now) if takes_part else None
    return {
        "call": call,
        "event": event,
        "steps": calls.steps_of(call, lines),
        "state": calls.state_words(call),
        "own": event_own.own_words(own, event) if own else None,
        "ledger": rewards.ledger_items(lines, with_meter=len({line.meter_id for line in lines}) > 1),
        "has_estimate": any(not rewards.is_final(line) for line in lines),
        "is_waiting": not lines and call.is_over and not event.is_test,
        "device_words": resident_words(answers_of(user, event, [row.meter_id for row in call.participations])),
    }


def _event_seconds(call: calls.Call) -> int:
    """How often the page asks again; 0 where nothing changes any more."""
    if call.event.state in (EventState.CANCELLED, EventState.CLOSED):
        return 0
    soon = call.event.start - call.now < SOON
    return IN_EVENT_SECONDS if call.is_running or (call.is_coming and soon) else PAST_SECONDS


def _meter_rows(request: HttpRequest, call: calls.Call, may: bool) -> Page[dict[str, Any]]:
    """The reader's meters with what each may answer by itself: a single one answers with the card."""
    is_open = may and call.can_answer and len(call.participations) > 1
    rows = [
        {
            "row": row,
            "can_join": is_open and row.state != calls.JOINED,
            "can_skip": is_open and row.state != calls.SKIPPED,
        }
        for row in call.participations
    ]
    return Paginator(rows, METERS_PER_PAGE).get_page(request.GET.get("page"))


def _event_or_404(user: User, pk: int) -> Event:
    return get_object_or_404(calls.with_program(Event.objects.visible_to(user)), pk=pk)


@require_POST
def event_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Joins or skips an event with all the reader's meters, or with one of them; until the stated minute."""
    user = signed_in(request)
    event = _event_or_404(user, pk)
    if not may_answer(user):
        raise PermissionDenied
    record = ANSWERS.get(request.POST.get("answer", ""))
    one = request.POST.get("participation", "")
    mine = [row for row in calls.participations_of(user, event) if one in ("", str(row.pk))]
    if record is None or not mine:
        raise Http404
    if record in (go_on, stop_as_told):
        # Of several meters some may have stopped earlier for good.
        mine = open_for_longer(event, mine, timezone.now()) or mine
    try:
        _answer_all(record, mine, user)
    except EventError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _answer_words(request.POST["answer"], event))
    return redirect("event_detail", pk=pk)


@transaction.atomic
def _answer_all(record: Any, participations: list[Participation], by: User) -> None:
    for participation in participations:
        record(participation=participation, by=by)


def _answer_words(answer: str, event: Event) -> str:
    if answer == "go-on":
        return _("You go on until the new end.")
    if answer == "stop":
        return _("You stop at the end that you were told. What you save until then counts.")
    if answer == "skip":
        return _("You skipped this event. Nothing is measured, and it costs you nothing.")
    if event.is_test:
        return _("You joined. It is only a test: nothing is paid.")
    return _("You joined. We measure what you use less and pay for it.")


@require_GET
def reward_list(request: HttpRequest) -> HttpResponse:
    """All settled events of a resident with their amounts; each opens."""
    user = signed_in(request)
    role = role_of(user)
    if role.is_member:
        return redirect("organization_rewards")
    if role is not Role.RESIDENT:
        raise Http404
    context = reward_page.context_of_page(user, page=request.GET.get("page"), with_meter=False)
    return render(request, "dashboards/resident/rewards.html", context)


@require_GET
def reward_why(request: HttpRequest, pk: int) -> HttpResponse:
    """One amount, opened: the sum, every interval, the days it rests on, the rule, the checks."""
    user = signed_in(request)
    visible = SettlementLine.objects.visible_to(user).select_related(
        "run__event__program__distributor", "run__event__version", "run__batch", "meter", "holder"
    )
    line = get_object_or_404(visible, pk=pk)
    # A further kind of line opens with the one that has the measurement: they are one reward.
    statement = Statement(next(iter(reward_lines(line)), line))
    line = statement.line
    zone = statement.zone
    posted_at = _posted_at(line)
    newest = _newest(user, line)
    told = context_of(statement)
    context = {
        **told,
        **opened_context(statement),
        "checks": [*told["checks"], *estimate_checks(statement)],
        "line": line,
        "state": state_of(line, posted_at),
        "plot": plot_of(statement.slots, zone),
        "calendar": calendar_of(statement.days, local_day(statement.event.start, zone)),
        "way": way_of(statement, posted_at),
        "noise": noise_beside(statement),
        "newer": newest if newest is not None and newest.run_id != line.run_id else None,
        "crumbs": _crumbs(role_of(user), day_words(statement.event.start, zone)),
        "lead": calls.full_words(statement.event),
        "zone_name": zone_words(statement.event.start, zone),
        "paid_label": _("Paid") if posted_at else _("Estimate"),
        "contact": statement.event.program.distributor.contact_email,
        **disputes.objecting(user, line),
    }
    return render(request, "dashboards/resident/why.html", context)


def _newest(user: User, line: SettlementLine) -> SettlementLine | None:
    """The line of the newest final run of the event, or of its estimate while there is none."""
    same = {"run__event": line.run.event, "meter": line.meter, "kind": line.kind}
    final = newest_lines(SettlementLine.objects.visible_to(user).filter(**same)).first()
    return final or rewards.lines_for(user).filter(**same).first()


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
    if line.run.kind == RunKind.PRELIMINARY:
        through = line.run.data_through
        until = {"until": moment_words(through, zone)} if through else {}
        badge = _("Estimate so far, readings up to %(until)s") % until if until else _("Estimate so far")
        return {"badge": badge, "tone": "estimate", "icon": ""}
    return {"badge": _("Estimate"), "tone": "estimate", "icon": ""}
