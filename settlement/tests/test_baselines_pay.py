"""What a program pays: each kind of line, each cap, and what may never happen."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.money import round_half_up
from settlement.baselines import (
    BaselineStatus,
    CapacityTerms,
    Floor,
    InvalidTerms,
    Reading,
    RewardStatus,
    Slot,
    capacity_factor,
    compute_baseline,
    compute_reward,
    correction,
    get_preset,
    reservation_credit,
)
from settlement.baselines.pay import ClippedBy, PaidKind, PayCap, PayTerms, pay
from settlement.tests import baseline_examples as examples

D = Decimal


def a1(last=1600):
    """The worked example A1: 956 and 1096 Wh delivered, unless slot 17 is restated."""
    readings = examples.table()
    readings[examples.local(examples.EVENT_DAY, 17)] = Reading(last)
    return compute_baseline(examples.plan_for(get_preset("ten-in-ten-ratio-20")), examples.history(readings=readings))


def of_slots(*slots, counts=True):
    """A baseline of hourly slots (usual Wh, used Wh)."""
    rows = tuple(
        Slot(
            examples.local(examples.EVENT_DAY, 16) + number * timedelta(hours=1),
            *[Fraction(usual)] * 3,
            used,
            not counts,
            counts,
        )
        for number, (usual, used) in enumerate(slots)
    )
    whole = a1()
    return replace(whole, slots=rows, event=replace(whole.event, end=whole.event.start + timedelta(hours=len(rows))))


def paid(baseline, terms, nomination=None, **more):
    reward = compute_reward(baseline, CapacityTerms(terms.rate_per_kw, floor=terms.floor), nomination)
    return pay(baseline, reward, terms, **more)


def credits(result):
    return {line.kind.value: line.credit for line in result.lines}


def test_b1_energy_and_points_of_the_first_example():
    result = paid(a1(), PayTerms(rate_per_kwh=D("2.00"), points_per_kwh=100))
    assert credits(result) == {"energy": D("4.10")}
    assert (result.points, result.status) == (205, RewardStatus.OK)
    assert result.lines[0].quantity == Fraction(2052, 1000)


def test_b2_losses_count_over_the_event_or_in_no_interval():
    baseline = of_slots((1000, 400), (1000, 1400))
    for floor, credit in ((Floor.EVENT, D("0.40")), (Floor.INTERVAL, D("1.20"))):
        assert paid(baseline, PayTerms(rate_per_kwh=D("2.00"), floor=floor)).total == credit


def test_b3_standing_by_is_paid_by_the_share_of_the_nomination_that_came():
    factor = capacity_factor([(2, 95), (4, 60)], 100)
    assert (factor, reservation_credit(100, D("18.00"), factor)) == (Fraction(43, 60), D("1290.00"))
    terms = PayTerms(rate_per_kwh=D("1.00"))
    energy = [of_slots(*[(kw * 1000, 0)] * hours) for hours, kw in ((2, 95), (4, 60))]
    assert sum(paid(baseline, terms, 100).total for baseline in energy) == D("430.00")


def test_b6_a_restated_slot_takes_back_the_difference():
    terms = PayTerms(rate_per_kwh=D("2.00"))
    first, second = paid(a1(), terms).total, paid(a1(1900), terms).total
    assert (first, second, correction(first, second)) == (D("4.10"), D("3.50"), D("-0.60"))


def test_every_kind_stands_in_a_line_of_its_own():
    terms = PayTerms(
        rate_per_kw=D("2.80"), rate_per_kwh=D("1"), threshold_kwh=D("3"), threshold_amount=D("5"),
        bonus_factor=D("0.9"), bonus_amount=D("7"), flat_per_event=D("1.5"),
    )  # fmt: skip
    result = paid(of_slots((4000, 2000), (4000, 2000)), terms, 2)
    assert credits(result) == {
        "capacity": D("5.60"), "energy": D("4.00"), "threshold": D("5.00"), "bonus": D("7.00"), "flat": D("1.50"),
    }  # fmt: skip
    short = paid(of_slots((4000, 2600), (4000, 2600)), terms, 2)
    assert credits(short) == {"capacity": D("3.92"), "energy": D("2.80"), "flat": D("1.50")}


def test_a_penalty_is_an_organizations_alone_and_never_where_a_slot_was_not_metered():
    terms = PayTerms(rate_per_kw=D(1), penalty_per_kw=D("3"))
    worse = of_slots((1000, 1500))
    assert credits(paid(worse, terms, 2, is_organization=True)) == {"capacity": D(0), "penalty": D("-6.00")}
    assert credits(paid(worse, terms, 2)) == {"capacity": D(0)}
    assert credits(paid(of_slots((1000, 500), counts=False), terms, 2, is_organization=True)) == {"capacity": D(0)}
    pending = replace(worse, status=BaselineStatus.DATA_PENDING)
    assert credits(paid(pending, terms, 2, is_organization=True)) == {"capacity": D(0)}
    met = paid(of_slots((3000, 500)), terms, 2, is_organization=True)
    assert credits(met) == {"capacity": D("2.00")}


def test_what_is_fed_to_the_grid_counts_only_where_the_terms_say_so():
    solar = of_slots((500, -1500))
    for cap, credit in ((PayCap.EXPORTS_ALLOWED, D("2.00")), (PayCap.UP_TO_SITE_LOAD, D("0.50"))):
        result = paid(solar, PayTerms(rate_per_kwh=D(1), pay_cap=cap), 5)
        assert result.total == credit
    assert [clip.by for clip in result.lines[0].clips] == [ClippedBy.SITE_LOAD]


def test_kw_beyond_the_nomination_are_not_paid_but_by_other_caps():
    baseline = of_slots((5000, 1000))
    for cap, credit in ((PayCap.UP_TO_NOMINATION, D("3.00")), (PayCap.UP_TO_SITE_LOAD, D("4.00"))):
        assert paid(baseline, PayTerms(rate_per_kw=D(1), pay_cap=cap), 3).total == credit
    energy = paid(baseline, PayTerms(rate_per_kwh=D(1)), 3)
    assert (energy.total, energy.lines[0].clips[0].data()) == (
        D("3.00"),
        {"by": "nomination", "before": "4000/1", "after": "3000/1"},
    )


def test_without_a_nomination_kw_pay_nothing_and_kwh_pay_all():
    baseline = of_slots((5000, 1000))
    only_kw = paid(baseline, PayTerms(rate_per_kw=D(1)))
    assert (only_kw.total, only_kw.status) == (D(0), RewardStatus.NO_NOMINATION)
    both = paid(baseline, PayTerms(rate_per_kw=D(1), rate_per_kwh=D(1)))
    assert (credits(both), both.status) == ({"capacity": D(0), "energy": D("4.00")}, RewardStatus.OK)


def test_caps_clip_lines_in_their_order_and_say_so():
    terms = PayTerms(rate_per_kw=D(1), rate_per_kwh=D(1), flat_per_event=D(1), cap_per_event=D("5.009"))
    result = paid(of_slots((5000, 1000)), terms, 4)
    assert credits(result) == {"capacity": D("4.00"), "energy": D("1.00"), "flat": D("0.00")}
    assert result.lines[1].clips[0].data() == {"by": "cap_per_event", "before": "4/1", "after": "1/1"}


def test_the_seasons_cap_counts_what_was_earned_before():
    terms = PayTerms(rate_per_kwh=D(1), cap_per_season=D("5"))
    result = paid(of_slots((5000, 1000)), terms, 9, paid_before=D("3.50"))
    assert (result.total, result.is_season_clipped) == (D("1.50"), True)
    assert paid(of_slots((5000, 1000)), terms, 9, paid_before=D("8")).total == 0
    assert not paid(of_slots((5000, 1000)), terms, 9).is_season_clipped


def test_terms_below_zero_are_refused():
    with pytest.raises(InvalidTerms, match="flat per event"):
        PayTerms(flat_per_event=D("-1"))


PRICES = st.decimals(0, 50, places=4)
TERMS = st.builds(
    PayTerms,
    rate_per_kw=PRICES, rate_per_kwh=PRICES, flat_per_event=PRICES, threshold_kwh=st.none() | st.decimals(0, 9),
    threshold_amount=PRICES, bonus_factor=st.none() | st.decimals(0, 2, places=3), bonus_amount=PRICES,
    penalty_per_kw=PRICES, points_per_kwh=st.integers(0, 500), floor=st.sampled_from(Floor),
    pay_cap=st.sampled_from(PayCap), cap_per_event=st.none() | PRICES, cap_per_season=st.none() | PRICES,
)  # fmt: skip
SLOTS = st.lists(st.tuples(st.integers(-9_000, 9_000), st.integers(-9_000, 9_000)), min_size=1, max_size=8)
NOMINATIONS = st.none() | st.decimals(0, 9, places=3)


@settings(max_examples=150, deadline=None)
@given(slots=SLOTS, terms=TERMS, nomination=NOMINATIONS, before=st.decimals(0, 60, places=2))
def test_a_residents_money_is_never_below_zero_nor_above_a_cap(slots, terms, nomination, before):
    result = paid(of_slots(*slots), terms, nomination, paid_before=before)
    assert all(line.credit >= 0 for line in result.lines)
    if terms.cap_per_event is not None:
        assert result.total <= terms.cap_per_event
    if terms.cap_per_season is not None and not terms.is_plain:
        assert result.total <= max(D(0), terms.cap_per_season - before)
    assert len({line.kind for line in result.lines}) == len(result.lines)
    assert result.lines[0].kind is terms.primary


@settings(max_examples=100, deadline=None)
@given(slots=SLOTS, terms=TERMS, nomination=NOMINATIONS)
def test_without_delivered_energy_nothing_is_paid(slots, terms, nomination):
    worse = [(usual, max(used, usual)) for usual, used in slots]
    result = paid(of_slots(*worse), terms, nomination, is_organization=True)
    assert {line.credit for line in result.lines if line.kind is not PaidKind.PENALTY} <= {D("0.00")}
    assert result.points == 0
    penalty = sum(line.credit for line in result.lines if line.kind is PaidKind.PENALTY)
    assert penalty == round_half_up(-Fraction(nomination or 0) * Fraction(terms.penalty_per_kw))


@settings(max_examples=100, deadline=None)
@given(slots=SLOTS, rate=PRICES, nomination=NOMINATIONS)
def test_plain_terms_pay_what_the_reward_says_by_either_way(slots, rate, nomination):
    baseline, terms = of_slots(*slots), PayTerms(rate_per_kw=rate)
    reward = compute_reward(baseline, CapacityTerms(rate), nomination)
    # A cap that never binds takes the long way.
    for way in (terms, replace(terms, cap_per_event=D(10**6))):
        line = pay(baseline, reward, way).lines[0]
        assert line.credit == reward.credit == round_half_up(line.quantity * Fraction(rate))
