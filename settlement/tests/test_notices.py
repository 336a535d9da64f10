"""Who is told of a reward, and what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dashboards.tests.story import add_readings, lower, make_program, past_event, settled
from delivery.models import Message, Notice, Topic
from settlement.models import Account, LedgerBatch, LedgerEntry, Unit
from settlement.notices import tell_holders, write_reward
from settlement.services import approve_adjustment, ask_adjustment, post_run, settle
from settlement.tests.world import make_case
from tests.builder import make_admin, make_world

pytestmark = pytest.mark.django_db

PAYLOAD = {
    "name": "Rita",
    "amount": "4.10",
    "tenant": None,
    "currency": "USD",
    "program": "Evenings",
    "start": "2026-07-22T20:00:00+00:00",
    "zone": "America/New_York",
}


@pytest.fixture
def side():
    side = make_world().here
    for meter in (side.home, side.school):
        add_readings(meter, days=8)
    event = past_event(make_program(side, side.home, side.school))
    lower(side.home, event, 100)
    lower(side.school, event, 100)
    settled(event)
    return side


def test_whoever_earned_something_is_told_once_and_nobody_else(side):
    paid = set(LedgerEntry.objects.filter(account=Account.OWED).values_list("holder_id", flat=True))
    notices = Notice.objects.filter(topic=Topic.REWARDS)
    readers = set(notices.values_list("user_id", flat=True))
    assert (side.resident.pk in readers) == (side.resident.pk in paid)
    assert (side.member.pk in readers) == (side.organization.pk in paid)
    assert readers
    assert side.neighbor.pk not in readers
    assert side.pending.pk not in readers
    assert Message.objects.filter(kind="reward-notice").count() == notices.count() == len(readers)


def test_settling_old_events_tells_nobody(side):
    batch = LedgerBatch.objects.get()
    event = batch.run.event
    event.end = timezone.now() - timedelta(days=31)
    assert tell_holders(batch=batch, event=event, entries=list(batch.entries.all())) == 0


def test_letter_says_how_much_and_for_what():
    letter = write_reward(PAYLOAD)
    assert "$4.10" in letter.title
    assert "Evenings" in letter.text
    assert letter.url == "/rewards"


def test_correction_downward_is_not_called_a_reward():
    letter = write_reward(PAYLOAD | {"amount": "-1.00"})
    assert letter.title.startswith("Correction")
    assert "$1.00 less" in letter.body


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"rate": "0", "points_per_kwh": 100}, "160 points for the event"),
        ({"points_per_kwh": 100}, "$2.24 and 160 points for the event"),
    ],
)
def test_points_alone_are_told_and_beside_money_they_are_named(terms, words):
    world, _, event = make_case(**terms)
    batch = post_run(run=settle(event=event))
    event.end = timezone.now()
    assert tell_holders(batch=batch, event=event, entries=batch.entries.all()) > 0
    notice = Notice.objects.get(user=world.here.resident, topic=Topic.REWARDS)
    assert words in notice.title


def test_an_adjustment_of_points_is_told():
    world, _, _event = make_case()
    here = world.here
    ask = {"distributor": here.distributor, "holder": here.resident, "amount": Decimal(1), "unit": Unit.POINTS}
    asked = ask_adjustment(**ask, reason="goodwill", by=here.admin)
    approve_adjustment(adjustment=asked, by=make_admin(here.distributor))
    notice = Notice.objects.get(user=here.resident, topic=Topic.REWARDS)
    assert notice.title == "1 point added to your rewards"


def test_a_letter_of_before_there_were_points_in_it_is_written_as_it_was():
    assert "points" not in PAYLOAD
    assert "$4.10" in write_reward(PAYLOAD).title
    less = write_reward(PAYLOAD | {"amount": "0", "points": "-12"})
    assert "12 points less are owed" in less.text
