"""Rules of a distributor's own, and predictions that are kept with an event."""

from settlement.baselines import get_preset, rule_data, rule_hash
from settlement.models import BaselineRule, FrozenPrediction, ToldSpan
from tests.rules.examples.example import Change, Example
from tests.rules.kit import HOUR, NOON, Kit


def rule(kit: Kit, **fields: object) -> BaselineRule:
    """A rule that is not stored yet."""
    preset = get_preset("three-day")
    values = {"distributor": kit.here, "name": "ours", "description": "Three days.", "data": rule_data(preset)}
    return BaselineRule(**(values | {"sha256": rule_hash(preset)} | fields))


def stored_rule(kit: Kit, **fields: object) -> BaselineRule:
    """The same, stored."""
    row = rule(kit, **fields)
    row.save()
    return row


def used_rule(kit: Kit) -> BaselineRule:
    """A rule that published terms use."""
    return stored_rule(kit, sha256=kit.version.rule_sha256)


def _second_rule(kit: Kit) -> Change:
    stored_rule(kit)
    return stored_rule(kit, name="other"), {"name": "ours"}


def prediction(kit: Kit, **fields: object) -> FrozenPrediction:
    """A prediction kept with an event, not stored yet."""
    values = {"event": kit.event, "meter": kit.meter, "start": NOON, "wh": 500, "issued_at": NOON - HOUR}
    return FrozenPrediction(**(values | fields))


def stored_prediction(kit: Kit) -> FrozenPrediction:
    """The same, stored."""
    row = prediction(kit)
    row.save()
    return row


def _twice(kit: Kit) -> FrozenPrediction:
    stored_prediction(kit)
    return prediction(kit)


def told(kit: Kit, **fields: object) -> ToldSpan:
    """What people were told of an event's hours, not stored yet."""
    values = {"event": kit.event, "at": NOON - HOUR, "start": NOON, "end": NOON + HOUR}
    return ToldSpan(**(values | fields))


def stored_told(kit: Kit) -> ToldSpan:
    """The same, stored."""
    row = told(kit)
    row.save()
    return row


EXAMPLES = {
    "baseline_rule_once": Example(new=lambda kit: (stored_rule(kit), rule(kit))[1], change=_second_rule),
    "baseline_rule_frozen": Example(
        change=lambda kit: (used_rule(kit), {"description": "Other days."}), delete=used_rule
    ),
    "frozen_prediction_once": Example(new=_twice),
    "frozen_prediction_same_distributor": Example(new=lambda kit: prediction(kit, meter=kit.foreign_meter)),
    "told_span_has_length": Example(new=lambda kit: told(kit, end=NOON)),
    "told_span_append_only": Example(
        change=lambda kit: (stored_told(kit), {"end": NOON + 2 * HOUR}), delete=stored_told
    ),
    "frozen_prediction_append_only": Example(
        change=lambda kit: (stored_prediction(kit), {"wh": 1}), delete=stored_prediction
    ),
}
