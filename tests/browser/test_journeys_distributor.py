"""The distributor's people and the platform's on their way, by keyboard alone."""

from datetime import date, time, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import AuditEntry, User
from common.intervals import local_day
from events.models import Event, EventState
from meters.models import ImportBatch
from meters.services.batches import work_next
from organizations.models import Distributor, OrganizationGroup
from tests.browser.hands import DAWN, DAY, DUSK, LARGE_BOTH, NIGHT, PHONE_BOTH
from tests.builder import PASSWORD, make_platform, make_user

# What a reader may press all the same: leave.
OWN = {"/accounts/logout/", "/admin/logout/"}


@pytest.fixture
def employee(town, look):
    """Makes somebody of the distributor, whose code no other story uses up."""

    def employee(role: str) -> User:
        email = f"{role}-{look[0]}-{look[1]}-{User.objects.count()}@larkfield.example"
        return make_user(
            town.distributor, email, password=PASSWORD, staff_role=role, first_name="Kim", last_name="Lark"
        )

    return employee


@pytest.mark.parametrize("look", [DAY, NIGHT], ids=str)
def test_admin_looks_at_the_portal_as_a_resident(person, town, employee):
    admin, kim = employee("admin"), person()
    dana = town.people["resident"]

    kim.signs_in(admin.email)
    kim.is_at("/ops")
    kim.goes_to("Administration")
    kim.is_at("/admin/")
    kim.follows("People", within=".model-user")
    kim.is_at("/admin/accounts/user/")
    kim.writes(Search=dana.email)
    kim.presses("Search", within="#changelist-search")
    kim.follows(dana.email, within="#result_list")
    kim.is_at(f"/admin/accounts/user/{dana.pk}/change/")
    kim.follows("See the portal as this person")
    kim.is_at(f"/ops/act-as/{dana.pk}")
    kim.writes(Why="Asked by phone about the event of tomorrow.")
    kim.presses("Start")
    kim.is_at("/home")
    kim.sees(f"You see the portal as {dana.get_full_name()}.")

    kim.opens(f"/events/{town.coming.pk}")
    join = kim.page.locator("main form[method=post] button").first
    kim.presses(join.inner_text().strip(), within="main")
    kim.sees("While you act as somebody else you can look, but change nothing.")
    kim.hears_no(403)
    kim.looks("refused")
    kim.presses("Stop", key="Space")
    kim.is_at("/ops")
    kim.sees("You see your own pages again.")
    reasons = AuditEntry.objects.filter(actor=admin, act="acting.start").values_list("reason", flat=True)
    assert list(reasons) == ["Asked by phone about the event of tomorrow."]


@pytest.mark.parametrize("look", [DUSK, DAWN], ids=str)
def test_admin_makes_a_group_and_calls_an_event_for_it(person, town, employee, look):
    name = f"Docks {look[0]} {look[1]}"
    kim = person()

    kim.signs_in(employee("admin").email)
    kim.is_at("/ops")
    kim.goes_to("Organizations")
    kim.is_at("/ops/organizations")
    kim.follows("Groups", within="main")
    kim.is_at("/ops/groups")
    kim.writes(Name=name)
    kim.presses("Make the group")
    kim.sees(f"{name} is there.")
    group = OrganizationGroup.objects.get(name=name)
    kim.is_at(f"/ops/groups/{group.pk}")
    kim.ticks(town.harbor.name)
    kim.presses("Save", key="Space")
    kim.sees("Saved.")
    assert [member.organization for member in group.members.all()] == [town.harbor]

    kim.goes_to("Events")
    kim.is_at("/ops/events")
    kim.follows("New event", within="main")
    kim.is_at("/ops/events/new")
    kim.chooses("Program", "Evening peak")
    # A day of its own for each look: the program takes one event at a time.
    days = timedelta(days=5 if look[0] == 320 else 6)
    kim.dates("Day", local_day(timezone.now(), town.distributor.zone) + days)
    kim.times("Start", time(17))
    kim.ticks(name)
    kim.sees("2 meters would take part")
    kim.looks("the preview")
    kim.presses("Save the draft")
    kim.sees("The draft is saved.")
    event = Event.objects.latest("pk")
    kim.is_at(f"/ops/events/{event.pk}")
    assert event.state == EventState.DRAFT


