"""The page behind the link of a notice: two buttons, without signing in."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits import allow
from accounts.refusals import too_many_requests
from common.speech import hour_words
from dashboards.selectors.longer import longer_facts
from dashboards.times import day_words, hours_words
from events.answers import Asked, answers_until, read_answer
from events.errors import EventError
from events.models import AnswerSource, EventState, OptPolicy, ParticipationState
from events.services import go_on, opt_in, opt_out, stop_as_told

ANSWERS = {"join": opt_in, "skip": opt_out}
# What is said of the time added to an event while it runs.
LONGER = {"go-on": go_on, "stop": stop_as_told}
# People change their mind a few times; programs do so without end.
MOST, WITHIN = 20, 600


@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Asks (GET) and takes (POST) one person's answer for one meter; looking changes nothing, as mail programs look.

    Only the event and the meter's own name stand there: the link may be read over a shoulder.
    """
    asked = read_answer(token)
    if asked is None:
        raise Http404
    if timezone.now() >= asked.event.end:
        return _page(request, asked, status=410)
    refusal = ""
    if request.method == "POST":
        if not allow("answer", str(asked.participation.pk), amount=MOST, seconds=WITHIN):
            return too_many_requests(request)
        refusal = _take(request, asked)
        if not refusal:
            return _private(redirect("answer", token=token))
    return _page(request, asked, refusal=refusal)


def _take(request: HttpRequest, asked: Asked) -> str:
    """Why the answer was not taken; empty if it was."""
    said = request.POST.get("answer", "")
    if said not in ANSWERS and said not in LONGER:
        raise Http404
    try:
        if said in LONGER:
            LONGER[said](participation=asked.participation, by=asked.user)
        else:
            ANSWERS[said](participation=asked.participation, by=asked.user, source=AnswerSource.LINK)
    except EventError as refused:
        return str(refused)
    return ""


def _page(request: HttpRequest, asked: Asked, *, refusal: str = "", status: int = 200) -> HttpResponse:
    event, now = asked.event, timezone.now()
    zone = event.program.zone
    state = asked.participation.state
    until = answers_until(event).astimezone(zone)
    context = {
        "program": event.program.name,
        "day": day_words(event.start, zone),
        "hours": hours_words(event.start, event.end, zone),
        "meter": asked.participation.meter.label,
        "is_test": event.is_test,
        "is_cancelled": event.state == EventState.CANCELLED,
        "is_over": now >= event.end,
        "can_answer": asked.can_answer(now),
        "joined": state == ParticipationState.OPTED_IN,
        "skipped": state == ParticipationState.OPTED_OUT,
        "by_wish": asked.participation.answer_source == AnswerSource.SCHEDULE,
        "silence_joins": event.version.opt_policy == OptPolicy.OPT_OUT,
        "until": f"{hour_words(until)} {until.tzname()}, {day_words(until, zone)}",
        "longer": longer_facts(asked.event, [asked.participation], now),
        "refusal": refusal,
    }
    return _private(render(request, "dashboards/answer.html", context, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    """No search engine may keep the address, which is a key; the policy for all pages tells it to no other site."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response
