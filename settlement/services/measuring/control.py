"""Baselines from the homes that were held out of the event by lot."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from events.models import Participation
from settlement.baselines import Plan, compute_reward, control_baseline, group_of
from settlement.services.measuring.case import Case, Participant
from settlement.services.measuring.held import held_since
from settlement.services.measuring.measured import Measured

ByDays = Callable[[list[Participant]], Iterator[Measured]]


def measure_by_control(case: Case, plan: Plan, group: list[Participant], by_days: ByDays) -> Iterator[Measured]:
    """The participants measured against the held-out homes with the same interval, in their order.

    Args:
        by_days: measures meters by their own days, under the same plan.
    """
    homes = group_of(row.baseline for row in by_days(held_out(case, plan.minutes)))
    for row in by_days(group):
        baseline = control_baseline(plan.preset, row.baseline, homes)
        reward = compute_reward(baseline, case.terms, row.participant.nominated_kw)
        yield replace(row, baseline=baseline, reward=reward)


def held_out(case: Case, minutes: int) -> list[Participant]:
    """Those held out of the event, and not released since, whose meters have this interval, by meter number."""
    rows = Participation.objects.compared().filter(event=case.event, meter__interval_minutes=minutes)
    ordered, held = rows.select_related("meter").order_by("meter__number", "meter_id"), held_since(case.event)
    return [Participant(row.meter, row.holder_id, None, held_from=held.get(row.meter_id)) for row in ordered]
