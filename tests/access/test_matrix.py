"""Every route × method × role gets what docs/access.md says, and nothing of another distributor."""

import pytest

from drportal import urls
from tests.access.caches import is_kept_private
from tests.access.cases import Case, all_cases
from tests.access.figures import count
from tests.access.outcome import SAFE, foreign_words, send
from tests.access.routes import Route, all_routes
from tests.access.table import ROLES, rows, rows_of
from tests.access.watch import Rows
from tests.access.world import AccessWorld

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CLOSED = ("401", "403", "404", "405", "sign-in", "waiting page")


def test_every_route_has_a_row():
    table = rows()
    assert [route.template for route in all_routes() if not any(row.fits(route) for row in table)] == []


def test_every_row_has_a_route():
    routes = all_routes()
    assert [(row.line, row.address) for row in rows() if not any(row.fits(route) for route in routes)] == []


def test_every_row_counts():
    used = {(case.row.line, case.row.address, case.method) for case in all_cases()}
    written = {(row.line, row.address, method) for row in rows() for method in row.methods}
    assert written - used == set()


@pytest.mark.parametrize("role", ROLES)
def test_role_gets_what_the_table_says(access: AccessWorld, before: Rows, role: str):
    cases = [case for case in all_cases() if case.role == role]
    assert len(cases) > 200
    wrong = [words for case in cases if (words := _wrong(case, access, before))]
    assert not wrong, "\n".join(wrong)


def _wrong(case: Case, access: AccessWorld, before: Rows) -> str:
    """What is not as it must be, in one line; empty where all is well."""
    count("cases (address × method × role)")
    outcome, address = case.known_outcome(access, before), case.address(access)
    words = f"{case.role}: {case.method} {case.route.template} (docs/access.md line {case.row.line})"
    if not case.is_as_told(outcome.word):
        return f"{words}: {outcome.word} instead of {case.expected} {[each.columns for each in outcome.changes]}"
    if case.method == "GET" and not is_kept_private(case, outcome):
        return f"{words} may be kept by a cache that others share"
    found = foreign_words(access.roles[case.role], outcome, address, typed=case.body(access))
    return f"{words} tells {found[:2]}" if found else ""


@pytest.mark.parametrize("role", ["visitor", "resident", "admin B", "platform"])
def test_method_without_a_row_is_refused(access: AccessWorld, before: Rows, role: str):
    wrong = [words for route in all_routes() for words in _unlisted(route, access, before, role)]
    assert not wrong, "\n".join(wrong)


def _unlisted(route: Route, access: AccessWorld, before: Rows, role: str) -> list[str]:
    found = rows_of(route, rows())
    case = next(Case(route, each[0], method, role) for method, each in found.items())
    address, wrong = case.address(access), []
    for method in METHODS:
        # Django's admin answers HEAD by the same code as GET, page by page.
        is_same = method == "HEAD" and "GET" in found and route.template.startswith("/admin/")
        if method in found or is_same:
            continue
        outcome = send(access.roles[role], before, method, address, {})
        is_refused = outcome.word in CLOSED or (outcome.word == "nothing" and outcome.location)
        if outcome.changes or not (method in SAFE or is_refused) or foreign_words(access.roles[role], outcome, address):
            wrong.append(f"{role}: {method} {route.template}: {outcome.word}")
    return wrong


def test_page_of_a_refusal_tells_nothing(access: AccessWorld, before: Rows, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(urls, "handler403")
    monkeypatch.delattr(urls, "handler404")
    for role, visitor in access.roles.items():
        for address in ("/nowhere", "/ops/events/new", f"/meters/{access.there.objects['home']}"):
            outcome = send(visitor, before, "GET", address)
            assert foreign_words(visitor, outcome, address) == [], (role, address)
            assert outcome.status in (200, 302) or "<html" in outcome.text


def test_session_cannot_be_used_from_elsewhere(access: AccessWorld, before: Rows):
    cases = [case for case in all_cases() if case.expected == "saves" and not access.roles[case.role].bearer]
    assert len(cases) > 40
    for case in cases:
        outcome = case.outcome(access, before, enforce_csrf_checks=True)
        assert (outcome.status, outcome.changes) == (403, ()), (case.role, case.method, case.route.template)


def test_only_the_api_checks_the_csrf_token_itself():
    exempt = {route.template for route in all_routes() if route.is_csrf_exempt}
    # The link that ends mails is posted by mail programs; the signed address stands for the token.
    api = {route.template for route in all_routes() if route.template.startswith("/api/")}
    assert exempt == api | {"/notifications/stop/<signed>", "/delivery/receipts/<name>"}


def test_sent_mail_shows_in_the_demonstration_only(access: AccessWorld, before: Rows, settings):
    settings.DEMO = False
    assert send(access.roles["admin"], before, "GET", "/ops/mail").status == 404
    mail = f"/admin/delivery/message/{access.here.rows['delivery/message']}/change/"
    assert "Hither text" not in send(access.roles["admin"], before, "GET", mail).text
    settings.DEMO = True
    assert "Hither text" in send(access.roles["admin"], before, "GET", mail).text
