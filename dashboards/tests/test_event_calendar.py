"""The calendar over the list of events: each event on its day, by month and by week."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils.translation import override

from dashboards.operator_facts.event_calendar import calendar_of
from dashboards.tests.operator_tools import page, query_count
from dashboards.tests.story import make_program
from events.models import Event, EventState

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 22)


@pytest.fixture
def program(here):
    return make_program(here, here.home)


def on(program, *parts, state=EventState.DRAFT, hours=1, **fields):
    """An event that starts at a moment in UTC; New York is four hours behind in summer."""
    start = datetime(*parts, tzinfo=UTC)
    return Event.objects.create(
        program=program, version=program.current, start=start, end=start + timedelta(hours=hours), state=state, **fields
    )


def month(today=TODAY, **asked):
    return calendar_of(Event.objects.select_related("program__distributor"), asked, today)


def shown(calendar):
    """Day -> how many events stand on it."""
    return {cell["day"]: len(cell["items"]) for cell in calendar.days if cell["items"]}


def test_an_event_stands_on_the_day_of_its_programs_clock(program):
    on(program, 2026, 7, 9, 3, 30)
    on(program, 2026, 7, 9, 20)
    assert shown(month()) == {date(2026, 7, 8): 1, date(2026, 7, 9): 1}


def test_the_edges_of_the_month_belong_to_one_month_each(program):
    on(program, 2026, 8, 1, 3)
    on(program, 2026, 8, 1, 5)
    assert shown(month()) == {date(2026, 7, 31): 1}
    assert shown(month(day="2026-08-15")) == {date(2026, 8, 1): 1}


def test_the_month_has_whole_weeks_and_says_what_is_outside(program):
    calendar = month()
    assert calendar.title == "July 2026"
    assert len(calendar.days) % 7 == 0
    assert sum(not cell["is_outside"] for cell in calendar.days) == 31
    assert [cell["day"] for cell in calendar.days if cell["is_today"]] == [TODAY]
    assert (calendar.earlier, calendar.later) == ("2026-06-30", "2026-08-01")


def test_a_week_crosses_months_and_shows_all_of_it(program):
    on(program, 2026, 7, 31, 20)
    on(program, 2026, 8, 1, 20)
    calendar = month(view="week", day="2026-07-31")
    assert len(calendar.days) == 7
    assert shown(calendar) == {date(2026, 7, 31): 1, date(2026, 8, 1): 1}
    assert calendar.title == "27 July to 2 August 2026"


def test_the_weekdays_stand_over_their_days_in_the_readers_language(program):
    assert month().weekdays == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert month().days[0]["day"].weekday() == 0
    with override("es"):
        assert month().weekdays[0] == "lun"


def test_state_and_test_stand_beside_the_event_in_words(program):
    on(program, 2026, 7, 9, 20, state=EventState.CANCELLED, is_test=True)
    item = next(cell["items"][0] for cell in month().days if cell["items"])
    assert (item["badge"], item["tone"], item["is_test"], item["hours"]) == ("Cancelled", "danger", True, "4 to 5 pm")


def test_a_full_day_leads_to_its_week(program):
    for hour in range(14, 19):
        on(program, 2026, 7, 9, hour)
    cell = next(cell for cell in month().days if cell["items"])
    assert (len(cell["items"]), cell["more"]) == (3, 2)
    assert max(len(cell["items"]) for cell in month(view="week", day="2026-07-09").days) == 5


@pytest.mark.parametrize(
    "day", ["", "yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "²", "2026-07-22T00:00", "-1"]
)
def test_a_day_that_is_none_is_today(program, day):
    assert month(day=day).here == TODAY.isoformat()


@pytest.mark.parametrize(("day", "ends"), [("1970-01-01", "earlier"), ("2100-12-31", "later")])
def test_the_calendar_ends_somewhere(program, day, ends):
    assert getattr(month(day=day), ends) == ""


def test_an_empty_month_leads_to_the_next_event_else_to_the_last(program):
    on(program, 2026, 3, 4, 20)
    assert month().nearest == {"day": "2026-03-04", "words": "4 March 2026"}
    on(program, 2026, 9, 5, 20)
    assert month().nearest["day"] == "2026-09-05"


def test_without_any_event_it_says_nothing_of_another(program):
    assert (month().words, month().nearest) == ("0 events", {})


class TestThePage:
    def test_it_keeps_the_filters_and_shows_what_they_find(self, here, program):
        on(program, 2026, 7, 9, 20)
        off = on(program, 2026, 7, 10, 20, state=EventState.CANCELLED)
        words = page(here.admin, "/ops/events?state=cancelled&day=2026-07-22")
        calendar = words[words.index('id="month-title"') : words.index("<table")]
        assert "1 event<" in calendar
        assert f"/ops/events/{off.pk}" in calendar
        assert "state=cancelled&amp;day=2026-06-30" in calendar
        assert 'name="day" value="2026-07-22"' in words

    def test_it_costs_as_much_for_many_events_as_for_one(self, here, program):
        on(program, 2026, 7, 9, 20)
        few = query_count(here.admin, "/ops/events?day=2026-07-22")
        for day in range(10, 30):
            on(program, 2026, 7, day, 20)
        assert query_count(here.admin, "/ops/events?day=2026-07-22") == few
