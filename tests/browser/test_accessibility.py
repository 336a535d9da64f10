"""Axe finds nothing on any page, and no page scrolls sideways on a phone."""

import pytest
from django.urls import URLResolver, get_resolver
from playwright.sync_api import expect

from tests.browser.pages import CUSTOMERS, DISTRIBUTOR, ELSEWHERE, Shown
from tests.browser.reader import LARGE, PHONE


def _audit(visit, town, shown: Shown) -> None:
    reader = visit(town.people[shown.reader] if shown.reader else None)
    reader.open(shown.at(town), status=shown.status)
    reader.must_be_accessible(shown.looks)


class TestForCustomers:
    """Pages of visitors, residents and organizations."""

    @pytest.mark.parametrize("shown", CUSTOMERS, ids=str)
    def test_page_is_accessible(self, visit, town, shown):
        _audit(visit, town, shown)


class TestForTheDistributor:
    """Pages of the distributor's people."""

    @pytest.mark.parametrize("shown", DISTRIBUTOR, ids=str)
    def test_page_is_accessible(self, visit, town, shown):
        _audit(visit, town, shown)

    def test_open_table_under_a_chart_is_accessible(self, visit, town):
        reader = visit(town.people["operator"])
        reader.open(f"/ops/meters?meter={town.pump.pk}")
        for summary in reader.page.locator("details.chart__table > summary").all():
            summary.click()
        reader.must_be_accessible([(PHONE, "dark")])

    def test_form_with_faults_is_accessible_and_leads_to_them(self, visitor):
        visitor.open("/accounts/signup/")
        visitor.press("Create the account")
        expect(visitor.page.locator(".error-summary")).to_be_focused()
        visitor.must_be_accessible([(LARGE, "light"), (PHONE, "dark"), (LARGE, "dark")])


class TestTheTable:
    """No page is left out."""

    def test_every_route_is_shown_or_has_a_reason(self):
        shown = {shown.name.partition(",")[0] for shown in (*CUSTOMERS, *DISTRIBUTOR)}
        names = _names(get_resolver().url_patterns)
        assert names - shown - set(ELSEWHERE) == set()

    def test_no_reason_is_left_over(self):
        shown = {shown.name.partition(",")[0] for shown in (*CUSTOMERS, *DISTRIBUTOR)}
        assert set(ELSEWHERE) - _names(get_resolver().url_patterns) == set()
        assert set(ELSEWHERE) & shown == set()


def _names(patterns, before: str = "") -> set[str]:
    """Of all routes but the API's and the administration's, whose pages are Django's few templates over again."""
    found: set[str] = set()
    for pattern in patterns:
        where = before + str(pattern.pattern)
        if where.startswith(("admin/", "api/v1/")):
            continue
        found |= _names(pattern.url_patterns, where) if isinstance(pattern, URLResolver) else {pattern.name}
    return found
