"""What is kept for a while only."""

from datetime import timedelta

import pytest
from django.utils import timezone

from openadr.models import VenChange, VenMessage
from openadr.tasks import sweep_messages
from openadr.tests.delivery_world import make_ven

pytestmark = pytest.mark.django_db


def test_old_messages_and_changes_go_and_new_ones_stay(here, settings):
    settings.VTN_LOG_DAYS = 7
    now, day = timezone.now(), timedelta(days=1)
    ven = make_ven(here.distributor)
    VenChange.objects.all().delete()
    for age in (0, 2, 6, 8):
        VenMessage.objects.create(ven=ven, distributor=here.distributor, at=now - age * day, code=200)
        VenChange.objects.create(number=age + 1, ven=ven, at=now - age * day)
    sweep_messages()
    assert (VenMessage.objects.count(), VenChange.objects.count()) == (3, 1)
