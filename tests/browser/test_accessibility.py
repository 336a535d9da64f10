"""Axe finds nothing on any page, and no page scrolls sideways on a phone."""

import pytest
from playwright.sync_api import expect

from dashboards import urls
from tests.browser.pages import CUSTOMERS, DISTRIBUTOR, NO_PAGES, Shown
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

    def test_every_page_is_listed(self):
        listed = {shown.name for shown in (*CUSTOMERS, *DISTRIBUTOR)} | NO_PAGES
        assert {pattern.name for pattern in urls.urlpatterns} - listed == set()
