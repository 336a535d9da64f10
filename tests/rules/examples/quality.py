"""What is found wrong in readings, and what has to be looked at."""

from typing import Any

from meters.models import HitState, QualityHit, QualityMark, QualityRule
from tests.builder import make_meter
from tests.rules.examples.example import Change, Example, again
from tests.rules.kit import HOUR, NOON, Kit


def hit(kit: Kit, **fields: Any) -> QualityHit:
    """A gap that is not stored yet."""
    values = {"distributor": kit.here, "meter": kit.meter, "rule": QualityRule.GAP, "start": NOON, "end": NOON + HOUR}
    return QualityHit(**(values | fields))


def stored_hit(kit: Kit, **fields: Any) -> QualityHit:
    """The same, stored."""
    row = hit(kit, **fields)
    row.save()
    return row


def stored_mark(kit: Kit) -> QualityMark:
    """A meter that has to be looked at."""
    return QualityMark.objects.create(distributor=kit.here, meter_ids=[kit.meter.pk], start=NOON, end=NOON + HOUR)


def of_foreign_meter(kit: Kit) -> Change:
    """A hit that would get another distributor's meter."""
    return stored_hit(kit), {"meter": kit.foreign_meter}


def of_another_distributor(kit: Kit) -> Change:
    """A hit that would go to another distributor without its meter."""
    return stored_hit(kit), {"distributor": kit.there}


def _second(kit: Kit) -> Change:
    stored_hit(kit)
    return stored_hit(kit, start=NOON - HOUR), {"start": NOON}


EXAMPLES = {
    "hit_once": Example(new=lambda kit: again(stored_hit(kit)), change=_second),
    "hit_rule_known": Example(
        new=lambda kit: hit(kit, rule="odd"), change=lambda kit: (stored_hit(kit), {"rule": "odd"})
    ),
    "hit_state_known": Example(
        new=lambda kit: hit(kit, state="lost"), change=lambda kit: (stored_hit(kit), {"state": "lost"})
    ),
    "hit_ends_after_start": Example(
        new=lambda kit: hit(kit, end=NOON), change=lambda kit: (stored_hit(kit), {"end": NOON})
    ),
    "hit_decided_with_reason": Example(
        new=lambda kit: hit(kit, state=HitState.ACCEPTED),
        change=lambda kit: (stored_hit(kit), {"state": HitState.CORRECTED}),
    ),
    "hit_same_distributor": Example(new=lambda kit: hit(kit, meter=make_meter(kit.there)), change=of_foreign_meter),
    "qualitymark_ends_after_start": Example(
        new=lambda kit: QualityMark(distributor=kit.here, meter_ids=[kit.meter.pk], start=NOON, end=NOON),
        change=lambda kit: (stored_mark(kit), {"end": NOON}),
    ),
}
