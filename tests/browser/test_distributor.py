"""A distributor's admin sets things up, looks at meters and calls an event; staff and auditors read."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from common.intervals import local_day
from events.models import Event, EventState, Program
from meters.models import MeterMap
from organizations.models import Organization, OrganizationGroup
from tests.browser.mail import newest_to
from tests.browser.reader import LARGE, PHONE


@pytest.fixture
def operator(visit, town):
    """The distributor's admin."""
    return visit(town.people["operator"])


def _save(reader) -> None:
    reader.press("Save", within="#content")
    expect(reader.page.locator(".messagelist .success")).to_contain_text("successfully")


def _search(reader, label: str, option: str) -> None:
    """Takes a choice of the administration that is searched while one types."""
    reader.page.get_by_role("combobox", name=label).first.click()
    reader.must_be_accessible([(LARGE, "light"), (PHONE, "dark"), (LARGE, "light")])
    expect(reader.page.get_by_role("searchbox", name=label)).to_be_focused()
    reader.page.keyboard.type(option)
    expect(reader.page.locator(".select2-results__option--highlighted", has_text=option)).to_be_visible()
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator(".select2-selection__rendered", has_text=option).first).to_be_visible()


def test_admin_adds_organization_group_and_meter(visit, town):
    operator = visit()
    operator.sign_in(town.people["operator"].email)
    operator.is_at("/ops")
    operator.follow("Administration", within="header")
    operator.is_at("/admin/")

    operator.open("/admin/organizations/organization/add/")
    operator.fill(**{"Name:": "Elm Grocery"})
    _save(operator)
    grocery = Organization.objects.get(name="Elm Grocery")
    assert grocery.distributor == town.distributor

    operator.open("/admin/organizations/organizationgroup/add/")
    operator.fill(**{"Name:": "Shops"})
    _search(operator, "Organization", "Elm Grocery")
    _save(operator)
    assert OrganizationGroup.objects.get(name="Shops").members.count() == 1

    operator.open("/admin/meters/meter/add/")
    operator.page.locator("[name=number]").fill("LF-NEW")
    operator.page.locator("[name=usage_kind]").fill("shop")
    _save(operator)
    assert MeterMap.objects.get(meter__number="LF-NEW").entity_id == town.distributor.pk
    operator.open("/admin/meters/metermap/?q=LF-NEW")
    expect(operator.page.locator("#result_list tbody tr")).to_have_count(1)


def test_admin_publishes_new_terms_and_makes_an_event(operator, town):
    operator.open("/admin/events/program/add/")
    operator.page.locator("[name=name]").fill("Summer noon")
    operator.page.locator("[name=preset]").select_option("ten-in-ten")
    operator.page.locator("[name=rate_per_kw]").fill("3.50")
    _save(operator)
    program = Program.objects.get(name="Summer noon")

    operator.open(f"/admin/events/program/{program.pk}/change/")
    operator.page.locator("[name=rate_per_kw]").fill("4")
    operator.press("Save", within="#content")
    operator.sees("Version 2 is in force", within="body")
    assert list(program.versions.order_by("number").values_list("number", "rate_per_kw")) == [(1, 3.5), (2, 4)]

    day = local_day(timezone.now(), town.distributor.zone) + timedelta(days=3)
    operator.open("/admin/events/event/add/")
    _search(operator, "Program", "Summer noon")
    for name, clock in (("start", time(12)), ("end", time(13))):
        operator.page.locator(f"[name={name}_0]").fill(day.isoformat())
        operator.page.locator(f"[name={name}_1]").fill(f"{clock:%H:%M:%S}")
    _save(operator)
    event = Event.objects.get(program=program)
    assert event.state == EventState.DRAFT
    assert event.start.astimezone(program.zone) == datetime.combine(day, time(12), program.zone)


def test_operator_goes_from_organization_to_meter_and_sees_how_use_repeats(operator, town):
    operator.open("/ops/meters")
    operator.page.get_by_label("Whose meters").select_option(f"organization-{town.harbor.pk}")
    operator.press("Show", within="main")
    operator.sees("2 meters in this selection.")
    operator.page.get_by_label("Meter", exact=True).select_option(str(town.hall.pk))
    operator.press("Show", within="main")
    expect(operator.page.get_by_role("heading", name=town.hall.number, exact=False).first).to_be_visible()
    operator.wait_for_charts()
    for name in ("acf", "pacf"):
        drawn = operator.column(name, "value")
        assert len(drawn) >= 48
        assert max(abs(value) for value in drawn) <= 1
        assert max(operator.column(f"{name}_99", "y")) > max(operator.column(f"{name}_95", "y")) > 0
    assert operator.column("acf", "value")[47] > 0.5, "one day later the use is alike"


