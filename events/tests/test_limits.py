"""What the terms allow: each limit at its edge, clock changes, counts, budget, and two events at once."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import BudgetSpent, LimitReached, MetersTaken, TooLittleNotice
from events.limits import Span, count_refusals, notice_refusal, refusals
from events.models import EventState, LeftOutReason, ProgramVersion
from events.services import (
    Words,
    advance_events,
    cancel_event,
    change_event,
    create_event,
    notify_event,
    schedule_event,
)
from events.targets import Targets
from events.tests.world import make_announced, make_draft, make_program, next_span
from tests.races.two import WAYS

NEW_YORK = ZoneInfo("America/New_York")
WEDNESDAY = date(2026, 7, 22)


def span(start="16:00", end="18:00", day=WEDNESDAY, zone=NEW_YORK):
    first, last = (datetime.combine(day, time.fromisoformat(text), zone) for text in (start, end))
    return Span(first.astimezone(UTC), last.astimezone(UTC), zone)


def said(terms, asked, holidays=()):
    return list(refusals(ProgramVersion(**terms), asked, holidays))


def counted(terms, asked, *others):
    return list(count_refusals(ProgramVersion(**terms), asked, others))


@pytest.mark.parametrize(
    ("terms", "allowed", "refused"),
    [
        ({"season_start": WEDNESDAY}, span(), span(day=WEDNESDAY - timedelta(days=1))),
        ({"season_end": WEDNESDAY}, span(), span(day=WEDNESDAY + timedelta(days=1))),
        ({"min_minutes": 60}, span("16:00", "17:00"), span("16:00", "16:59")),
        ({"max_minutes": 120}, span(), span("16:00", "18:01")),
        ({"hours_from": time(16)}, span(), span("15:59", "17:00")),
        ({"hours_to": time(18)}, span(), span("17:00", "18:01")),
        ({"business_days_only": True}, span(day=date(2026, 7, 24)), span(day=date(2026, 7, 25))),
    ],
)
def test_each_limit_of_time_holds_at_its_edge(terms, allowed, refused):
    assert said(terms, allowed) == []
    assert len(said(terms, refused)) == 1


def test_a_holiday_is_no_business_day():
    terms = {"business_days_only": True}
    assert "is a holiday" in said(terms, span(), [WEDNESDAY])[0]


def test_an_event_over_midnight_leaves_the_season_and_the_business_days():
    friday = date(2026, 7, 24)
    night = Span(span("23:00", "23:30", friday).start, span("00:30", "01:00", friday + timedelta(days=1)).end, NEW_YORK)
    assert len(said({"business_days_only": True}, night)) == 1
    assert len(said({"season_end": friday}, night)) == 1


def test_the_hour_that_comes_twice_is_outside_where_the_clock_leaves_the_hours():
    """From the first 1:30 to the second one the clock shows 1:45 to 2:00 in between."""
    start = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    twice = Span(start, start + timedelta(hours=1), NEW_YORK)
    assert len(said({"hours_from": time(1), "hours_to": time(1, 45)}, twice)) == 1
    assert said({"hours_from": time(1), "hours_to": time(2)}, twice) == []


def test_the_length_is_that_of_the_clock_on_no_wall():
    """From 1 to 4 in spring are two hours."""
    spring = span("01:00", "04:00", date(2026, 3, 8))
    assert spring.minutes == 120
    assert said({"max_minutes": 120}, spring) == []


def test_midnight_is_the_end_of_the_day():
    end = span("00:00", "00:30", WEDNESDAY + timedelta(days=1)).start
    assert said({"hours_from": time(20)}, Span(span("22:00", "23:00").start, end, NEW_YORK)) == []


def test_the_last_minute_of_notice_is_in_time():
    terms, asked = ProgramVersion(notice_minutes=120), span()
    latest = asked.start - timedelta(minutes=120)
    assert notice_refusal(terms, asked, latest) == ""
    assert "2 hours before the start" in notice_refusal(terms, asked, latest + timedelta(seconds=1))


def test_counts_hold_at_their_edge():
    tuesday, monday = (span(day=WEDNESDAY - timedelta(days=days)) for days in (1, 2))
    sunday = span(day=WEDNESDAY - timedelta(days=3))
    assert counted({"max_events": 2}, span(), tuesday) == []
    assert len(counted({"max_events": 2}, span(), tuesday, monday)) == 1
    assert counted({"max_events_per_week": 1}, span(), sunday) == []
    assert len(counted({"max_events_per_week": 1}, span(), monday)) == 1
    assert counted({"max_hours": 4}, span(), tuesday) == []
    assert "1 hour are left" in counted({"max_hours": 3}, span(), tuesday)[0]
    assert counted({"max_consecutive_days": 2}, span(), tuesday) == []
    assert len(counted({"max_consecutive_days": 2}, span(), tuesday, monday)) == 1
    assert counted({"max_consecutive_days": 2}, span(), tuesday, sunday) == []


def test_only_the_season_counts():
    terms = {"max_events": 1, "season_start": date(2026, 6, 1), "season_end": date(2026, 8, 31)}
    assert counted(terms, span(), span(day=date(2026, 5, 31))) == []
    assert len(counted(terms, span(), span(day=date(2026, 6, 1)))) == 1


COUNTS = st.fixed_dictionaries(
    {},
    optional={
        "max_events": st.integers(1, 4), "max_events_per_week": st.integers(1, 3), "max_hours": st.integers(1, 12),
        "max_consecutive_days": st.integers(1, 3),
    },
)  # fmt: skip


@given(COUNTS, st.lists(st.integers(-10, 10), max_size=8), st.randoms())
def test_the_order_of_events_changes_nothing_and_fewer_never_refuse_more(terms, days, chance):
    others = [span(day=WEDNESDAY + timedelta(days=days_off)) for days_off in days]
    mixed = chance.sample(others, len(others))
    refused = counted(terms, span(), *others)
    assert counted(terms, span(), *mixed) == refused
    assert len(counted(terms, span(), *mixed[1:])) <= len(refused)


@pytest.mark.django_db
class TestServices:
    def test_a_second_event_beyond_the_number_is_refused_and_a_test_is_not(self, here):
        program = make_program(here.distributor, max_events=1)
        schedule_event(event=make_draft(program))
        more = make_draft(program, days=3)
        with pytest.raises(LimitReached, match="1 event in a season"):
            schedule_event(event=more)
        start, end = next_span(4)
        words = Words(is_test=True)
        test = create_event(program=program, start=start, end=end, words=words)
        assert schedule_event(event=test).state == EventState.SCHEDULED

    def test_what_is_called_off_does_not_count(self, here):
        program = make_program(here.distributor, max_events=1)
        cancel_event(event=schedule_event(event=make_draft(program)))
        assert schedule_event(event=make_draft(program, days=3)).state == EventState.SCHEDULED

    def test_who_had_their_number_is_left_out_and_the_others_are_asked(self, here):
        program = make_program(here.distributor, max_events=1)
        start, end = next_span(2)
        one = create_event(program=program, start=start, end=end, targets=Targets(meters=frozenset({here.home.pk})))
        schedule_event(event=one)
        second = schedule_event(event=make_draft(program, days=3))
        assert [row.meter for row in second.participations.all()] == [here.school]
        assert second.left_out.get().reason == LeftOutReason.ENOUGH_EVENTS

    def test_notice_is_checked_when_it_is_scheduled_and_again_when_it_is_announced(self, here, time_machine):
        program = make_program(here.distributor, notice_minutes=24 * 60)
        event = schedule_event(event=make_draft(program))
        time_machine.move_to(event.start - timedelta(hours=23))
        with pytest.raises(TooLittleNotice, match="1 day before"):
            notify_event(event=event)
        start, end = next_span(0)
        late = create_event(program=program, start=start + timedelta(hours=2), end=end + timedelta(hours=2))
        with pytest.raises(TooLittleNotice):
            schedule_event(event=late)

    def test_the_budget_keeps_aside_what_called_events_may_cost(self, here):
        # 51 kW are nominated at 2.80: 142.80 per event.
        program = make_program(here.distributor, budget=Decimal("285.59"))
        first = schedule_event(event=make_draft(program))
        assert first.reserved == Decimal("142.80")
        with pytest.raises(BudgetSpent, match=r"\$142\.80; \$142\.79"):
            schedule_event(event=make_draft(program, days=3))
        cancel_event(event=first)
        assert schedule_event(event=make_draft(program, days=4)).reserved == Decimal("142.80")

    def test_a_meter_is_not_asked_twice_at_once_and_the_other_event_is_named(self, here):
        evening, other = make_program(here.distributor), make_program(here.distributor, "Mornings")
        make_announced(evening)
        with pytest.raises(MetersTaken, match="2 meters take part in the event of Load response"):
            schedule_event(event=make_draft(other))
        start, end = next_span(2)
        after = create_event(program=other, start=end, end=end + (end - start))
        assert schedule_event(event=after).state == EventState.SCHEDULED

    def test_a_running_event_is_extended_within_its_limits(self, here):
        program = make_program(here.distributor, max_minutes=120)
        event = make_announced(program)
        number = event.modification_number
        advance_events(now=event.start)
        event.refresh_from_db()
        with pytest.raises(LimitReached, match="at most 2 hours"):
            change_event(event=event, start=event.start, end=event.end + timedelta(hours=2))
        longer = change_event(event=event, start=event.start, end=event.end + timedelta(hours=1))
        assert (longer.state, longer.modification_number) == (EventState.ACTIVE, number + 2)


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
def test_two_drafts_scheduled_at_once_do_not_exceed_the_number(way, here):
    program = make_program(here.distributor, max_events=1)
    one, two = make_draft(program), make_draft(program, days=3)
    writers = WAYS[way](lambda: schedule_event(event=one), lambda: schedule_event(event=two))
    refused = [writer.refused for writer in writers if writer.refused is not None]
    assert [type(error) for error in refused] == [LimitReached]
    assert program.events.filter(state=EventState.SCHEDULED).count() == 1
