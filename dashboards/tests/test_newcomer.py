"""What pages tell of a newcomer's usual use: nothing that rests on what the former holder used."""

from datetime import date

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from dashboards.selectors.event_grid import grid_of
from dashboards.selectors.event_usual import usual_of
from settlement.services import settle
from settlement.tests.test_evidence import opened_line
from settlement.tests.test_holder import make_moved
from settlement.tests.world import EVENT_DAY, local

pytestmark = pytest.mark.django_db


def test_why_this_amount_says_in_plain_words_which_days_were_not_theirs():
    world, newcomer, event = make_moved(preset="ten-in-ten")
    line = opened_line(settle(event=event), world.here.home)
    client = Client()
    client.force_login(newcomer)
    page = client.get(reverse("reward_why", args=[line.pk]))
    assert "Before you had the meter: what others used is none of yours." in page.text
    file = client.get(reverse("reward_evidence", args=[line.pk])).json()
    assert min(start for start, _wh, _guess in file["participant"]["readings"]) > "2026-07-15"


def test_the_live_line_of_a_newcomer_is_not_drawn_from_the_former_holders_days():
    world, _newcomer, event = make_moved(local(date(2026, 7, 20), 12), preset="ten-in-ten")
    meters = [world.here.home, world.here.school]
    usual = usual_of(event, meters, grid_of(event, {30}), with_today=True)
    home = np.searchsorted(usual.meter_ids, world.here.home.pk)
    assert np.isnan(usual.watts[home]).all()
    assert not np.isnan(usual.watts[1 - home]).all()


def test_the_live_line_leaves_out_the_hours_of_the_event_day_before_the_move():
    world, _newcomer, event = make_moved(local(EVENT_DAY, 0), preset="three-day")
    usual = usual_of(event, [world.here.home], grid_of(event, {30}), with_today=False)
    assert np.isnan(usual.watts).all()
