"""Events as a participant sees them: what comes next, what to do, and how far one has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from common.intervals import local_day
from common.speech import plain_words
from dashboards.selectors.rewards import currency_of, is_final
from dashboards.times import (
    day_share,
    day_words,
    hour_words,
    hour_zone_words,
    hours_words,
    length_words,
    moment_words,
    span_words,
    when_words,
)
from dashboards.words import money
from events.answers import answers_until
from events.models import Event, EventState, Nomination, OptPolicy, Participation, ParticipationState, PayCap
from events.models.participation import NOT_COUNTED
from events.selectors import nominations_of
from events.term_words import pay_sentences
from organizations.access import role_of
from settlement.models import SettlementLine

COMING = (EventState.NOTIFIED, EventState.ACTIVE)
SKIPPED = ParticipationState.OPTED_OUT
JOINED = ParticipationState.OPTED_IN
_OVER = (EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED, EventState.CLOSED)


@dataclass(frozen=True)
class Call:
    """One event with the reader's participations in it, as of `now`.

    Attributes:
        is_member: whether the reader sees it for an organization, to which other words and penalties apply.
    """

    event: Event
    participations: Sequence[Participation]
    now: datetime
    is_member: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it runs, whether or not the clock's job has said so yet."""
        return self.event.state in COMING and self.event.start <= self.now < self.event.end

    @property
    def end(self) -> datetime:
        """Until when it is asked of the reader: to its end, or to the earlier one at which all their meters stop."""
        ends = [row.until or self.event.end for row in self.participations if row.state not in NOT_COUNTED]
        return max(ends, default=self.event.end)

    @property
    def has_stopped(self) -> bool:
        """Whether it goes on without the reader, who stopped at the end that was told first."""
        return self.is_running and self.now >= self.end

    @property
    def is_coming(self) -> bool:
        """Whether it was announced and has not begun."""
        return self.event.state == EventState.NOTIFIED and self.now < self.event.start

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and was not called off."""
        return self.event.state in _OVER or (self.event.state in COMING and self.now >= self.event.end)

    @property
    def can_answer(self) -> bool:
        """Whether joining and skipping still work."""
        is_open = self.event.state == EventState.NOTIFIED and self.now < answers_until(self.event)
        return bool(self.participations) and is_open

    @property
    def has_skipped(self) -> bool:
        """Whether the reader skipped it altogether, so that nothing of it concerns them."""
        return bool(self.participations) and self.skipped == len(self.participations)

    @property
    def joined(self) -> int:
        """Meters that joined."""
        return sum(row.state == JOINED for row in self.participations)

    @property
    def skipped(self) -> int:
        """Meters that skipped."""
        return sum(row.state == SKIPPED for row in self.participations)


def participations_of(user: User, event: Event) -> list[Participation]:
    """The reader's own participations in an event, by meter. One query."""
    mine = Participation.objects.visible_to(user).filter(event=event)
    return list(mine.select_related("meter").order_by("meter__number"))


def next_call(*, user: User, now: datetime) -> Call | None:
    """The running event, else the next announced one, that the reader takes part in. Two queries."""
    events = with_program(Event.objects.visible_to(user)).filter(state__in=COMING, end__gt=now)
    event = events.order_by("start", "pk").first()
    return call_of(user, event, now) if event is not None else None


def call_of(user: User, event: Event, now: datetime) -> Call:
    """The event as the reader stands to it. One query."""
    # The words of its terms speak of the program, which is known here.
    event.version.program = event.program
    return Call(event, participations_of(user, event), now, role_of(user).is_member)


def with_program(events: QuerySet[Event]) -> QuerySet[Event]:
    """Events with what their words need."""
    return events.select_related("program__distributor", "version")


def full_words(event: Event) -> str:
    """Program, day and hours in one line."""
    return f"{event.program.name}, {span_words(event.start, event.end, event.program.zone)}."


