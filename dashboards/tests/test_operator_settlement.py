"""Settlements and the ledger for operators: the list, a run with its decisions, the books."""

import csv
from io import StringIO

import pytest

from dashboards.operator_facts.settlement import STAGES
from dashboards.tests.operator_tools import browser, page, query_count, readers_only, settled_event
from dashboards.tests.story import add_readings, lower, make_program, past_event
from meters.models import IntervalReading
from settlement.models import Account, DecisionKind, LedgerBatch, LedgerEntry, RunDecision, RunKind
from settlement.services import approve_run, background, post_run, settle
from tests.builder import make_admin, make_distributor

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def event(world):
    event = past_event(make_program(world.here, world.here.home))
    add_readings(world.here.home)
    lower(world.here.home, event, 100)
    return event


@pytest.fixture
def second(world):
    return make_admin(world.here.distributor)


def act(user, run, action, **more):
    """What the page says after the action."""
    answer = browser(user).post(f"/ops/settlement/{run.pk}", {"action": action, **more}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


class TestTheList:
    def test_only_the_distributors_people_and_the_platform_see_it(self, world):
        assert readers_only(world, "/ops/settlement")

    def test_an_event_goes_through_its_stages(self, world, event, second):
        def stage():
            pages = {name: page(world.here.staff, f"/ops/settlement?stage={name}") for name in STAGES}
            return next(name for name, words in pages.items() if "table--cards" in words)

        assert stage() == "waiting"
        settle(event=event, kind=RunKind.PRELIMINARY)
        assert stage() == "estimated"
        run = settle(event=event, by=world.here.admin)
        assert stage() == "to_approve"
        approve_run(run=run, by=second)
        assert stage() == "approved"
        post_run(run=run, by=second)
        assert stage() == "posted"
        act(world.here.admin, run, "reopen", reason="a meter was swapped")
        assert stage() == "reopened"

    def test_strange_filters_find_nothing(self, world, event):
        for query in ("stage=never", "program=x", "program=²", "program=" + "9" * 30):
            assert "No event is there" in page(world.here.admin, f"/ops/settlement?{query}")

    def test_an_empty_distributor_is_told_what_will_be_here(self):
        assert "Nothing to settle yet" in page(make_admin(make_distributor()), "/ops/settlement")

    def test_the_count_of_queries_does_not_grow_with_the_events(self, world, event):
        settle(event=event)
        before = query_count(world.here.admin, "/ops/settlement")
        settle(event=past_event(event.program, days_ago=2))
        assert query_count(world.here.admin, "/ops/settlement") == before


class TestARun:
    def test_its_page_and_file_are_for_the_distributors_people(self, world, event):
        run = settle(event=event)
        for address in (f"/ops/settlement/{run.pk}", f"/ops/settlement/{run.pk}/lines.csv"):
            assert readers_only(world, address)
            assert browser(world.there.admin).get(address).status_code == 404

    def test_it_shows_inputs_outliers_and_each_meter(self, world, event):
        run = settle(event=event)
        words = page(world.here.auditor, f"/ops/settlement/{run.pk}")
        for text in (run.inputs_sha256[:16], "three-day", "Largest credits", world.here.home.number, "Worked out"):
            assert text in words, text
        assert "ask-approve" not in words

    def test_one_works_it_out_another_approves_and_posts(self, world, event, second):
        run = settle(event=event, by=world.here.admin)
        mine = page(world.here.admin, f"/ops/settlement/{run.pk}")
        assert "ask-approve" not in mine
        assert "somebody else approves it" in mine
        assert "then approve it or refuse it" in page(second, f"/ops/settlement/{run.pk}")
        assert "Somebody else than who" in act(world.here.admin, run, "approve")
        assert "Somebody else than who" in act(second, run, "post")
        assert "Approved" in act(second, run, "approve")
        assert "in the ledger" in act(second, run, "post")
        assert LedgerBatch.objects.get(run=run).posted_by == second
        words = page(world.here.staff, f"/ops/settlement/{run.pk}")
        assert "Posted to the ledger" in words
        assert "ask-reopen" not in words

    def test_a_large_one_is_made_by_a_worker_and_its_pages_show_how_far_it_is(self, world, event, monkeypatch):
        monkeypatch.setattr(background, "MOST_AT_ONCE", 0)
        address = f"/ops/events/{event.pk}"
        browser(world.here.admin).post(address, {"action": "settle"})
        assert f"{address}/settling" in page(world.here.staff, address)
        now = browser(world.here.staff).get(f"{address}/settling").json()
        assert (now["moving"], now["percent"]) == (True, 0)
        (run,) = background.finish_runs()
        assert browser(world.here.staff).get(f"{address}/settling").json() == {"moving": False}
        assert f"/ops/settlement/{run.pk}" in page(world.here.staff, address)

    def test_a_refusal_and_an_opening_need_a_reason(self, world, event, second):
        run = settle(event=event)
        assert "Say why" in act(second, run, "refuse", reason="")
        assert "the school was closed" in act(second, run, "refuse", reason="the school was closed")
        act(second, run, "approve")
        act(second, run, "post")
        assert "open it again first" in act(second, run, "settle")
        assert "Say why" in act(second, run, "reopen", reason="")
        assert "Opened again" in act(second, run, "reopen", reason="late readings")
        assert [row.kind for row in RunDecision.objects.order_by("pk")] == [
            DecisionKind.REFUSED,
            DecisionKind.APPROVED,
            DecisionKind.REOPENED,
        ]

    def test_settling_again_leads_to_the_new_run_with_the_difference(self, world, event, second):
        run = settle(event=event)
        assert "Nothing has changed" in act(second, run, "settle")
        lower(world.here.home, event, 50)
        words = act(second, run, "settle")
        assert "Worked out anew" in words
        assert "Against run 1" in words
        assert "A newer run says what counts" in page(second, f"/ops/settlement/{run.pk}")

    def test_what_is_refused_or_opened_again_is_named_on_the_first_page_until_it_is_left(self, world, event, second):
        run = settle(event=event)
        act(second, run, "refuse", reason="the school was closed")
        assert "1 settlement is stopped" in page(second, "/ops")
        assert "ask-close" in page(second, f"/ops/settlement/{run.pk}")
        assert "Say why" in act(second, run, "close", reason="")
        assert "neither made nor refused it" in act(second, run, "close", reason="nothing is paid for it")
        words = act(world.here.admin, run, "close", reason="nothing is paid for it")
        assert "Left as it is" in words
        assert "Not posted for good" in words
        assert "is stopped" not in page(second, "/ops")
        act(second, run, "approve")
        act(second, run, "post")
        act(second, run, "reopen", reason="by mistake")
        assert "ask-close" in page(second, f"/ops/settlement/{run.pk}")
        assert "In the ledger" in act(second, run, "close", reason="by mistake")

    def test_readings_that_came_after_a_settlement_are_named_on_the_first_page(self, world, event):
        late = IntervalReading.objects.filter(meter=world.here.home, start__lt=event.end).order_by("start").last()
        IntervalReading.objects.filter(meter=late.meter, start=late.start).delete()
        settle(event=event)
        assert "Readings came after" not in page(world.here.admin, "/ops")
        IntervalReading.objects.create(meter=late.meter, start=late.start, energy_wh=late.energy_wh)
        assert "Readings came after 1 settlement" in page(world.here.admin, "/ops")

    @pytest.mark.parametrize("action", ["settle", "approve", "refuse", "post", "reopen", "close"])
    @pytest.mark.parametrize("role", ["staff", "auditor", "resident", "organization_admin"])
    def test_whoever_only_reads_is_refused(self, world, event, role, action):
        run = settle(event=event)
        client = browser(getattr(world.here, role))
        answer = client.post(f"/ops/settlement/{run.pk}", {"action": action, "reason": "x"})
        assert answer.status_code == 403
        assert not RunDecision.objects.exists()

    def test_an_unknown_action_and_strange_orders_do_nothing(self, world, event):
        run = settle(event=event)
        assert "no such action" in act(world.here.admin, run, "vanish")
        for query in ("sort=x", "status=x", "page=x", "find=%27", "sort=credit", "sort=delivered", "sort=status"):
            page(world.here.admin, f"/ops/settlement/{run.pk}?{query}")


class TestTheLedger:
    def test_only_the_distributors_people_and_the_platform_see_it(self, world):
        assert readers_only(world, "/ops/ledger")
        assert readers_only(world, "/ops/ledger.csv")

    def test_it_shows_postings_heads_and_what_is_owed(self, world):
        event = settled_event(world.here)
        settled_event(world.there)
        words = page(world.here.auditor, "/ops/ledger")
        batch = LedgerBatch.objects.get(distributor=world.here.distributor)
        for text in (batch.sha256, "Hither-Rita", f"/ops/settlement/{event.runs.get().pk}"):
            assert text in words, text
        assert "Thither" not in words

    def test_a_check_says_that_it_holds_or_where_it_breaks(self, world):
        settled_event(world.here)
        assert "The ledger holds" in page(world.here.staff, "/ops/ledger?check=1")
        batch = LedgerBatch.objects.get()
        LedgerEntry.objects.create(batch=batch, account=Account.OWED, amount=1, key="slipped in")
        assert "broken at posting 1" in page(world.here.staff, "/ops/ledger?check=1")

    def test_the_file_has_every_entry_under_its_head(self, world):
        settled_event(world.here)
        answer = browser(world.here.auditor).get("/ops/ledger.csv")
        rows = list(csv.DictReader(StringIO(b"".join(answer).decode())))
        assert len(rows) == LedgerEntry.objects.count()
        assert {row["account"] for row in rows} == {"owed", "program_cost"}

    def test_an_empty_ledger_says_so(self):
        words = page(make_admin(make_distributor()), "/ops/ledger?check=1")
        assert "Nothing is posted yet" in words
        assert "The ledger holds" in words
