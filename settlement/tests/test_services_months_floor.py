"""What a month's correction takes back: no resident below zero, and nothing paid twice after less was taken."""

from datetime import date
from decimal import Decimal

import pytest

from dashboards.operator_facts.months import tiles
from meters.models import MeterMap
from settlement.costs import standby_of
from settlement.models import Account
from settlement.services import approve_adjustment, ask_adjustment, balance, check_chain, post_run, settle
from settlement.tests.test_services_months import DAYS, LATE, enrolled, event_on, in_june, paid
from settlement.tests.world import local, put
from tests.builder import make_admin, make_user

pytestmark = pytest.mark.django_db
HOURS = (12, 16)
D = Decimal


class Books:
    """A posted July whose one event came with 95 of the 100 kW that a resident promised: 1710.00 for the month."""

    def __init__(self, time_machine):
        self.world, self.program = in_june(time_machine)
        time_machine.move_to(LATE)
        self.here = self.world.here
        self.second = make_admin(self.here.distributor)
        self.resident = self.moved_in()
        for day in DAYS:
            put(self.here.school, day, 100_000, (12, 20))
            put(self.here.home, day, 1000, (12, 20))
        self.event = event_on(self.world, self.program, DAYS[8], HOURS, 95)
        self.month()

    def moved_in(self):
        moved, school = local(date(2026, 6, 2), 0), self.here.school
        MeterMap.objects.filter(meter=school, entity_id=self.here.organization.pk).update(valid_to=moved)
        resident = make_user(self.here.distributor)
        MeterMap.objects.create(meter=school, entity_id=resident.pk, valid_from=moved)
        enrolled(self.program, school, moved, D(100))
        return resident

    @property
    def owed(self):
        return balance(holder=self.resident)

    @property
    def due(self):
        return self.run.lines.get(meter=self.here.school).credit

    @property
    def posted(self):
        rows = self.run.batch.entries.filter(account=Account.OWED, holder=self.resident.pk)
        return list(rows.values_list("amount", flat=True))

    def month(self):
        self.run = paid(self.world, self.program)

    def correct(self, kw):
        """The event anew, and the month after it."""
        put(self.here.school, DAYS[8], 100_000 - kw * 500, HOURS)
        post_run(run=settle(event=self.event))
        self.month()

    def leave(self, amount):
        """Brings what is owed to the resident to this, as if the rest had been used up."""
        ask = {"distributor": self.here.distributor, "holder": self.resident, "reason": "paid out"}
        asked = ask_adjustment(**ask, amount=D(amount) - self.owed, by=self.here.admin)
        approve_adjustment(adjustment=asked, by=self.second)


@pytest.fixture
def books(time_machine):
    return Books(time_machine)


def test_a_months_correction_takes_a_resident_to_zero_and_no_further(books):
    assert (books.due, books.posted) == (D("1710.00"), [D("1710.00")])
    books.leave("0.00")
    books.correct(0)
    assert (books.due, books.posted, books.owed) == (0, [], 0)
    # The program has paid it all the same.
    assert standby_of(program=books.program, first=date(2026, 1, 1), last=date(2026, 12, 31)) == D("1710.00")
    assert [tile["value"] for tile in tiles(books.run)] == ["$0.00", "2", "$1,710.00", "$0.00"]
    assert check_chain(distributor=books.here.distributor) is None


def test_what_was_left_with_a_resident_is_not_paid_again(books):
    books.leave("0.00")
    books.correct(0)
    put(books.here.school, DAYS[8], 100_000 - 95 * 500, HOURS)
    post_run(run=settle(event=books.event))
    before = books.owed
    books.month()
    assert (books.run.number, books.due, books.posted) == (3, D("1710.00"), [])
    assert books.owed == before


def test_only_what_was_taken_back_is_paid_again(books):
    # 380.00 of it go back with the event's own correction.
    books.leave("1080.00")
    books.correct(0)
    assert (books.posted, books.owed) == ([D("-700.00")], 0)
    books.correct(95)
    assert books.posted == [D("700.00")]
    books.correct(100)
    assert (books.due, books.posted) == (D("1800.00"), [D("90.00")])


def test_what_was_left_stays_when_somebody_elses_month_is_corrected(books):
    books.leave("0.00")
    books.correct(0)
    books.leave("500.00")
    put(books.here.home, DAYS[8], 800, HOURS)
    post_run(run=settle(event=books.event))
    books.month()
    assert (books.run.number, books.due, books.posted) == (3, 0, [])
    assert books.owed == D("500.00")


def test_an_organization_goes_below_zero_by_a_months_correction(time_machine):
    world, program = in_june(time_machine)
    time_machine.move_to(LATE)
    for day in DAYS:
        put(world.here.school, day, 100_000, (12, 20))
    event = event_on(world, program, DAYS[8], HOURS, 95)
    paid(world, program)
    organization = world.here.organization
    ask = {"distributor": world.here.distributor, "holder": organization, "amount": -balance(holder=organization)}
    asked = ask_adjustment(**ask, reason="paid out", by=world.here.admin)
    approve_adjustment(adjustment=asked, by=make_admin(world.here.distributor))
    put(world.here.school, DAYS[8], 100_000, HOURS)
    post_run(run=settle(event=event))
    run = paid(world, program)
    rows = run.batch.entries.filter(account=Account.OWED, holder=organization.pk)
    assert list(rows.values_list("amount", flat=True)) == [D("-1710.00")]
    assert balance(holder=organization) == D("-2090.00")
    again = put_back(world, program, event)
    assert list(again.batch.entries.filter(holder=organization.pk).values_list("amount", flat=True)) == [D("1710.00")]
    assert balance(holder=organization) == 0


def put_back(world, program, event):
    put(world.here.school, DAYS[8], 100_000 - 95 * 500, HOURS)
    post_run(run=settle(event=event))
    return paid(world, program)