def answer_badge(call: Call) -> dict[str, str]:
    """How the reader stands to the event, as word, tone and sign."""
    if call.is_running and not call.has_skipped:
        return {"badge": _("Running"), "badge_tone": "running", "badge_icon": ""}
    total = len(call.participations)
    if total and call.joined == total:
        return {"badge": _("Joined"), "badge_tone": "good", "badge_icon": "check"}
    if total and call.skipped == total:
        return {"badge": _("Skipped"), "badge_tone": "", "badge_icon": ""}
    if call.joined or call.skipped:
        words = ngettext("%(joined)s of %(total)s meter joined", "%(joined)s of %(total)s meters joined", total)
        words %= {"joined": call.joined, "total": total}
        return {"badge": words, "badge_tone": "info", "badge_icon": ""}
    if call.can_answer:
        return {"badge": _("Waiting for your answer"), "badge_tone": "event", "badge_icon": "clock"}
    return {"badge": _("No answer"), "badge_tone": "", "badge_icon": ""}


def event_card(call: Call, *, may_answer: bool, nominated: Nomination | None) -> dict[str, Any]:
    """The words of components/event_card.html for a coming or running event."""
    event, zone = call.event, call.event.program.zone
    can_answer = may_answer and call.can_answer
    return {
        "title": _("Running now") if call.is_running else _("Next event"),
        "when": when_words(event.start, event.end, zone, now=call.now),
        "detail": f"{span_words(event.start, event.end, zone)}. {event.program.name}.",
        "note": event.note,
        "test": _("Only a test") if event.is_test else "",
        "calendar_url": "" if call.is_running else reverse("event_ics", args=[event.pk]),
        **answer_badge(call),
        "dayline": _dayline(call),
        "facts": _facts(call, nominated),
        "can_join": can_answer and call.joined < len(call.participations),
        "can_skip": can_answer and call.skipped < len(call.participations),
        "answer_url": reverse("event_answer", args=[event.pk]) if can_answer else "",
        "until": _until(call, can_answer),
        "url": reverse("event_detail", args=[event.pk]),
        "url_label": _("All about this event"),
    }


def _until(call: Call, can_answer: bool) -> str:
    if not can_answer:
        return ""
    event, zone = call.event, call.event.program.zone
    until = answers_until(event)
    words = {"hour": hour_zone_words(until, zone), "day": day_words(until, zone)}
    away = (local_day(until, zone) - local_day(call.now, zone)).days
    said = {0: _("%(hour)s today"), 1: _("%(hour)s tomorrow")}.get(away, _("%(hour)s %(day)s")) % words
    sentence = _("You can change your answer until %(until)s.") % {"until": said}
    return f"{sentence} {silence_words(event)}"


def silence_words(event: Event) -> str:
    """What no answer means by the terms."""
    if event.version.opt_policy == OptPolicy.OPT_IN:
        return _("Without an answer you do not take part.")
    return _("Without an answer you take part.")


def _dayline(call: Call) -> dict[str, Any]:
    event, zone = call.event, call.event.program.zone
    start = day_share(event.start, event.start, zone)
    end = day_share(event.end, event.start, zone)
    hours = hours_words(event.start, event.end, zone)
    today = call.now.astimezone(zone).date() == event.start.astimezone(zone).date()
    return {
        "label": _("The day of the event: it lies at %(hours)s.") % {"hours": hours},
        "text": hours,
        "start": start,
        "width": round(max(end - start, 1.0), 2),
        "middle": round(min(90.0, max(10.0, (start + end) / 2)), 2),
        "now": day_share(call.now, event.start, zone) if today else None,
    }


def _facts(call: Call, nominated: Nomination | None) -> list[dict[str, Any]]:
    event, zone = call.event, call.event.program.zone
    start, end = hour_words(event.start, zone), hour_words(call.end, zone)
    helps = _("Heat or cool before %(start)s. Wash, cook and charge after %(end)s.") % {"start": start, "end": end}
    if call.has_stopped:
        helps = _("You stopped at %(end)s, as you were told. What you saved until then counts.") % {"end": end}
    elif call.is_running:
        helps = _("Use as little as is comfortable until %(end)s. %(left)s left.") % {
            "end": end,
            "left": length_words(call.end - call.now).capitalize(),
        }
    return [
        {"label": _("What helps"), "value": helps},
        {"label": _("What it pays"), "value": pays_words(event, nominated)},
        {"label": _("If you use more"), "value": more_words(call)},
    ]