def test_map_tells_name_rank_savings_and_participation(operator, town):
    operator.open("/ops/map")
    meters, names = town.distributor.meters.count(), operator.column("meters", "name")
    assert len(names) == 4
    words = _hover(operator, names.index(town.home.label))
    expect(words).to_contain_text(town.home.label)
    expect(words).to_contain_text(f"of {meters}")
    expect(words).to_contain_text("kWh")
    expect(words).to_contain_text("%")
    operator.page.locator("#map summary").click()
    expect(operator.page.locator("#map tbody tr")).to_have_count(meters)


def _hover(reader, row: int):
    """Points at one sign of the map; the words that appear."""
    script = """(row) => {
        const doc = Bokeh.documents.find((one) => one.get_model_by_name("meters"));
        const { x, y } = doc.get_model_by_name("meters").data;
        const views = [...Bokeh.index.roots].flatMap((root) => [root, ...root.children()]);
        const plot = views.find((view) => view.model.type === "Figure");
        const box = plot.el.getBoundingClientRect();
        const frame = plot.frame.bbox;
        return [box.left + plot.frame.x_scale.compute(x[row]), box.top + plot.frame.y_scale.compute(y[row])];
    }"""
    reader.page.locator("#map-target").scroll_into_view_if_needed()
    x, y = reader.page.evaluate(script, row)
    reader.page.mouse.move(x - 30, y - 30)
    reader.page.mouse.move(x, y, steps=4)
    return reader.page.locator(".bk-Tooltip").first


def test_operator_drafts_schedules_and_announces_an_event(operator, town):
    day = local_day(timezone.now(), town.distributor.zone) + timedelta(days=2)
    operator.open("/ops/events")
    operator.follow("New event", within="main")
    operator.is_at("/ops/events/new")
    operator.page.get_by_label("Program").select_option(label="Evening peak")
    operator.fill(Day=day.isoformat(), Start="17:00")
    operator.page.get_by_label("Length").select_option("120")
    operator.sees("4 meters would take part")
    operator.must_be_accessible()
    operator.page.set_viewport_size({"width": LARGE, "height": 900})
    operator.press("Save the draft")
    operator.sees("The draft is saved.", within="body")

    operator.press("Schedule")
    operator.must_be_accessible([(LARGE, "light"), (PHONE, "dark"), (LARGE, "light")])
    operator.page.keyboard.press("Escape")
    expect(operator.page.locator("#ask-schedule")).to_be_hidden()
    operator.press("Schedule")
    operator.press("Schedule it")
    operator.sees("Scheduled.", within="body")
    operator.press("Announce")
    operator.press("Announce it")
    operator.sees("Announced.", within="body")

    event = Event.objects.latest("pk")
    assert (event.state, event.participations.count()) == (EventState.NOTIFIED, 4)
    mail = newest_to(town.people["resident"].email)
    operator.follow("Messages", within="header")
    operator.follow("Sent mail", within="main")
    operator.is_at("/ops/mail")
    line = operator.page.locator("details").filter(has_text=town.people["resident"].email).first
    line.locator("summary").click()
    expect(line).to_contain_text(mail.payload["subject"])
    expect(line.locator(".mail")).to_be_visible()


@pytest.mark.parametrize("part", ["staff", "auditor"])
def test_staff_and_auditors_read_and_change_nothing(visit, town, part):
    reader = visit(town.people[part])
    reader.open("/ops")
    reader.follow("Events", within="header")
    reader.is_at("/ops/events")
    assert reader.page.get_by_role("link", name="New event").count() == 0
    reader.open(f"/ops/events/{town.coming.pk}")
    # Who operates writes into the log of an event.
    log = ":not([action$='/log'])" if part == "staff" else ""
    assert reader.page.locator(f"main form[method=post]{log}, main [popovertarget]").count() == 0
    reader.open("/admin/meters/meter/")
    assert reader.page.get_by_role("link", name="Add meter").count() == 0
    reader.open(f"/admin/meters/meter/{town.home.pk}/change/")
    assert reader.page.locator("#content input[type=submit]").count() == 0
    for path in ("/ops/events/new", "/ops/mail", "/admin/meters/meter/add/"):
        reader.open(path, status=403)


def test_description_of_the_api_comes_from_this_portal_alone(operator):
    operator.open("/api/docs")
    expect(operator.page.locator("#swagger-ui .opblock").first).to_be_visible()
    expect(operator.page.locator("#swagger-ui")).to_contain_text("/api/v1/readings")
