"""The homes held out by lot: how many the terms hold out, and whether they are enough for a rule that pays by them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Kind
from events.errors import BadTerms, GroupTooSmall
from events.models import Enrollment, Event, Program
from events.rules import rule_of
from meters.models import Meter, MeterMap

if TYPE_CHECKING:
    from events.terms import Terms

CONTROL_GROUP = "CONTROL_GROUP"


def drawn_by_length(meters: Sequence[Meter], homes: Collection[int], share: Decimal) -> dict[int, int]:
    """Minutes of an interval -> how many homes with it are held out: they are drawn among their like.

    A home is compared only with homes whose readings are as far apart as its own.
    """
    counts = Counter(meter.interval_minutes for meter in meters if meter.pk in homes)
    return {minutes: int(counts[minutes] * share) for minutes in sorted({each.interval_minutes for each in meters})}


def group_refusals(event: Event, drawn: Mapping[int, int]) -> list[GroupTooSmall]:
    """Why the event would pay nobody: one sentence for each length of intervals with too few homes held out.

    Nothing for other rules, for tests, and for an event whose homes are drawn already.

    Args:
        drawn: from `drawn_by_length`.
    """
    rule = event.version.rule
    if rule.get("method") != CONTROL_GROUP or event.is_test or event.draw_seed:
        return []
    least = int(rule["group_minimum"])
    return [GroupTooSmall(_words(minutes, count, least)) for minutes, count in drawn.items() if count < least]


def _words(minutes: int, count: int, least: int) -> str:
    words = ngettext(
        "The rule compares with homes held out by lot, %(least)d at least. Of the homes with readings every "
        "%(minutes)d minutes, only %(count)d would be held out, so nobody among them could be paid. Ask more homes, "
        "hold out a larger share, or leave these meters out.",
        "The rule compares with homes held out by lot, %(least)d at least. Of the homes with readings every "
        "%(minutes)d minutes, only %(count)d would be held out, so nobody among them could be paid. Ask more homes, "
        "hold out a larger share, or leave these meters out.",
        count,
    )
    return words % {"least": least, "minutes": minutes, "count": count}


def check_control(program: Program, terms: "Terms") -> None:
    """Passes terms whose control group can exist among those who take part now.

    Raises:
        BadTerms: saying what to change.
        UnknownRule: The terms name no known rule.
    """
    pays_by_group = rule_of(program.distributor, terms.preset).data.get("method") == CONTROL_GROUP
    if pays_by_group and not terms.control_share:
        raise BadTerms(
            _("This rule compares with homes held out by lot: say which share of the homes is held out, like 0.1.")
        )
    if terms.control_share and _only_organizations(program):
        raise BadTerms(
            _(
                "Only homes are held out, and only organizations take part in this program: set the share to 0 and "
                "choose a rule that compares with their own days."
            )
        )


def _only_organizations(program: Program) -> bool:
    """Whether somebody takes part, and no home."""
    enrolled = Enrollment.objects.filter(program=program).taking_part().active()
    held = MeterMap.objects.filter(meter__in=enrolled.values("meter"), valid_to=None).order_by()
    return set(held.values_list("entity__kind", flat=True)) - {Kind.DISTRIBUTOR} == {Kind.ORGANIZATION}
