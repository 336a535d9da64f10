"""Whether predictions reach an event, where the program pays by them: said before people are told of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import ngettext

from events.models import Event, Participation
from events.models.participation import NOT_COUNTED
from meters.models import Meter, Prediction
from meters.selectors import CHUNK
from settlement.baselines import Method, limits_of
from settlement.errors import RuleChanged
from settlement.models import FrozenPrediction
from settlement.own_rules import frozen_rule
from settlement.services.freeze import plan_of, told_of


def unreached(*, event: Event, meters: Sequence[Meter]) -> int:
    """How many of the meters have no prediction for some interval of the event; 0 where none is paid by predictions.

    Two queries per interval length and 500 meters. The event may be unsaved; what was kept with it counts.
    """
    try:
        rule = frozen_rule(event.version)
    except RuleChanged:
        # Its settlement says so.
        return 0
    if rule.method is not Method.FORECAST:
        return 0
    groups: dict[int, list[int]] = defaultdict(list)
    for meter in meters:
        groups[meter.interval_minutes].append(meter.pk)
    missing = 0
    for minutes, ids in groups.items():
        plan = plan_of(event, rule, minutes)
        if plan is None:
            continue
        # Whoever is not told yet is told after whatever is predicted now.
        limits = limits_of(plan, told_of(event) if event.pk else ())
        chunks = (ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK))
        missing += sum(_missing(event, limits, plan.slots, chunk) for chunk in chunks)
    return missing


def unreached_words(*, event: Event, meters: Sequence[Meter] | None = None) -> str:
    """What an operator should know before telling people; empty where every meter has its predictions.

    Args:
        meters: those that would take part; of an event that is called, its participants.
    """
    count = unreached(event=event, meters=_counted(event) if meters is None else meters)
    if not count:
        return ""
    words = ngettext(
        "This program pays by what was predicted before people were told. For %(count)d meter nothing is predicted "
        "for all of these hours yet: told now, it would earn nothing. Make a forecast first, or tell people later.",
        "This program pays by what was predicted before people were told. For %(count)d meters nothing is predicted "
        "for all of these hours yet: told now, they would earn nothing. Make a forecast first, or tell people later.",
        count,
    )
    return words % {"count": count}


def unpaid_words(*, event: Event) -> str:
    """The same once people were told."""
    count = unreached(event=event, meters=_counted(event))
    words = ngettext(
        "For %(count)d meter no prediction of all these hours was made before people were told: it earns nothing.",
        "For %(count)d meters no prediction of all these hours was made before people were told: they earn nothing.",
        count,
    )
    return words % {"count": count} if count else ""


def _counted(event: Event) -> list[Meter]:
    rows = Participation.objects.filter(event=event).exclude(state__in=NOT_COUNTED).select_related("meter")
    return [row.meter for row in rows]


def _missing(event: Event, limits: Mapping[datetime, datetime], slots: Sequence[datetime], ids: Sequence[int]) -> int:
    wanted = {"meter__in": ids, "start__in": list(slots)}
    rows = list(Prediction.objects.filter(**wanted).values_list("meter", "start", "issued_at"))
    if event.pk is not None:
        kept = FrozenPrediction.objects.filter(event=event.pk, **wanted)
        rows += kept.values_list("meter", "start", "issued_at")
    known = {(meter_id, start) for meter_id, start, issued_at in rows if issued_at <= limits[start]}
    have = Counter(meter_id for meter_id, _start in known)
    return sum(have[pk] < len(slots) for pk in ids)
