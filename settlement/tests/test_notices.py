"""Who is told of a reward, and what."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboards.tests.story import add_readings, lower, make_program, past_event, settled
from delivery.models import Message, Notice, Topic
from settlement.models import Account, LedgerBatch, LedgerEntry
from settlement.notices import tell_holders, write_reward
from tests.builder import make_world

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