def pays_words(event: Event, nominated: Nomination | None) -> str:
    """What the event pays, a sentence for each way."""
    if event.is_test:
        return _("This is only a test: nothing is paid.")
    parts = pay_sentences(event.version)
    by_nomination = event.version.pay_cap == PayCap.UP_TO_NOMINATION and event.version.rate_per_kw
    if nominated is not None and by_nomination:
        parts.append(_("at most for %(kw)s kW, as agreed") % {"kw": plain_words(nominated.kw)})
    return "; ".join(parts) + "." if parts else _("Nothing is paid for this event.")


def more_words(call: Call) -> str:
    """What happens to who uses more than usual."""
    penalty = call.event.version.penalty_per_kw
    if not (call.is_member and penalty) or call.event.is_test:
        return _("Nothing happens. It never costs you.")
    price = money(penalty, call.event.program.distributor.currency)
    return _("Each kW that was promised and is missing costs %(price)s.") % {"price": price}


def nomination_of(call: Call) -> Nomination | None:
    """The power agreed for a participant with a single meter; None for several. Two queries."""
    if len(call.participations) != 1:
        return None
    meter_id = call.participations[0].meter_id
    return nominations_of(event=call.event, among=[meter_id]).get(meter_id)


def steps_of(call: Call, lines: Sequence[SettlementLine]) -> list[dict[str, Any]]:
    """The way of an event: told, joined, running, checking, estimate, final."""
    event, zone = call.event, call.event.program.zone
    over = call.now >= event.end or event.state in _OVER
    done = [
        event.notified_at is not None,
        call.joined + call.skipped > 0 or call.now >= event.start,
        over,
        over and bool(lines),
        bool(lines),
        bool(lines) and all(is_final(line) for line in lines),
    ]
    told_before = event.notified_at is not None and event.notified_at < event.start
    told = moment_words(event.notified_at, zone) if event.notified_at and told_before else ""
    amount = _amount(lines)
    whens = [told, "", hours_words(event.start, event.end, zone), "", _estimate_words(lines, amount), ""]
    whens[5] = amount if done[5] else ""
    labels = [_("Told"), _answer_label(call), _running_label(call), _("Checking"), _("Estimate"), _("Final")]
    current = next((place for place, is_done in enumerate(done) if not is_done), len(done) - 1)
    return [
        {"label": label, "when": when, "done": is_done, "current": place == current}
        for place, (label, when, is_done) in enumerate(zip(labels, whens, done, strict=True))
    ]


def _estimate_words(lines: Sequence[SettlementLine], amount: str) -> str:
    """The amount, and up to when readings are in it while it is no more than an estimate."""
    through = {line.run.data_through for line in lines if not is_final(line)} - {None}
    if not through:
        return amount
    zone = lines[0].run.event.program.zone
    time = moment_words(min(moment for moment in through if moment), zone)
    return _("%(amount)s, data in up to %(time)s") % {"amount": amount, "time": time}


def _running_label(call: Call) -> str:
    # The next step stands out: before its start it would be read as if the event ran.
    return _("The event") if call.is_coming else _("Running")


def _answer_label(call: Call) -> str:
    total = len(call.participations)
    if total and call.skipped == total:
        return _("Skipped")
    return _("Joined") if call.joined else _("Your answer")


def _amount(lines: Sequence[SettlementLine]) -> str:
    if not lines:
        return ""
    return money(sum(line.credit for line in lines), currency_of(lines[0]))


def state_words(call: Call) -> dict[str, str]:
    """Where the event stands, as a badge."""
    state = EventState.ACTIVE if call.is_running else EventState(call.event.state)
    if state == EventState.NOTIFIED and call.now >= call.event.end:
        state = EventState.COMPLETED
    words = {
        EventState.NOTIFIED: (_("Announced"), "event"),
        EventState.ACTIVE: (_("Running"), "running"),
        EventState.COMPLETED: (_("Being checked"), "info"),
        EventState.MEASURED: (_("Estimated"), "estimate"),
        EventState.SETTLED: (_("Settled"), "good"),
        EventState.CLOSED: (_("Closed"), ""),
        EventState.CANCELLED: (_("Called off"), "danger"),
    }
    label, tone = words.get(state, (str(state.label), ""))
    return {"badge": label, "badge_tone": tone}
