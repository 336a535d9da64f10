"""A link to the portal never ends at another host."""

from urllib.parse import quote, urlsplit

import pytest

from tests.access.outcome import send
from tests.access.watch import Rows
from tests.access.world import PASSWORD, AccessWorld

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ELSEWHERE = [
    "https://evil.example/x",
    "//evil.example/x",
    "///evil.example/x",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    " //evil.example",
    "/%09/evil.example",
    "\t//evil.example",
]


def _is_here(location: str) -> bool:
    parts = urlsplit(location.strip().replace("\\", "/"))
    return parts.scheme in ("", "http") and parts.netloc in ("", "testserver")


@pytest.mark.parametrize("place", ELSEWHERE)
def test_log_in_does_not_lead_elsewhere(access: AccessWorld, before: Rows, place: str):
    address = access.world.here.resident.pk
    body = {"login": f"hither-{address}@example.com", "password": PASSWORD, "next": place}
    query = f"/accounts/login/?next={quote(place)}"
    for outcome in (
        send(access.roles["visitor"], before, "POST", "/accounts/login/", body),
        send(access.roles["visitor"], before, "POST", query, {**body, "next": ""}),
        send(access.roles["visitor"], before, "POST", query, body),
        send(access.roles["resident"], before, "GET", query),
        send(access.roles["admin"], before, "GET", f"/admin/login/?next={quote(place)}"),
    ):
        assert outcome.status == 302
        assert _is_here(outcome.location), outcome.location


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("page", ["/accounts/logout/", "/accounts/signup/", "/accounts/reauthenticate/"])
def test_other_doors_do_not_lead_elsewhere(access: AccessWorld, before: Rows, page: str, place: str):
    for body in ({"next": place, "password": PASSWORD}, {"password": PASSWORD}):
        outcome = send(access.roles["resident"], before, "POST", f"{page}?next={quote(place)}", body)
        assert outcome.status == 302
        assert _is_here(outcome.location), outcome.location


def test_log_in_leads_back_to_the_page_that_was_asked_for(access: AccessWorld, before: Rows):
    body = {"login": f"hither-{access.world.here.resident.pk}@example.com", "password": PASSWORD, "next": "/rewards"}
    assert send(access.roles["visitor"], before, "POST", "/accounts/login/", body).location == "/rewards"
