"""The pages of VTNs above."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.tests.world import make_draft, make_program
from openadr import pki
from openadr.models import Upstream, UpstreamEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(here):
    return make_program(here.distributor)


@pytest.fixture
def upstream(program):
    return Upstream.objects.create(
        distributor=program.distributor, name="Market", url="https://vtn.example.com/x", program=program, ven_name="us"
    )


def said(program, **fields):
    values = {
        "name": "Market", "url": "https://vtn.example.com", "program": program.pk, "policy": "draft", "ven_name": "us",
        "poll_seconds": 10,
    }  # fmt: skip
    return values | fields


def test_empty_list_says_what_to_do(client, here):
    client.force_login(here.admin)
    assert "Connect one when a utility" in client.get("/ops/upstream").content.decode()
    client.force_login(here.staff)
    assert "admins connect them here" in client.get("/ops/upstream").content.decode()


def test_connecting_one_leads_to_its_page(client, here, program):
    client.force_login(here.admin)
    answer = client.post("/ops/upstream/new", said(program), follow=True)
    row = Upstream.objects.get()
    assert answer.redirect_chain[-1][0] == f"/ops/upstream/{row.pk}"
    assert row.url == "https://vtn.example.com/OpenADR2/Simple/2.0b"


def test_a_key_is_never_sent_back(client, here, program, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    issued, other = pki.issue_ven("us"), pki.issue_ven("other")
    client.force_login(here.admin)
    wrong = client.post("/ops/upstream/new", said(program, certificate=issued.certificate_pem, key=other.key_pem))
    assert "do not go together" in wrong.content.decode()
    assert "PRIVATE KEY" not in wrong.content.decode()
    client.post("/ops/upstream/new", said(program, certificate=issued.certificate_pem, key=issued.key_pem))
    row = Upstream.objects.get()
    assert "PRIVATE KEY" not in client.get(f"/ops/upstream/{row.pk}/change").content.decode()
    client.post(f"/ops/upstream/{row.pk}/change", said(program, name="Renamed", certificate=issued.certificate_pem))
    changed = Upstream.objects.get()
    assert (changed.name, changed.key_sealed) == ("Renamed", row.key_sealed)


def test_a_fault_is_told_with_what_to_do(client, here, upstream):
    Upstream.objects.update(last_fault="status 404", failing_since=timezone.now())
    client.force_login(here.auditor)
    page = client.get(f"/ops/upstream/{upstream.pk}").content.decode()
    assert "HTTP status that means no" in page
    assert "404: check the address" in page
    assert "HTTP status that means no" in client.get("/ops/upstream").content.decode()


def test_its_events_are_told_with_what_became_of_them(client, here, upstream, program):
    event = make_draft(program)
    UpstreamEvent.objects.create(
        upstream=upstream, event_ref="<b>peak</b>", modification_number=0, start=event.start, end=event.end,
        status="far", event=event, note="draft_refused|Too late.", opt="optOut", applied_modification=0,
    )  # fmt: skip
    client.force_login(here.staff)
    page = client.get(f"/ops/upstream/{upstream.pk}").content.decode()
    assert "&lt;b&gt;peak&lt;/b&gt;" in page
    assert "let it be called by itself: Too late." in page
    assert f"/ops/events/{event.pk}" in page
    assert "1 of its events waits for somebody here" in page
    assert "it will be told at the next poll" in page


def test_it_is_stopped_and_started(client, here, upstream):
    client.force_login(here.admin)
    address = f"/ops/upstream/{upstream.pk}"
    client.post(address, {"action": "stop"})
    assert not Upstream.objects.get().is_active
    client.post(address, {"action": "start"})
    assert Upstream.objects.get().is_active


def test_readers_change_nothing(client, here, upstream):
    client.force_login(here.staff)
    assert client.post(f"/ops/upstream/{upstream.pk}", {"action": "stop"}).status_code == 403
    assert client.get("/ops/upstream/new").status_code == 403


def test_strangers_find_nothing(client, world, upstream):
    client.force_login(world.there.admin)
    assert client.get(f"/ops/upstream/{upstream.pk}").status_code == 404
    assert "Market" not in client.get("/ops/upstream").content.decode()


def test_list_has_a_fixed_number_of_queries(client, here, upstream, program, django_assert_num_queries):
    client.force_login(here.admin)
    client.get("/ops/upstream")
    with CaptureQueriesContext(connection) as one:
        client.get("/ops/upstream")
    for number in range(5):
        Upstream.objects.create(
            distributor=here.distributor, name=f"Market {number}", url="https://x", program=program, ven_name="us"
        )
    with django_assert_num_queries(len(one)):
        client.get("/ops/upstream")


def test_it_is_chosen_whom_its_events_ask(client, here, program):
    client.force_login(here.admin)
    chosen = f"organization-{here.organization.pk}"
    assert chosen in client.get("/ops/upstream/new").content.decode()
    client.post("/ops/upstream/new", said(program, targets=[chosen]))
    row = Upstream.objects.get()
    assert row.targets == [chosen]
    page = client.get(f"/ops/upstream/{row.pk}").content.decode()
    assert "Its events ask" in page
    assert here.organization.name in page
    assert f'value="{chosen}" ' in client.get(f"/ops/upstream/{row.pk}/change").content.decode()
    client.post(f"/ops/upstream/{row.pk}/change", said(program))
    assert Upstream.objects.get().targets == []


def test_what_nobody_can_be_asked_by_is_refused(client, world, here, program):
    client.force_login(here.admin)
    client.post("/ops/upstream/new", said(program, targets=[f"organization-{world.there.organization.pk}"]))
    assert not Upstream.objects.exists()
