"""Pages of rewards, disputes and adjustments: what each reader sees, does and may not do."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dashboards.selectors import rewards
from dashboards.tests.story import add_readings, line_of, lower, make_program, past_event
from settlement.models import Adjustment, AdjustmentState, Dispute, DisputeState, RunKind, Unit
from settlement.services import (
    approve_adjustment,
    ask_adjustment,
    balance,
    open_dispute,
    post_run,
    settle,
)
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def here(world):
    """Home and school with readings."""
    for meter in (world.here.home, world.here.school):
        add_readings(meter, days=8)
    return world.here


@pytest.fixture
def event(here):
    """A past event of both meters, not settled yet."""
    event = past_event(make_program(here, here.home, here.school))
    for meter in (here.home, here.school):
        lower(meter, event, 100)
    return event


@pytest.fixture
def settled(event):
    """The same, in the ledger."""
    post_run(run=settle(event=event))
    return event


def adjusted(here, amount, unit=Unit.MONEY):
    asked = ask_adjustment(
        distributor=here.distributor,
        holder=here.resident,
        amount=D(amount),
        reason="goodwill",
        by=here.admin,
        unit=unit,
    )
    return approve_adjustment(adjustment=asked, by=make_admin(here.distributor))


# ---- the list of rewards ---------------------------------------------------------------------------------


def test_an_estimate_stands_apart_until_the_final_figure_replaces_it(client, here, event):
    client.force_login(here.resident)
    settle(event=event, kind=RunKind.PRELIMINARY)
    page = client.get(reverse("rewards"))
    assert "data up to" in page.text
    assert "Not final yet" in page.text
    sums = rewards.sums_of(rewards.lines_for(here.resident))
    assert (sums.final, sums.saved_wh) == (0, 0)
    assert sums.estimate > 0
    post_run(run=settle(event=event))
    page = client.get(reverse("rewards"))
    assert "data up to" not in page.text
    assert len(page.context["rows"]) == 1
    assert rewards.sums_of(rewards.lines_for(here.resident)).estimate == 0


def test_what_was_paid_is_shown_while_a_correction_waits(here, settled):
    before = rewards.sums_of(rewards.lines_for(here.resident)).final
    lower(here.home, settled, 0)
    type(here.home).objects.filter(pk=here.home.pk).update(data_version=7)
    assert settle(event=settled).number == 2
    sums = rewards.sums_of(rewards.lines_for(here.resident))
    assert (sums.final, sums.estimate) == (before, 0)


@pytest.mark.parametrize("amounts", [[], ["1.20"], ["1.20", "-0.70", "3.00"]])
def test_totals_are_what_the_books_owe(client, here, settled, amounts):
    for amount in amounts:
        adjusted(here, amount)
    adjusted(here, "7", Unit.POINTS)
    client.force_login(here.resident)
    page = client.get(reverse("rewards"))
    sums = rewards.sums_of(rewards.lines_for(here.resident), extras=rewards.extras_for(here.resident))
    assert sums.final == balance(holder=here.resident)
    assert sums.points == balance(holder=here.resident, unit=Unit.POINTS) == 7
    assert len(page.context["rows"]) == 2 + len(amounts)
    assert "7 points" in page.text


def test_number_of_queries_does_not_grow_with_rewards(client, here, settled):
    client.force_login(here.resident)
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("rewards")).status_code == 200
        counts.append(len(queries))
        for amount in ("1.00", "2.00", "3.00"):
            adjusted(here, amount)
    assert counts[0] == counts[1]


# ---- objecting -------------------------------------------------------------------------------------------


def test_one_click_from_the_amount_and_a_form_that_works_without_a_script(client, here, settled):
    client.force_login(here.resident)
    line = line_of(settled, here.home)
    form = reverse("reward_dispute", args=[line.pk])
    assert form in client.get(reverse("reward_why", args=[line.pk])).text
    assert "stays yours" in client.get(form).text
    sent = client.post(form, {"category": "reading", "words": "<b>swapped</b>"})
    opened = Dispute.objects.get()
    assert sent["Location"] == reverse("dispute", args=[opened.pk])
    page = client.get(sent["Location"]).text
    assert "&lt;b&gt;swapped&lt;/b&gt;" in page
    assert "An answer is due by" in page
    assert "This amount is in dispute" in client.get(reverse("reward_why", args=[line.pk])).text
    assert "In dispute" in client.get(reverse("rewards")).text
    assert client.get(form)["Location"] == sent["Location"]


def test_a_form_without_a_choice_says_so_and_opens_nothing(client, here, settled):
    client.force_login(here.resident)
    answer = client.post(reverse("reward_dispute", args=[line_of(settled, here.home).pk]), {"category": ""})
    assert answer.status_code == 200
    assert not Dispute.objects.exists()


def test_a_holder_writes_and_withdraws(client, here, settled):
    opened = open_dispute(line=line_of(settled, here.home), category="day", by=here.resident)
    client.force_login(here.resident)
    url = reverse("dispute", args=[opened.pk])
    client.post(url, {"action": "write", "words": "And the day before."})
    assert "And the day before." in client.get(url).text
    client.post(url, {"action": "withdraw"})
    opened.refresh_from_db()
    assert opened.state == DisputeState.WITHDRAWN
    assert "Send" not in client.get(url).text


def test_members_read_what_their_admins_object_to(client, here, settled):
    opened = open_dispute(line=line_of(settled, here.school), category="day", by=here.organization_admin)
    client.force_login(here.member)
    url = reverse("dispute", args=[opened.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"words": "Me too"}).status_code == 403
    client.force_login(here.other_organization_admin)
    assert client.get(url).status_code == 404


# ---- the distributor -------------------------------------------------------------------------------------


@pytest.fixture
def case(here, settled):
    return open_dispute(line=line_of(settled, here.home), category="reading", by=here.resident, words="Swapped.")


def test_what_is_answered_stays_in_the_queue_until_it_is_decided(client, here, case):
    client.force_login(here.admin)
    url = reverse("operator_dispute", args=[case.pk])
    client.post(url, {"action": "answer", "words": "Which day was that?"})
    assert url in client.get(reverse("operator_disputes")).text
    client.post(url, {"action": "against", "outcome": "The meter was right."})
    assert url not in client.get(reverse("operator_disputes")).text
    assert url in client.get(reverse("operator_disputes"), {"state": ""}).text


def test_the_queue_has_those_that_wait_and_the_case_all_of_it(client, here, case):
    client.force_login(here.auditor)
    queue = client.get(reverse("operator_disputes"))
    url = reverse("operator_dispute", args=[case.pk])
    assert url in queue.text
    assert url not in client.get(reverse("operator_disputes"), {"state": "overdue"}).text
    page = client.get(url).text
    assert "Swapped." in page
    assert reverse("reward_evidence", args=[case.line_id]) in page
    assert "Send the answer" not in page
    assert client.post(url, {"action": "answer", "words": "x"}).status_code == 403


def test_an_admin_answers_and_decides_by_an_adjustment_that_another_one_posts(client, here, case):
    client.force_login(here.admin)
    url = reverse("operator_dispute", args=[case.pk])
    client.post(url, {"action": "answer", "words": "When?"})
    client.post(url, {"action": "adjust", "amount": "0,80", "outcome": "The meter was slow."})
    asked = Adjustment.objects.get()
    assert (asked.amount, asked.dispute_id) == (D("0.80"), case.pk)
    detail = reverse("operator_adjustment", args=[asked.pk])
    assert "somebody else decides" in client.get(detail).text
    client.post(detail, {"action": "approve"})
    asked.refresh_from_db()
    assert asked.state == AdjustmentState.ASKED
    client.force_login(make_admin(here.distributor))
    client.post(detail, {"action": "approve"})
    asked.refresh_from_db()
    assert asked.state == AdjustmentState.APPROVED
    client.force_login(here.resident)
    page = client.get(reverse("dispute", args=[case.pk])).text
    assert "The meter was slow." in page
    assert f"entry {asked.batch.number} of the ledger" in page


def test_settling_again_without_a_change_is_refused_in_words(client, here, case):
    client.force_login(here.admin)
    answer = client.post(
        reverse("operator_dispute", args=[case.pk]), {"action": "settle", "outcome": "You are right."}, follow=True
    )
    assert "Correct the readings" in answer.text
    case.refresh_from_db()
    assert case.state == DisputeState.OPEN


@pytest.mark.parametrize("body", [{}, {"action": "adjust", "amount": "much", "outcome": "x"}, {"action": "against"}])
def test_what_makes_no_sense_is_said_and_changes_nothing(client, here, case, body):
    client.force_login(here.admin)
    assert client.post(reverse("operator_dispute", args=[case.pk]), body).status_code == 302
    case.refresh_from_db()
    assert case.state == DisputeState.OPEN


def test_an_adjustment_is_asked_for_by_address_name_meter_or_reward(client, here, settled):
    client.force_login(here.admin)
    url = reverse("operator_adjustment_new")
    body = {"amount": "1.00", "unit": "money", "reason": "goodwill"}
    for holder in (here.resident.email.upper(), here.organization.name, here.home.number):
        assert client.post(url, body | {"holder": holder}).status_code == 302
    assert "Nobody of this" in client.post(url, body | {"holder": "nobody"}).text
    line = line_of(settled, here.school)
    assert client.post(f"{url}?line={line.pk}", body).status_code == 302
    holders = list(Adjustment.objects.order_by("pk").values_list("holder", flat=True))
    assert holders == [here.resident.pk, here.organization.pk, here.resident.pk, here.organization.pk]
    assert client.get(f"{url}?line=x").status_code == 404


def test_the_list_of_adjustments_by_state(client, here):
    posted = adjusted(here, "1.00")
    client.force_login(here.staff)
    url = reverse("operator_adjustments")
    assert reverse("operator_adjustment", args=[posted.pk]) in client.get(url).text
    assert reverse("operator_adjustment", args=[posted.pk]) not in client.get(url, {"state": "asked"}).text
    assert client.get(reverse("operator_adjustment_new")).status_code == 403
