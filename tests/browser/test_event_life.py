"""The whole life of an event in real browsers: built, agreed to, announced, joined, run, settled, explained, checked.

It has a distributor of its own, so that no other test meets its event.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import StaffRole, User
from common.intervals import local_day
from dashboards.tests.story import HALF_HOUR, now_slot
from events.models import Event, EventState, Participation, ParticipationState
from events.services import Terms, advance_events, create_program, enroll_all
from meters.models import Meter
from meters.services import Readings, ingest_readings
from organizations.models import Distributor
from settlement.models import LedgerBatch, RunKind, SettlementLine
from settlement.services.clock import settle_by_clock
from tests.browser.mail import link_in, newest_to
from tests.browser.reader import Reader
from tests.builder import PASSWORD, make_distributor, make_meter, make_user, map_meter

DAYS = 21
USUAL_WH, SAVING_WH = 1_500, 500
# The page of a running event asks every five seconds.
ASKED_AGAIN = 15_000


@dataclass
class Cast:
    """Who takes part, and with what."""

    distributor: Distributor
    author: User
    second: User
    resident: User
    meter: Meter

    @property
    def event(self) -> Event:
        """Their only one, as it stands."""
        found: Event = Event.objects.select_related("program").get(program__distributor=self.distributor)
        return found

    def measures(self, start: datetime, *energies: int) -> None:
        """Readings arrive, a half hour each."""
        rows = [(self.meter.pk, start + place * HALF_HOUR, wh) for place, wh in enumerate(energies)]
        ingest_readings(distributor=self.distributor, readings=Readings.of(rows), source="test")


@pytest.fixture
def cast(town) -> Cast:
    """Two admins, a resident with three weeks of readings, and a program in which large events need both admins."""
    distributor = make_distributor("Willow Creek Power", contact_email="help@willow.example")

    def person(name: str, **more: object) -> User:
        email = f"{name}@willow.example"
        return make_user(distributor, email, password=PASSWORD, first_name=name.title(), last_name="Willow", **more)

    author, second = (person(name, staff_role=StaffRole.ADMIN) for name in ("alex", "billie"))
    resident = person("robin")
    meter = make_meter(distributor, "WC-001", name="Robin’s home", usage_kind="home", contracted_kw=Decimal(5))
    map_meter(meter, resident)
    terms = Terms("three-day", Decimal("2.80"), Decimal("10.35"), second_person_kw=Decimal("0.1"))
    version = create_program(distributor=distributor, name="Willow evenings", terms=terms)[0]
    begin = now_slot() - timedelta(days=DAYS)
    enroll_all(program=version.program, at=begin)
    cast = Cast(distributor, author, second, resident, meter)
    usual = np.full(DAYS * 48 - 2, USUAL_WH)
    # A little more and less, as in life; the same at each run.
    cast.measures(begin, *(usual + np.arange(len(usual)) % 7 * 10).tolist())
    return cast


def move_clock(event: Event, *, start: datetime, end: datetime) -> None:
    """As if it had been called a day before this start; then what the clock does."""
    before = start - timedelta(days=1)
    Event.objects.filter(pk=event.pk).update(
        start=start, end=end, modification_number=event.modification_number + 1,
        created_at=before, notified_at=before, opt_until=start,
    )  # fmt: skip
    Participation.objects.filter(event=event, answered_at__isnull=False).update(
        answered_at=before + timedelta(minutes=5)
    )
    advance_events()


def sees_well(reader: Reader, *texts: str) -> None:
    """The page says so, and axe finds nothing."""
    reader.sees(*texts)
    reader.must_be_accessible()


def does(reader: Reader, name: str, answer: str) -> None:
    """Presses a button, and answers what it asks."""
    main = reader.page.locator("main")
    main.get_by_role("button", name=name, exact=True).click()
    with reader.page.expect_navigation():
        main.get_by_role("dialog").get_by_role("button", name=answer, exact=True).click()


def test_an_event_lives_from_its_draft_to_a_reward_that_anybody_can_check(cast, visit, tmp_path):
    desks = SimpleNamespace(author=visit(cast.author), second=visit(cast.second), home=visit(cast.resident))
    _built_and_agreed(cast, desks)
    _told_and_joined(cast, desks, visit)
    start = now_slot() - 2 * HALF_HOUR
    _runs(cast, desks, start)
    _estimated(cast, desks, start)
    _paid(cast, desks)
    _explained(cast, desks.home, tmp_path)


def _built_and_agreed(cast: Cast, desks: SimpleNamespace) -> None:
    author, second = desks.author, desks.second
    author.open("/ops/events/new")
    day = local_day(timezone.now(), cast.distributor.zone) + timedelta(days=2)
    author.page.get_by_label("Day", exact=True).fill(day.isoformat())
    author.page.get_by_label("Start", exact=True).fill("17:00")
    author.page.get_by_label("Words for those who are asked").fill("A hot evening is forecast.")
    expect(author.page.locator("[data-preview]")).to_contain_text("second person")
    sees_well(author, "1 meter that takes part")
    does(author, "Schedule and announce", "Announce it")
    author.is_at(f"/ops/events/{cast.event.pk}")
    author.sees("Kept as a draft.", within="body")
    sees_well(author, "another admin must agree")
    expect(author.page.get_by_role("button", name="Agree", exact=True)).to_have_count(0)
    expect(author.page.get_by_role("button", name="Schedule", exact=True)).to_have_count(0)

    second.open(f"/ops/events/{cast.event.pk}")
    for first, then in (("Agree", "Agree to it"), ("Schedule", "Schedule it"), ("Announce", "Announce it")):
        does(second, first, then)
    second.sees("Announced.", within="body")
    sees_well(second, "begins in", "1 invited")
    assert cast.event.state == EventState.NOTIFIED


def _told_and_joined(cast: Cast, desks: SimpleNamespace, visit: Callable[..., Reader]) -> None:
    mail = newest_to(cast.resident.email)
    assert "A hot evening is forecast." in mail.payload["text"]
    phone = visit()
    phone.open(link_in(mail))
    sees_well(phone, "Do you take part?")
    phone.press("Join", within="main")
    phone.sees("You take part")
    assert Participation.objects.get(event=cast.event).state == ParticipationState.OPTED_IN

    home = desks.home
    home.open("/home")
    sees_well(home, "Joined")
    home.follow("All about this event")
    home.is_at(f"/events/{cast.event.pk}")
    sees_well(home, "A hot evening is forecast.", "You can change your answer until")


def _runs(cast: Cast, desks: SimpleNamespace, start: datetime) -> None:
    move_clock(cast.event, start=start, end=start + 3 * HALF_HOUR)
    assert cast.event.state == EventState.ACTIVE
    room, home = desks.author, desks.home
    room.open(f"/ops/events/{cast.event.pk}")
    room.sees("No readings of the event yet.", "left")
    cast.measures(start, USUAL_WH - SAVING_WH)
    # By itself.
    expect(room.page.locator(".tile__label", has_text="Reduction now")).to_be_visible(timeout=ASKED_AGAIN)
    sees_well(room, "1 of 1 meter")
    home.open(f"/events/{cast.event.pk}")
    sees_well(home, "Your use now", "Running")


def _estimated(cast: Cast, desks: SimpleNamespace, start: datetime) -> None:
    cast.measures(start + HALF_HOUR, USUAL_WH - SAVING_WH)
    move_clock(cast.event, start=start, end=start + 2 * HALF_HOUR)
    assert cast.event.state == EventState.COMPLETED
    (estimate,) = settle_by_clock()
    assert estimate.kind == RunKind.PRELIMINARY
    room, home = desks.author, desks.home
    room.open(f"/ops/events/{cast.event.pk}")
    sees_well(room, "Reduction over the event", "data in up to")
    home.open(f"/events/{cast.event.pk}")
    sees_well(home, "An estimate becomes final")
    home.page.locator("[data-part=amount] a").first.click()
    sees_well(home, "Estimate so far")


def _paid(cast: Cast, desks: SimpleNamespace) -> None:
    """One admin works it out, the other one approves and posts."""
    author, second = desks.author, desks.second
    author.open("/ops/settlement")
    author.page.locator("main table a").first.click()
    does(author, "Settle again", "Work it out")
    author.sees("Worked out anew.", within="body")
    sees_well(author, "Waits for approval")
    expect(author.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    second.open("/ops/settlement?stage=to_approve")
    sees_well(second, "Settlement")
    second.page.locator("main table a").first.click()
    for first, then in (("Approve", "Approve it"), ("Post to the ledger", "Post it")):
        does(second, first, then)
    second.sees("Posted. The amounts are in the ledger", within="body")
    second.open("/ops/ledger")
    sees_well(second, "Ledger")
    batch = LedgerBatch.objects.get(run__event=cast.event)
    assert (batch.run.created_by, batch.posted_by) == (cast.author, cast.second)


def _explained(cast: Cast, home: Reader, folder: Path) -> None:
    line = SettlementLine.objects.get(run__event=cast.event, run__kind=RunKind.FINAL)
    assert line.credit > 0
    home.open("/rewards")
    sees_well(home, "Willow evenings")
    home.page.locator(f"main a[href='/rewards/{line.pk}/why']").first.click()
    sees_well(home, "Final since", "Same as the estimate", "You joined", "Where your usual use comes from")
    files = []
    for name in ("Download the evidence", "Download the program that checks it"):
        with home.page.expect_download() as started:
            home.follow(name)
        files.append(folder / started.value.suggested_filename)
        started.value.save_as(files[-1])
    evidence, program = files
    # Without the portal's own packages: -I leaves its folder out.
    told = subprocess.run(  # our own files
        [sys.executable, "-I", str(program), str(evidence)], capture_output=True, text=True, check=False, cwd=folder
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"together     {line.credit} USD" in told.stdout
