"""The pages of months of standing by: who sees what, and what a decision does."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.attention import needs_of
from events.services import record_completed_event
from organizations.models import Distributor
from settlement.models import MonthRun, MonthWord
from settlement.services import post_run, refuse_run, settle, settle_month
from settlement.services.closing import close_events
from settlement.services.months.work import month_shares
from settlement.tests.world import local, make_case
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
JULY = date(2026, 7, 1)


@pytest.fixture
def case():
    world, program, event = make_case(capacity_per_kw_month=Decimal(2))
    post_run(run=settle(event=event))
    return world, program, event


def page(client, user, name, *args):
    client.force_login(user)
    return client.get(reverse(name, args=args))


def test_the_list_is_empty_at_first_and_a_month_is_worked_out_from_it(client, case):
    world, program, _ = case
    assert "No month yet" in page(client, world.here.admin, "operator_months").content.decode()
    answer = client.post(reverse("operator_months"), {"program": program.pk, "month": "2026-07"})
    run = MonthRun.objects.get()
    assert answer["Location"] == reverse("operator_month", args=[run.pk])
    assert run.created_by == world.here.admin
    assert "July 2026" in client.get(reverse("operator_months")).content.decode()


@pytest.mark.parametrize("zone", ["Europe/Prague", "America/New_York"])
@pytest.mark.parametrize("month", ["", "July", "2026-13", "0001-01", "9999-12", "2026-07-01", "٢٠٢٦-٠٧"])
def test_a_month_that_is_none_makes_nothing(client, case, month, zone):
    world, program, _ = case
    Distributor.objects.filter(pk=world.here.distributor.pk).update(timezone=zone)
    client.force_login(world.here.admin)
    answer = client.post(reverse("operator_months"), {"program": program.pk, "month": month})
    assert answer["Location"] == reverse("operator_months")
    assert not MonthRun.objects.exists()


def test_another_person_approves_and_then_it_is_posted(client, case):
    world, program, _ = case
    second = make_admin(world.here.distributor)
    run = settle_month(program=program, month=JULY, by=world.here.admin)
    text = page(client, world.here.admin, "operator_month", run.pk).content.decode()
    assert "somebody else approves it" in text
    assert 'value="approve"' not in text
    url = reverse("operator_month", args=[run.pk])
    client.post(url, {"action": "approve"})
    client.post(url, {"action": "post"})
    run.refresh_from_db()
    assert run.batch is None
    assert any("standing by" in need.title for need in needs_of(second))
    client.force_login(second)
    for action in ("approve", "post"):
        client.post(url, {"action": action})
    run.refresh_from_db()
    assert run.batch.posted_by == second
    assert not any("standing by" in need.title for need in needs_of(second))
    assert "In the ledger" in client.get(url).content.decode()


def test_a_refusal_needs_its_reason_and_stays_on_the_page(client, case):
    world, program, _ = case
    run = settle_month(program=program, month=JULY)
    url = reverse("operator_month", args=[run.pk])
    client.force_login(world.here.admin)
    client.post(url, {"action": "refuse", "reason": ""})
    assert not run.decisions.exists()
    client.post(url, {"action": "refuse", "reason": "The list was wrong"})
    assert run.decisions.get().kind == MonthWord.REFUSED
    assert "The list was wrong" in client.get(url).content.decode()


def test_the_page_names_the_events_that_are_missing(client, case):
    world, program, _ = case
    day = date(2026, 7, 21)
    other = record_completed_event(program=program, start=local(day, 16), end=local(day, 17))
    refuse_run(run=settle(event=other), by=world.here.admin, reason="Wrong readings")
    run = settle_month(program=program, month=JULY)
    text = page(client, world.here.admin, "operator_month", run.pk).content.decode()
    assert "Events that are missing" in text
    assert "counts as not called" in text


def test_the_holder_reads_it_in_words_among_the_rewards_once_it_is_posted(client, case):
    world, program, _ = case
    second = make_admin(world.here.distributor)
    run = settle_month(program=program, month=JULY, by=world.here.admin)
    assert "for being ready" not in page(client, world.here.resident, "rewards").content.decode()
    url = reverse("operator_month", args=[run.pk])
    client.force_login(second)
    for action in ("approve", "post"):
        client.post(url, {"action": action})
    share = next(row for row in month_shares(program=program, first=JULY) if row.meter_id == world.here.home.pk)
    text = page(client, world.here.resident, "rewards").content.decode()
    assert f"{program.name}: for being ready to use less in July 2026" in text
    assert str(share.worth.credit) in text


def test_a_closed_event_says_since_when(client, case, time_machine):
    world, _, event = case
    time_machine.move_to(datetime(2027, 6, 1, 12, tzinfo=UTC))
    assert close_events()
    for user, name in ((world.here.admin, "operator_event"), (world.here.resident, "event_detail")):
        text = page(client, user, name, event.pk).content.decode()
        assert "Closed on 1 June 2027." in text
