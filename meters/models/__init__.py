"""Meters, dated maps, claim codes, readings with the prediction in force, exclusions."""

from meters.models.claim_code import ClaimCode
from meters.models.exclusion import Exclusion, ExclusionKind
from meters.models.meter import Feeder, Meter
from meters.models.meter_map import MeterMap
from meters.models.reading import IntervalReading, Prediction, Quality, ReadingRevision

__all__ = [
    "ClaimCode",
    "Exclusion",
    "ExclusionKind",
    "Feeder",
    "IntervalReading",
    "Meter",
    "MeterMap",
    "Prediction",
    "Quality",
    "ReadingRevision",
]
