"""A baseline from homes that were held out by lot: what the day was like for them, scaled to each participant.

What is paid is exact. The interval says how sure it is, and is floating point; nobody is paid by it.

Source: the ratio estimator of survey statistics (Cochran, Sampling Techniques, 3rd ed., chapter 6). Deviation: the
spread of single homes about the group's ratio is taken to grow in proportion to a home's usual use.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import sqrt
from typing import Any

from common.money import fraction_text, half_up, parse_fraction
from settlement.baselines.model import Baseline, BaselineStatus, Flag, Slot
from settlement.baselines.presets import Preset, Rounding

# Two-sided 95 %.
NORMAL = 1.959964


@dataclass(frozen=True)
class Group:
    """The held-out homes that were measured, together.

    Attributes:
        members: how many homes.
        load_wh: the sum of their energies in each interval of the event.
        usual_wh: the sum of what their own days make usual, over the whole event.
        spread_wh: standard deviation of a home's use about the group's ratio, in Wh over the event.
    """

    members: int
    load_wh: tuple[int, ...]
    usual_wh: Fraction
    spread_wh: int

    @property
    def mean_usual_wh(self) -> float:
        """What is usual for one home of the group."""
        return float(self.usual_wh) / self.members if self.members else 0.0


def group_of(baselines: Iterable[Baseline]) -> Group:
    """The group that these homes make; one without enough days or with a missing or estimated reading is left out.

    Args:
        baselines: of the held-out homes, under the group's own day rule.
    """
    whole = [
        row for row in baselines if row.status is BaselineStatus.OK and not any(slot.estimated for slot in row.slots)
    ]
    load = tuple(sum(energies) for energies in zip(*(_metered(row) for row in whole), strict=True))
    usual = [usual_of(row) for row in whole]
    return Group(len(whole), load, sum(usual, Fraction(0)), _spread([sum(_metered(row)) for row in whole], usual))


def usual_of(baseline: Baseline) -> Fraction:
    """What a home's own days make usual over the whole event."""
    return sum((slot.unadjusted_wh for slot in baseline.slots), Fraction(0))


def _metered(baseline: Baseline) -> list[int]:
    return [slot.actual_wh or 0 for slot in baseline.slots]


def _spread(used: Sequence[int], usual: Sequence[Fraction]) -> int:
    whole = sum(usual, Fraction(0))
    if len(used) < 2 or whole <= 0:
        return 0
    ratio = sum(used) / whole
    squares = sum(((wh - ratio * own) ** 2 for wh, own in zip(used, usual, strict=True)), Fraction(0))
    return half_up(Fraction(sqrt(squares / (len(used) - 1))))


def control_baseline(preset: Preset, own: Baseline, group: Group) -> Baseline:
    """The participant's baseline: the group's use in each interval, times own usual use over the group's.

    Args:
        own: the participant's baseline from its own days, as those of the group.

    Returns:
        INSUFFICIENT_HISTORY, flagged, where the group is too small, or own or its usual use is not above zero.
    """
    flag = _refusal(preset, own, group)
    if flag is not None or not own.slots:
        flags = sorted({*own.flags, *({flag} if flag else ())})
        told = _without_use(group) if flag is Flag.GROUP_TOO_SMALL else group
        basis, status = _basis(told, Fraction(0), ()), BaselineStatus.INSUFFICIENT_HISTORY
        return replace(own, status=status, slots=(), flags=tuple(flags), basis=basis)
    usual = usual_of(own)
    scaled = [load * usual / group.usual_wh for load in group.load_wh]
    slots = tuple(_scaled(preset, slot, wh) for slot, wh in zip(own.slots, scaled, strict=True))
    interval = participant_interval(group, usual, sum(scaled, Fraction(0)))
    return replace(own, slots=slots, basis=_basis(group, usual, interval))


def _without_use(group: Group) -> Group:
    """The count alone: the use of a few homes would tell that of each of them."""
    return Group(group.members, (), Fraction(0), 0)


def _scaled(preset: Preset, slot: Slot, wh: Fraction) -> Slot:
    settled = Fraction(half_up(wh)) if preset.rounding is Rounding.WH_PER_SLOT else wh
    return replace(slot, adjusted_wh=wh, baseline_wh=settled)


def _refusal(preset: Preset, own: Baseline, group: Group) -> Flag | None:
    if group.members < preset.group_minimum:
        return Flag.GROUP_TOO_SMALL
    if group.usual_wh <= 0 or (own.slots and usual_of(own) <= 0):
        return Flag.SIZE_NOT_POSITIVE
    return None


def _basis(group: Group, own_usual_wh: Fraction, interval: tuple[int, ...]) -> dict[str, Any]:
    return {
        "kind": "CONTROL_GROUP",
        "members": group.members,
        "load_wh": list(group.load_wh),
        "usual_wh": fraction_text(group.usual_wh),
        "own_usual_wh": fraction_text(own_usual_wh),
        "spread_wh": group.spread_wh,
        "interval_wh": list(interval),
    }


def participant_interval(group: Group, usual_wh: Fraction, baseline_wh: Fraction) -> tuple[int, int]:
    """The 95 % interval of one participant's baseline, in whole Wh: of the group's ratio, and of a single home."""
    return _around(group, float(baseline_wh), _variance(group, [float(usual_wh)]))


def program_interval(bases: Sequence[Mapping[str, Any]]) -> tuple[int, int] | None:
    """The 95 % interval of all participants' baselines together, from their `basis`; None without any.

    The group's ratio is the same for all, so its error adds up; the homes' own ones partly cancel.
    """
    told = [basis for basis in bases if basis.get("interval_wh")]
    if not told:
        return None
    group = group_from(told[0])
    usual = [parse_fraction(basis["own_usual_wh"]) for basis in told]
    whole = sum(group.load_wh) * sum(usual, Fraction(0)) / group.usual_wh
    return _around(group, float(whole), _variance(group, [float(own) for own in usual]))


def group_from(basis: Mapping[str, Any]) -> Group:
    """The group that a basis speaks of."""
    return Group(basis["members"], tuple(basis["load_wh"]), parse_fraction(basis["usual_wh"]), basis["spread_wh"])


def _variance(group: Group, usual: Sequence[float]) -> float:
    shares = [own / group.mean_usual_wh for own in usual]
    ratio = sum(shares) ** 2 / group.members
    return group.spread_wh**2 * (ratio + sum(share**2 for share in shares))


def _around(group: Group, middle: float, variance: float) -> tuple[int, int]:
    half = student(group.members - 1) * sqrt(variance)
    return round(middle - half), round(middle + half)


def student(freedom: int) -> float:
    """The two-sided 95 % quantile of Student's t, by the Cornish-Fisher series; within 1 % from 4 degrees on.

    >>> round(student(9), 2), round(student(1000), 2)
    (2.26, 1.96)
    """
    z, n = NORMAL, max(freedom, 1)
    first = (z**3 + z) / (4 * n)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return z + first + second + third
