"""What the terms allow: limits of time and number, the budget, and no meter in two events at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import day_words, hours_words, money_words
from events.errors import BudgetSpent, EventError, LimitReached, MetersTaken, ProgramClosed, TooLittleNotice
from events.expectation import spent_on
from events.holiday_calendar import holiday_days
from events.limits import Span, count_refusals, notice_refusal, refusals, season_of
from events.models import Event, EventState, Participation, ParticipationState, Program

# Events that are called and still to come, or running: nobody is asked twice for the same hour.
CALLED = (EventState.SCHEDULED, EventState.NOTIFIED, EventState.ACTIVE)
# Events whose cost is not known yet, so that it is kept aside.
OPEN = (*CALLED, EventState.COMPLETED, EventState.MEASURED)
PAID = (EventState.SETTLED, EventState.CLOSED)
# A season is hardly longer than a year; what lies further off counts for nothing.
AROUND = timedelta(days=800)
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Allowance:
    """What an event may cost beside what is left, and the limits of number that meters asked have reached."""

    expected_cost: Decimal
    reserved: Decimal
    budget_left: Decimal | None
    enough: Sequence[str]

    @classmethod
    def of(cls, event: Event, expected_cost: Decimal, reserved: Decimal, enough: Sequence[str]) -> "Allowance":
        """With what is left of the budget beside all other events of the season."""
        return cls(expected_cost, reserved, budget_left(event), enough)


def span_of(event: Event) -> Span:
    """The event's time on its program's clock."""
    return Span(event.start, event.end, event.program.zone)


def hours_of(event: Event) -> Decimal:
    """How long the event lasts."""
    return Decimal(span_of(event).minutes) / 60


def budget_left(event: Event) -> Decimal | None:
    """What of the season's budget neither was spent nor is kept aside for another event; None without a budget."""
    version = event.version
    if version.budget is None:
        return None
    first, last = season_of(version, span_of(event).day)
    season = [row for row in _counted(event) if first <= span_of(row).day <= last]
    kept = sum((row.reserved or NOTHING for row in season if row.state in OPEN), NOTHING)
    return version.budget - kept - _spent(event, season)


def _spent(event: Event, season: Sequence[Event]) -> Decimal:
    """What the season has cost by now."""
    first, last = season_of(event.version, span_of(event).day)
    paid = [row for row in season if row.state in PAID]
    return spent_on(paid, program=event.program, first=first, last=last)


def had_enough(event: Event, ids: Sequence[int]) -> dict[int, str]:
    """Meter id -> the limit of number that it has reached, of these meters; a test counts for nothing.

    A limit counts the events in which the meter was asked, so that calling one part of the town leaves the others
    their number. Two queries, the second only where the program as a whole is near a limit.
    """
    if event.is_test:
        return {}
    others = {row.pk: span_of(row) for row in _counted(event)}
    span = span_of(event)
    if not any(count_refusals(event.version, span, others.values())):
        return {}
    had: dict[int, list[int]] = defaultdict(list)
    rows = Participation.objects.filter(event__in=others).exclude(state=ParticipationState.HELD_OUT)
    for meter_id, event_id in rows.order_by("event").values_list("meter", "event"):
        had[meter_id].append(event_id)
    words: dict[tuple[int, ...], str] = {}
    for which in {tuple(events) for events in had.values()}:
        words[which] = next(count_refusals(event.version, span, [others[pk] for pk in which]), "")
    # A single event may be longer than a season's hours: nobody had any yet, and the limit holds all the same.
    words[()] = next(count_refusals(event.version, span, ()), "")
    return {pk: said for pk in ids if (said := words[tuple(had.get(pk, ()))])}


def require_calling(program: Program) -> None:
    """Passes a program that is open.

    Raises:
        ProgramClosed: A closed one asks nobody.
    """
    if not program.is_open:
        words = _("%(program)s is closed and calls no events. Open the program first.")
        raise ProgramClosed(words % {"program": program.name})


def _closed_refusals(event: Event) -> list[EventError]:
    """That nobody can be asked; an event that is called already keeps whom it asked."""
    if event.state == EventState.DRAFT:
        try:
            require_calling(event.program)
        except ProgramClosed as refusal:
            return [refusal]
    return []


def refusals_of(event: Event, ids: Sequence[int], allowance: Allowance, now: datetime) -> list[EventError]:
    """All that stands against the event, the gravest first.

    Args:
        ids: The meters that would take part.
    """
    span, version = span_of(event), event.version
    holidays = holiday_days(version, span.days[0], span.days[-1])
    found = _closed_refusals(event)
    found += [LimitReached(words) for words in refusals(version, span, holidays)]
    late = notice_refusal(version, span, now)
    if late and event.state != EventState.ACTIVE:
        found.append(TooLittleNotice(late))
    if not ids:
        found += [LimitReached(words) for words in allowance.enough]
    return [*found, *_budget_refusals(event, allowance), *_taken_refusals(event, ids)]


def _budget_refusals(event: Event, allowance: Allowance) -> list[EventError]:
    left = allowance.budget_left
    if left is None or allowance.reserved <= left:
        return []
    currency = event.program.distributor.currency
    words = _("This event may cost up to %(most)s; %(left)s of the season’s budget are left.")
    names = {"most": money_words(allowance.reserved, currency), "left": money_words(max(left, NOTHING), currency)}
    return [BudgetSpent(words % names)]


def _taken_refusals(event: Event, ids: Sequence[int]) -> list[EventError]:
    """One refusal per other event that overlaps this one and has a meter of it."""
    others = Event.objects.filter(
        program__distributor=event.program.distributor_id, state__in=CALLED, start__lt=event.end, end__gt=event.start
    ).exclude(pk=event.pk)
    wanted = set(ids)
    found: list[EventError] = []
    for other in others.select_related("program__distributor").order_by("start", "pk"):
        rows = Participation.objects.filter(event=other).engaged()
        count = len(wanted & set(rows.values_list("meter", flat=True)))
        if count:
            found.append(_taken(other, count))
    return found


def _taken(other: Event, count: int) -> MetersTaken:
    start, end = (moment.astimezone(other.program.zone) for moment in (other.start, other.end))
    words = ngettext(
        "%(count)d meter takes part in the event of %(program)s on %(day)s, %(hours)s, at the same time.",
        "%(count)d meters take part in the event of %(program)s on %(day)s, %(hours)s, at the same time.",
        count,
    )
    names = {"count": count, "program": other.program.name, "day": day_words(start.date())}
    return MetersTaken(words % {**names, "hours": hours_words(start, end)})


def _counted(event: Event) -> QuerySet[Event]:
    """The program's other events that count: called, not called off, and no tests."""
    near = Q(start__gt=event.start - AROUND, start__lt=event.start + AROUND)
    states = [state for state in EventState if state not in (EventState.DRAFT, EventState.CANCELLED)]
    rows = Event.objects.filter(near, program=event.program, state__in=states, is_test=False).exclude(pk=event.pk)
    return rows.select_related("program__distributor").order_by("start", "pk")
