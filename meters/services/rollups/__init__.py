"""Sums of readings by hour and day: marked with what changed, made again in the background."""

from meters.services.rollups.marks import mark_slots, mark_spans

__all__ = ["mark_slots", "mark_spans"]
