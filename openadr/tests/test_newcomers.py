"""VENs that came while an event was being announced."""

import pytest
from django.utils import timezone

from events.models import Event
from events.services import cancel_event, opt_out
from events.tests.world import make_announced, make_program
from openadr.models import EventDelivery, VenState
from openadr.services.newcomers import LOOKED_FOR, tell_newcomers
from openadr.tasks import report_unreachable
from openadr.tests.delivery_world import is_told, make_ven, part_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(here):
    return make_program(here.distributor)


def test_a_ven_that_the_announcement_did_not_see_is_told_within_a_minute(here, program):
    event = make_announced(program)
    ven, elsewhere = make_ven(here.distributor, here.home), make_ven(here.distributor, here.neighbor_home)
    revoked = make_ven(here.distributor, here.home, state=VenState.REVOKED)
    assert tell_newcomers() == 1
    assert is_told(ven, event)
    assert not is_told(elsewhere, event)
    assert not is_told(revoked, event)
    assert tell_newcomers() == 0


def test_nobody_is_told_late_of_what_is_skipped_off_or_long_known(here, program):
    skipped, off, old = make_announced(program, 2), make_announced(program, 3), make_announced(program, 4)
    opt_out(participation=part_of(here.home, skipped))
    cancel_event(event=off)
    ven = make_ven(here.distributor, here.home)
    Event.objects.filter(pk=old.pk).update(notified_at=timezone.now() - LOOKED_FOR)
    assert tell_newcomers() == 0
    assert not EventDelivery.objects.filter(ven=ven).exists()


def test_the_clock_tells_newcomers(here, program):
    event = make_announced(program)
    ven = make_ven(here.distributor, here.home)
    report_unreachable()
    assert is_told(ven, event)
