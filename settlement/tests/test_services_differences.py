"""What a correction posts beside adjustments: nothing is paid or taken twice, and no resident lands below zero."""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.errors import BadAdjustment
from settlement.models import Account, LedgerBatch, LedgerEntry
from settlement.services import approve_adjustment, ask_adjustment, balance, check_chain, post_run, settle
from settlement.tests.world import EVENT_DAY, make_case, put
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
D = Decimal
HOME = st.integers(min_value=0, max_value=1200)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("home"), HOME),
        st.tuples(st.just("school"), st.integers(min_value=0, max_value=60_000)),
        st.tuples(st.just("adjust"), st.integers(min_value=-300, max_value=300)),
        st.tuples(st.just("goodwill"), st.integers(min_value=-300, max_value=300)),
    ),
    min_size=3,
    max_size=8,
)


class Books:
    """An event whose first run is posted: 2.24 for the home, 140.00 for the school."""

    def __init__(self) -> None:
        world, _, self.event = make_case()
        self.here, self.second = world.here, make_admin(world.here.distributor)
        self.run = self.settle()

    def settle(self):
        self.run = settle(event=self.event)
        self.batch = post_run(run=self.run)
        return self.run

    @property
    def due(self):
        return self.run.lines.get(meter=self.here.home).credit

    @property
    def owed(self):
        return balance(holder=self.here.resident)

    def adjust(self, amount, is_bound=True):
        adjustment = ask_adjustment(
            distributor=self.here.distributor,
            holder=self.here.resident,
            amount=D(amount),
            reason="looked at",
            by=self.here.admin,
            line=self.run.lines.get(meter=self.here.home) if is_bound else None,
        )
        return approve_adjustment(adjustment=adjustment, by=self.second)


@pytest.fixture
def books():
    return Books()


def entries_of(batch, holder):
    rows = LedgerEntry.objects.filter(batch=batch, account=Account.OWED, holder=holder.pk)
    return list(rows.values_list("amount", flat=True))


def test_what_an_adjustment_took_back_is_not_taken_again(books):
    books.adjust("-2.24")
    put(books.here.home, EVENT_DAY, 1000)
    books.settle()
    assert (books.due, books.owed) == (0, 0)
    assert entries_of(books.batch, books.here.resident) == []


def test_what_an_adjustment_paid_is_not_paid_again(books):
    put(books.here.home, EVENT_DAY, 700)
    books.settle()
    books.adjust("0.56")
    put(books.here.home, EVENT_DAY, 600)
    books.settle()
    assert (books.due, books.owed) == (D("2.24"), D("2.24"))


def test_another_meters_correction_leaves_an_adjustment_as_it_is(books):
    books.adjust("1.00")
    put(books.here.school, EVENT_DAY, 50_000)
    books.settle()
    assert books.owed == D("3.24")
    put(books.here.home, EVENT_DAY, 700)
    books.settle()
    assert books.owed == books.due == D("1.68")


def test_goodwill_that_names_no_reward_stays_whatever_is_corrected(books):
    books.adjust("1.00", is_bound=False)
    put(books.here.home, EVENT_DAY, 700)
    books.settle()
    assert books.owed == D("2.68")


def test_a_correction_takes_a_resident_to_zero_and_an_organization_below(books):
    books.adjust("-2.00", is_bound=False)
    organization = books.here.organization
    ask = {"distributor": books.here.distributor, "holder": organization, "amount": D(-140), "reason": "paid twice"}
    approve_adjustment(adjustment=ask_adjustment(**ask, by=books.here.admin), by=books.second)
    for meter, wh in ((books.here.home, 1000), (books.here.school, 60_000)):
        put(meter, EVENT_DAY, wh)
    books.settle()
    assert entries_of(books.batch, books.here.resident) == [D("-0.24")]
    assert (books.owed, balance(holder=organization)) == (0, D("-140.00"))
    put(books.here.home, EVENT_DAY, 900)
    books.settle()
    assert books.owed == 0


def test_the_floor_holds_over_all_kinds_of_line_and_for_points():
    world, _, event = make_case(rate_per_kwh=D("1.00"), points_per_kwh=100)
    post_run(run=settle(event=event))
    here, second = world.here, make_admin(world.here.distributor)
    assert (balance(holder=here.resident), balance(holder=here.resident, unit="points")) == (D("3.84"), 160)
    for amount, unit in ((D("-3.00"), "money"), (D(-100), "points")):
        ask = {"distributor": here.distributor, "holder": here.resident, "amount": amount, "unit": unit}
        approve_adjustment(adjustment=ask_adjustment(**ask, reason="spent", by=here.admin), by=second)
    put(here.home, EVENT_DAY, 1000)
    batch = post_run(run=settle(event=event))
    assert sum(entries_of(batch, here.resident)) == D("-60.84")
    assert (balance(holder=here.resident), balance(holder=here.resident, unit="points")) == (0, 0)
    for unit in ("money", "points"):
        assert sum(batch.entries.filter(unit=unit).values_list("amount", flat=True)) == 0


class Reckoned:
    """What the books should say of the home, reckoned beside them."""

    def __init__(self, books):
        self.books, self.before = books, books.due
        # What the ledger has for the event with adjustments that name its lines, and all that is owed.
        self.event = self.owed = books.due

    def correct(self):
        due = self.books.due
        if due != self.before:
            rest = max(due - self.event, -self.owed)
            self.event, self.owed = self.event + rest, self.owed + rest
            assert self.event == due or self.owed == 0
        self.before = due

    def adjust(self, amount, is_bound):
        try:
            self.books.adjust(amount, is_bound=is_bound)
        except BadAdjustment:
            assert self.owed + amount < 0
        else:
            self.owed += amount
            self.event += amount if is_bound else 0


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(STEPS)
def test_corrections_and_adjustments_that_name_a_line_sum_to_what_is_due(steps):
    with transaction.atomic():
        _walk(steps)
        transaction.set_rollback(True)


def _walk(steps):
    books = Books()
    reckoned = Reckoned(books)
    for what, number in steps:
        if what in ("home", "school"):
            put(getattr(books.here, what), EVENT_DAY, number)
            books.settle()
            reckoned.correct()
        elif number:
            reckoned.adjust(D(number) / 100, is_bound=what == "adjust")
        assert books.owed == reckoned.owed >= 0
    for batch in LedgerBatch.objects.all():
        assert sum(batch.entries.values_list("amount", flat=True)) == 0
    assert check_chain(distributor=books.here.distributor) is None
