"""How sure a control group's savings are: by hand, on the pages, and against many draws."""

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from django.urls import reverse

from dashboards.tests.operator_tools import browser
from events.models import Participation, ParticipationState
from events.services import record_completed_event
from events.tests.world import PAST, make_program
from settlement.baselines.control import Group, participant_interval, program_interval, student
from settlement.control_intervals import SavedBetween, basis_of, saved_between, together
from settlement.models import SettlementLine
from settlement.placebo.noise import Unknown, noise_of
from settlement.services import settle
from settlement.tests.world import EVENT_DAY, POOL, make_case, put
from tests.builder import make_meter, make_user, make_world, map_meter

DAYS = list(POOL) + [EVENT_DAY.replace(day=number) for number in (16, 15, 14, 13, 10, 9, 8)]


def history(meter, usual_wh, event_wh):
    for number, day in enumerate(DAYS):
        put(meter, day, usual_wh + 13 * (number % 4), hours=(12, 18))
    put(meter, EVENT_DAY, event_wh)


def make_group_case(homes):
    """Home and school asked; so many homes were held out."""
    world = make_world()
    program = make_program(world.here.distributor, preset="control-group", control_share=Decimal("0.1"))
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    history(world.here.home, 1000, 600)
    history(world.here.school, 60_000, 20_000)
    for number in range(homes):
        meter = make_meter(world.here.distributor, f"held-{number}")
        map_meter(meter, make_user(world.here.distributor))
        history(meter, 800 + 40 * number, 700 + 35 * number + 60 * (number % 3))
        Participation.objects.create(event=event, meter=meter, state=ParticipationState.HELD_OUT)
    return world, program, event


def lines_of(run):
    lines = SettlementLine.objects.select_related("run__event__program__distributor", "run__event__version", "meter")
    return {line.meter: line for line in lines.filter(run=run)}


@pytest.mark.django_db
class TestShown:
    def test_the_runs_interval_is_that_of_all_its_participants(self):
        _world, _program, event = make_group_case(9)
        run = settle(event=event)
        found = saved_between(run)
        bases = [basis_of(line.trace) for line in run.lines.all()]
        assert (found.usual_low_wh, found.usual_high_wh) == program_interval(bases)
        assert (found.meters, found.homes, found.used_wh) == (2, 9, 4 * 600 + 4 * 20_000)
        delivered = sum(line.delivered_wh for line in run.lines.all())
        assert found.low_wh < delivered < found.high_wh

    def test_the_run_the_season_and_the_reward_say_between_what_and_what(self):
        world, program, event = make_group_case(9)
        run = settle(event=event)
        found = saved_between(run)
        reader = browser(world.here.admin)
        page = reader.get(f"/ops/settlement/{run.pk}").content.decode()
        assert "9 homes held out by lot say what was usual" in page
        assert f"so they saved between {found.low_wh / 1000:.1f} and {found.high_wh / 1000:.1f} kWh" in page
        season = reader.get(f"/ops/programs/{program.pk}/season?season=2026").content.decode()
        assert f"saved between {found.low_wh / 1000:.1f} and {found.high_wh / 1000:.1f} kWh together" in season
        line = lines_of(run)[world.here.home]
        why = reader.get(reverse("reward_why", args=[line.pk])).content.decode()
        assert "your usual use lies between" in why
        assert "what was saved here lies between" in why

    def test_other_rules_have_no_such_sentence(self):
        world, _program, event = make_case()
        run = settle(event=event)
        assert saved_between(run) is None
        assert "held out by lot" not in browser(world.here.admin).get(f"/ops/settlement/{run.pk}").content.decode()

    def test_of_too_small_a_group_nothing_is_said(self):
        world, _program, event = make_group_case(4)
        run = settle(event=event)
        assert saved_between(run) is None
        assert noise_of(lines_of(run)[world.here.home]) is None

    def test_a_trial_of_the_rule_is_no_less_sure(self):
        _world, _program, event = make_group_case(9)
        own = saved_between(settle(event=event))
        assert saved_between(settle(event=event, preset="ten-in-ten")) is None
        assert own is not None

    def test_a_reward_by_a_group_says_how_far_homes_differ(self):
        world, _program, event = make_group_case(9)
        line = lines_of(settle(event=event))[world.here.home]
        found = noise_of(line)
        low, high = basis_of(line.trace)["interval_wh"]
        assert found.typical_wh == pytest.approx((high - low) / 2 / student(8), abs=1)
        assert found.ratio == pytest.approx(float(Fraction(line.performance_wh)) / found.typical_wh, abs=0.02)
        assert not isinstance(found, Unknown)


def test_events_of_a_season_have_draws_of_their_own():
    """Halves of 300 and 400 Wh are 500 together."""
    one, two = SavedBetween(1000, 1600, 300, 5, 9), SavedBetween(2000, 2800, 400, 5, 9)
    assert together([one, two]) == (1000 + 2000 - 500, 1000 + 2000 + 500)
    assert together([]) is None


@pytest.mark.parametrize(("homes", "asked"), [(8, 20), (40, 200)])
def test_the_interval_holds_what_was_usual_in_about_95_of_100_draws(homes, asked):
    """Homes of 0.5 to 5 kWh whose use lies about one ratio of the usual one, in proportion to it."""
    chance = random.Random(5)
    held, single, draws = 0, 0, 400
    for _number in range(draws):
        usual = [chance.uniform(500, 5000) for _home in range(homes + asked)]
        would = [each * (1.1 + 0.3 * chance.gauss(0, 1)) for each in usual]
        group = group_from(usual[:homes], would[:homes])
        bases = [basis_of_home(group, each) for each in usual[homes:]]
        low, high = program_interval(bases)
        held += low <= sum(would[homes:]) <= high
        low, high = bases[0]["interval_wh"]
        single += low <= would[homes] <= high
    # The spread grows with a home's size while the group's is a mean over all sizes, so a small home is rather safe.
    assert 0.90 <= held / draws <= 0.99
    assert 0.90 <= single / draws <= 1


def group_from(usual, would):
    whole = sum(usual)
    ratio = sum(would) / whole
    spread = (sum((use - ratio * own) ** 2 for use, own in zip(would, usual, strict=True)) / (len(usual) - 1)) ** 0.5
    return Group(len(usual), (round(sum(would)),), Fraction(whole), round(spread))


def basis_of_home(group, usual):
    exact = Fraction(usual)
    interval = participant_interval(group, exact, sum(group.load_wh) * exact / group.usual_wh)
    return {
        "members": group.members,
        "load_wh": list(group.load_wh),
        "usual_wh": f"{group.usual_wh.numerator}/{group.usual_wh.denominator}",
        "own_usual_wh": f"{exact.numerator}/{exact.denominator}",
        "spread_wh": group.spread_wh,
        "interval_wh": list(interval),
    }
