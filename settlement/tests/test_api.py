"""Rewards over REST."""

from datetime import timedelta
from decimal import Decimal

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from events.services import record_completed_event
from events.tests.world import PAST
from settlement.api import RewardViewSet
from settlement.models import RunKind
from settlement.services import post_run, settle
from settlement.tests.world import EVENT_DAY, make_case, put
from tests.builder import make_token

pytestmark = pytest.mark.django_db
LIST = RewardViewSet.as_view({"get": "list"})
DETAIL = RewardViewSet.as_view({"get": "retrieve"})


@pytest.fixture
def case():
    return make_case()


def get(view, user, scopes=None, path="/", **kwargs):
    """The response of a view for a user, by session or with a token of these scopes."""
    request = APIRequestFactory().get(path)
    force_authenticate(request, user=user, token=None if scopes is None else make_token(user, *scopes)[0])
    return view(request, **kwargs)


def test_a_reward_says_what_for_and_how_much(case):
    world, program, event = case
    settle(event=event)
    (row,) = get(LIST, world.here.resident).data["results"]
    assert row | {"id": 0} == {
        "id": 0,
        "event": event.pk,
        "program": program.pk,
        "start": "2026-07-22T20:00:00Z",
        "end": "2026-07-22T22:00:00Z",
        "meter": "Hither-home",
        "kind": "capacity",
        "status": "ok",
        "baseline_wh": "4000/1",
        "event_wh": 2400,
        "performance_wh": "1600/1",
        "delivered_wh": 1600,
        "nomination_kw": "1.000",
        "performance_factor": "0.800000",
        "credit": "2.24",
        "currency": "USD",
        "points": 0,
        "is_final": False,
    }
    assert get(DETAIL, world.here.resident, pk=row["id"]).data == row


def test_everybody_sees_the_own_rewards_only(case):
    world, _, event = case
    run = settle(event=event)
    home = run.lines.get(meter=world.here.home)
    for user, meters in (
        (world.here.organization_admin, ["Hither-school"]),
        (world.here.member, ["Hither-school"]),
        (world.here.admin, ["Hither-home", "Hither-school"]),
        (world.here.neighbor, []),
        (world.here.other_organization_admin, []),
        (world.there.admin, []),
    ):
        assert [row["meter"] for row in get(LIST, user).data["results"]] == meters
    for stranger in (world.here.neighbor, world.here.organization_admin, world.there.admin):
        assert get(DETAIL, stranger, pk=home.pk).status_code == 404


def test_only_the_newest_final_run_counts_and_no_estimate(case):
    world, _, event = case
    old = settle(event=event)
    put(world.here.home, EVENT_DAY, 500)
    settle(event=event)
    settle(event=event, preset="ten-in-ten")
    rows = get(LIST, world.here.resident).data["results"]
    assert [row["credit"] for row in rows] == ["2.80"]
    assert get(DETAIL, world.here.resident, pk=old.lines.get(meter=world.here.home).pk).status_code == 404


def test_rewards_are_found_by_event_and_meter(case):
    world, program, event = case
    settle(event=event)
    earlier = record_completed_event(
        program=program, start=PAST[0] - timedelta(days=1), end=PAST[1] - timedelta(days=1)
    )
    settle(event=earlier)
    admin = world.here.admin
    assert [row["event"] for row in get(LIST, admin).data["results"]] == [event.pk] * 2 + [earlier.pk] * 2
    assert len(get(LIST, admin, path=f"/?event={earlier.pk}").data["results"]) == 2
    rows = get(LIST, admin, path=f"/?event={event.pk}&meter=Hither-school").data["results"]
    assert [Decimal(row["credit"]) for row in rows] == [Decimal(140)]


def test_a_token_needs_the_scope(case):
    world, _, event = case
    settle(event=event)
    assert get(LIST, world.here.resident, scopes=["rewards:read"]).status_code == 200
    assert get(LIST, world.here.resident, scopes=["events:read"]).status_code == 403


def test_the_list_takes_a_fixed_number_of_queries(case, django_assert_max_num_queries):
    world, _, event = case
    settle(event=event)
    with django_assert_max_num_queries(3):
        get(LIST, world.here.admin)


def test_while_a_correction_waits_or_is_refused_what_was_posted_is_shown(case):
    world, _, event = case
    settle(event=event, kind=RunKind.PRELIMINARY)
    (row,) = get(LIST, world.here.resident).data["results"]
    assert (row["credit"], row["is_final"]) == ("2.24", False)
    post_run(run=settle(event=event))
    put(world.here.home, EVENT_DAY, 500)
    run = settle(event=event)
    (row,) = get(LIST, world.here.resident).data["results"]
    assert (row["credit"], row["is_final"]) == ("2.24", True)
    assert get(DETAIL, world.here.resident, pk=run.lines.get(meter=world.here.home).pk).status_code == 404
    post_run(run=run)
    (row,) = get(LIST, world.here.resident).data["results"]
    assert (row["credit"], row["is_final"]) == ("2.80", True)


def test_points_stand_beside_money():
    world, _, event = make_case(points_per_kwh=100)
    settle(event=event)
    (row,) = get(LIST, world.here.resident).data["results"]
    assert (row["credit"], row["points"]) == ("2.24", 160)
