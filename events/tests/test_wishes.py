"""Standing wishes: when they meet an event, and who may have them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from events.errors import BadWish
from events.models import OptSchedule
from events.services.opt_schedules import add_opt_schedule, end_opt_schedule, skipped_by_schedule
from events.tests.world import make_draft, make_program
from events.wish_words import wish_words
from events.wishes import MIDNIGHT, local_spans, matches
from tests.builder import make_world

NEW_YORK = ZoneInfo("America/New_York")
SUNDAY, MONDAY = date(2026, 7, 26), date(2026, 7, 27)


@dataclass(frozen=True)
class Wish:
    weekdays: str = "0123456"
    hours_from: time | None = None
    hours_to: time | None = None
    first_day: date | None = None
    last_day: date | None = None


def at(day, hour, minute=0, fold=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK, fold=fold)


@pytest.mark.parametrize(
    ("wish", "start", "end", "met"),
    [
        (Wish("6"), at(SUNDAY, 16), at(SUNDAY, 18), True),
        (Wish("6"), at(MONDAY, 16), at(MONDAY, 18), False),
        # Over midnight: the event's part on the Sunday counts.
        (Wish("6"), at(SUNDAY, 23), at(MONDAY, 1), True),
        (Wish("0"), at(SUNDAY, 23), at(MONDAY, 0), False),
        # Hours touch only where they overlap.
        (Wish("6", time(16), time(21)), at(SUNDAY, 14), at(SUNDAY, 16), False),
        (Wish("6", time(16), time(21)), at(SUNDAY, 14), at(SUNDAY, 16, 15), True),
        (Wish("6", time(16), time(21)), at(SUNDAY, 21), at(SUNDAY, 22), False),
        (Wish("6", time(22), MIDNIGHT), at(SUNDAY, 23, 45), at(MONDAY, 0), True),
        # Dates are both included.
        (Wish(first_day=MONDAY), at(SUNDAY, 16), at(SUNDAY, 17), False),
        (Wish(last_day=SUNDAY), at(SUNDAY, 16), at(SUNDAY, 17), True),
        (Wish(first_day=SUNDAY, last_day=SUNDAY), at(MONDAY, 0), at(MONDAY, 1), False),
    ],
)
def test_a_wish_meets_an_event_by_the_local_clock(wish, start, end, met):
    assert matches(wish, start.astimezone(UTC), end.astimezone(UTC), NEW_YORK) is met


def test_the_hour_that_spring_leaves_out_meets_nothing():
    spring = date(2026, 3, 8)
    event = at(spring, 1), at(spring, 3)
    assert not matches(Wish("6", time(2), time(3)), *event, NEW_YORK)
    assert matches(Wish("6", time(2), time(3, 15)), event[0], at(spring, 3, 15), NEW_YORK)


@pytest.mark.parametrize("fold", [0, 1])
def test_both_hours_that_autumn_has_twice_meet(fold):
    autumn = date(2026, 11, 1)
    start = at(autumn, 1, 15, fold).astimezone(UTC)
    assert matches(Wish("6", time(1), time(1, 30)), start, start + timedelta(minutes=15), NEW_YORK)
    assert not matches(Wish("6", time(2), time(3)), start, start + timedelta(minutes=15), NEW_YORK)


@given(
    passed=st.integers(0, 365 * 24 * 60),
    minutes=st.integers(1, 24 * 60),
    name=st.sampled_from(["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_local_spans_last_as_long_as_the_event_and_stay_within_days(passed, minutes, name):
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=passed)
    spans = local_spans(start, start + timedelta(minutes=minutes), ZoneInfo(name))
    assert sum((span.end - span.start for span in spans), timedelta()) == timedelta(minutes=minutes)
    for span in spans:
        assert span.start < span.end <= datetime.combine(span.start.date(), time.min) + timedelta(days=1)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (Wish("6", time(16), time(21)), "You skip events on Sundays from 4 to 9 pm."),
        (Wish("56"), "You skip events on Saturdays and Sundays."),
        (Wish("024"), "You skip events on Mondays, Wednesdays and Fridays."),
        (Wish(hours_from=time(22), hours_to=MIDNIGHT), "You skip events every day from 10 pm to midnight."),
        (
            Wish(first_day=date(2026, 8, 1), last_day=date(2026, 8, 31)),
            "You skip events every day between 1 August 2026 and 31 August 2026.",
        ),
    ],
)
def test_a_wish_reads_as_a_sentence(wish, sentence):
    assert wish_words(wish) == sentence


@pytest.mark.django_db
class TestKept:
    @pytest.fixture
    def here(self):
        return make_world().here

    @pytest.fixture
    def event(self, here):
        return make_draft(make_program(here.distributor))

    def add(self, here, **more):
        return add_opt_schedule(meter=here.home, holder=here.resident, by=here.resident, **more)

    def test_the_meter_of_who_wishes_is_skipped_and_no_other(self, here, event):
        wish = self.add(here)
        holders = {here.home.pk: here.resident.pk, here.neighbor_home.pk: here.neighbor.pk}
        assert skipped_by_schedule(event=event, holders=holders) == {here.home.pk: wish}

    def test_a_wish_of_another_program_does_not_count(self, here, event):
        self.add(here, program=make_program(here.distributor, "Another"))
        assert skipped_by_schedule(event=event, holders={here.home.pk: here.resident.pk}) == {}

    def test_nobody_inherits_a_wish(self, here, event):
        self.add(here)
        assert skipped_by_schedule(event=event, holders={here.home.pk: here.neighbor.pk}) == {}
        assert skipped_by_schedule(event=event, holders={here.home.pk: None}) == {}

    def test_what_was_taken_back_does_not_count(self, here, event):
        wish = end_opt_schedule(schedule=self.add(here), by=here.resident)
        assert end_opt_schedule(schedule=wish).ended_at == wish.ended_at
        assert skipped_by_schedule(event=event, holders={here.home.pk: here.resident.pk}) == {}

    def test_the_same_wish_is_kept_once(self, here):
        assert self.add(here, weekdays="66").pk == self.add(here, weekdays="6").pk
        assert OptSchedule.objects.count() == 1

    def test_a_meter_of_somebody_else_is_refused(self, here):
        with pytest.raises(BadWish):
            add_opt_schedule(meter=here.neighbor_home, holder=here.resident)

    @pytest.mark.parametrize(
        "wrong",
        [{"weekdays": ""}, {"weekdays": "7"}, {"hours": (time(22), time(6))}, {"days": (MONDAY, SUNDAY)}],
    )
    def test_what_would_never_apply_is_refused(self, here, wrong):
        with pytest.raises(BadWish):
            self.add(here, **wrong)

    def test_too_many_are_refused(self, here):
        for minute in range(20):
            self.add(here, hours=(time(1, minute), time(2)))
        with pytest.raises(BadWish):
            self.add(here)

    def test_an_organization_wishes_as_one(self, here, event):
        wish = add_opt_schedule(meter=here.school, holder=here.organization, by=here.organization_admin)
        holders = {here.school.pk: here.organization.pk}
        assert skipped_by_schedule(event=event, holders=holders) == {here.school.pk: wish}
        assert OptSchedule.objects.visible_to(here.member).count() == 1
        assert OptSchedule.objects.visible_to(here.other_organization_admin).count() == 0
        assert timezone.now() >= wish.created_at
