"""Digits that Python calls digits but does not read, and numbers too long for it, break no page."""

import pytest
from django.test import Client

from tests.builder import Side

pytestmark = pytest.mark.django_db
STRANGE = ["²", "٣²", "9" * 5000]


@pytest.fixture(params=STRANGE, ids=["superscript", "mixed", "endless"])
def strange(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def signed_in(person: object) -> Client:
    client = Client()
    client.force_login(person)  # type: ignore[arg-type]  # a person, by its test
    return client


def test_own_pages(here: Side, strange: str) -> None:
    client = signed_in(here.resident)
    assert client.post("/accounts/sessions/", {"session": strange}).status_code == 404
    for name in ("start", "days"):
        answer = client.get(f"/meters/{here.home.pk}", {name: strange[:4] * 2, "end": "2026-07-22"})
        assert answer.status_code in (200, 400)


def test_organization_pages(here: Side, strange: str) -> None:
    client = signed_in(here.organization_admin)
    assert client.get("/org/audit", {"person": strange[:500]}).status_code == 200
    assert client.post("/org/invitations", {"action": "resend", "id": strange}).status_code == 404
    assert client.post("/org/people", {"action": "remove", "id": strange}).status_code == 404


def test_administration(here: Side, strange: str) -> None:
    client = signed_in(here.admin)
    for name in ("who", "kind"):
        assert client.get("/admin/accounts/auditentry/", {name: strange[:500]}).status_code in (200, 302)
    form = {"action": "reject", "index": strange, "_selected_action": here.pending.membership.pk, "reason": "why"}
    assert client.post("/admin/organizations/membership/", form).status_code in (200, 302)
