"""Meters, dated maps, claim codes, readings and their sums, imports, quality, predictions, exclusions."""

from meters.models.archived_month import ArchivedMonth
from meters.models.claim_code import ClaimCode
from meters.models.exclusion import Exclusion, ExclusionKind
from meters.models.import_batch import BatchSource, BatchSpan, BatchState, ImportBatch
from meters.models.meter import Feeder, Meter, ReadingKind
from meters.models.meter_map import MeterMap
from meters.models.quality_hit import HitState, QualityHit, QualityRule
from meters.models.quality_mark import QualityMark
from meters.models.reading import IntervalReading, Prediction, Quality, ReadingRevision
from meters.models.register_read import RegisterRead
from meters.models.rollup import DailyEnergy, HourlyEnergy, RollupMark, ScopeHour, ScopeKind, ScopeMark, ScopeState

__all__ = [
    "ArchivedMonth",
    "BatchSource",
    "BatchSpan",
    "BatchState",
    "ClaimCode",
    "DailyEnergy",
    "Exclusion",
    "ExclusionKind",
    "Feeder",
    "HitState",
    "HourlyEnergy",
    "ImportBatch",
    "IntervalReading",
    "Meter",
    "MeterMap",
    "Prediction",
    "Quality",
    "QualityHit",
    "QualityMark",
    "QualityRule",
    "ReadingKind",
    "ReadingRevision",
    "RegisterRead",
    "RollupMark",
    "ScopeHour",
    "ScopeKind",
    "ScopeMark",
    "ScopeState",
]