@pytest.mark.parametrize("look", [DAY, NIGHT], ids=str)
def test_admin_uploads_a_file_stores_it_and_undoes_it(person, town, employee, look, tmp_path):
    day, meter = date(2019, 3, 4 if look == DAY else 5), town.hall
    file = tmp_path / f"hall-{look[0]}.csv"
    rows = [f"{meter.number},{day}T{hour:02}:00,{day}T{hour:02}:30,1.5" for hour in range(4)]
    file.write_text("\n".join(["meter,start,end,kwh", *rows, "LF-999,2019-03-04T00:00,2019-03-04T00:30,1", ""]))
    readings = meter.readings.filter(start__year=2019, start__day__in=(day.day, day.day + 1))
    kim = person()

    kim.signs_in(employee("admin").email)
    kim.is_at("/ops")
    kim.goes_to("Data")
    kim.is_at("/ops/imports")
    kim.follows("Upload a file", within="main")
    kim.is_at("/ops/imports/new")
    kim.picks("File", file)
    kim.presses("Upload and check")
    kim.sees("The file is here. Nothing is stored yet: it is being checked.")
    batch = ImportBatch.objects.latest("pk")
    kim.looks("under way")
    # What the worker does, in the place of a process of its own; the page notices by itself.
    assert work_next()
    kim.sees("Checked, not stored yet", "What storing it would do", "6.0 kWh", "there is no such meter")
    kim.is_at(f"/ops/imports/{batch.pk}")
    assert not readings.exists()

    kim.presses("Store these readings")
    kim.looks("the question before storing")
    kim.presses("Store them", key="Space")
    kim.sees("Waits to be stored")
    assert work_next()
    kim.sees("What it brought")
    assert readings.count() == 4

    kim.presses("Undo")
    kim.writes(Why="The wrong month.")
    kim.looks("the question before undoing")
    kim.presses("Undo the import")
    kim.sees("Under way")
    assert work_next()
    kim.sees("Undone", "The wrong month.")
    kim.looks("undone")
    assert not readings.exists()


@pytest.mark.parametrize("look", [LARGE_BOTH, PHONE_BOTH], ids=lambda look: str(look[0]))
@pytest.mark.parametrize("role", ["auditor", "staff"])
def test_reader_reads_everything_and_finds_nothing_that_changes(person, town, employee, role):
    kim = person()
    kim.signs_in(employee(role).email)
    kim.is_at("/ops")
    for entry, path in (("Meters", "/ops/meters"), ("Events", "/ops/events"), ("Data", "/ops/imports")):
        kim.goes_to(entry)
        kim.is_at(path)
        _can_change_nothing(kim)
    for tab, path in (
        ("Completeness", "/ops/quality"),
        ("What looks wrong", "/ops/quality/hits"),
        ("Outages", "/ops/outages"),
    ):
        kim.follows(tab, within="main", exact=False)
        kim.is_at(path)
        _can_change_nothing(kim)
    for path in (f"/ops/events/{town.coming.pk}", f"/meters/{town.home.pk}"):
        kim.opens(path)
        # Who operates writes into the log of an event, and nothing else.
        _can_change_nothing(kim, but=("/log",) if role == "staff" else ())

    kim.goes_to("Administration")
    kim.is_at("/admin/")
    assert not [one for one in kim.everything_within_reach() if one["href"].endswith("/add/")]
    kim.follows("Meters", within=".model-meter")
    kim.is_at("/admin/meters/meter/")
    _can_change_nothing(kim)
    kim.opens(f"/admin/meters/meter/{town.home.pk}/change/")
    _can_change_nothing(kim)


def _can_change_nothing(kim, but: tuple[str, ...] = ()) -> None:
    reached = kim.everything_within_reach()
    assert len(reached) > 5, "Tab comes to the navigation at least"
    changes = [
        one
        for one in reached
        if (one["method"] == "post" and one["form"] not in OWN and not one["form"].endswith(but))
        or one["href"].endswith(("/add/", "/new", "/delete/"))
    ]
    assert changes == []


@pytest.mark.parametrize("look", [LARGE_BOTH, PHONE_BOTH], ids=lambda look: str(look[0]))
def test_platform_operator_makes_a_distributor_and_removes_it(person, look):
    operator, name = make_platform(f"platform-{look[0]}@larkfield.example"), f"Cedar Power {look[0]}"
    EmailAddress.objects.create(user=operator, email=operator.email, verified=True, primary=True)
    pat = person()

    pat.signs_in(operator.email)
    pat.is_at("/ops")
    pat.goes_to("Administration")
    pat.is_at("/admin/")
    pat.follows("Distributors", within=".model-distributor")
    pat.is_at("/admin/organizations/distributor/")
    pat.follows("Add distributor", exact=False)
    pat.is_at("/admin/organizations/distributor/add/")
    pat.writes_into("Name:", name)
    pat.presses("Save")
    pat.is_at("/admin/organizations/distributor/")
    pat.sees("was added successfully")
    made = Distributor.objects.get(name=name)

    pat.follows(name, within="#result_list")
    pat.is_at(f"/admin/organizations/distributor/{made.pk}/change/")
    pat.follows("Delete", within="#content")
    pat.is_at(f"/admin/organizations/distributor/{made.pk}/delete/")
    pat.presses("Yes, I’m sure")
    pat.sees("was deleted successfully")
    assert not Distributor.objects.filter(name=name).exists()
