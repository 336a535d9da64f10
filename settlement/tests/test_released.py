"""Homes that left or paused once they were held out are compared with no more."""

import pytest

from events.models import AnswerSource, Participation
from settlement.services import settle
from settlement.services.measuring.participants import held_out_state
from settlement.tests.test_evidence import bundle, make_control_case

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def release_one(event, source):
    row = Participation.objects.compared().filter(event=event).order_by("pk").first()
    row.answer_source = source
    row.save(update_fields=["answer_source"])


def test_who_was_released_is_in_no_group_and_a_group_may_become_too_small():
    world, event = make_control_case(6)
    whole = held_out_state(event)
    release_one(event, AnswerSource.PAUSE)
    assert held_out_state(event) != whole
    run = settle(event=event)
    assert bundle(run, world.here.home)["participant"]["basis"]["members"] == 5
    release_one(event, AnswerSource.MOVE)
    run = settle(event=event)
    assert "GROUP_TOO_SMALL" in bundle(run, world.here.home)["result"]["usual"]["flags"]
