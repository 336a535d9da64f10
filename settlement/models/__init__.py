"""Runs, their lines, and the ledger: all of it written once."""

from settlement.models.adjustment import Adjustment, AdjustmentState
from settlement.models.baseline_rule import BaselineRule
from settlement.models.decision import STOPPED, DecisionKind, RunDecision
from settlement.models.dispute import Dispute, DisputeCategory, DisputeMessage, DisputeState
from settlement.models.flag import FlagCheck, FlagKind, FlagState, IntegrityFlag
from settlement.models.frozen_prediction import FrozenPrediction
from settlement.models.ledger import Account, BatchKind, LedgerBatch, LedgerEntry, Unit
from settlement.models.month import MonthDecision, MonthLine, MonthRun, MonthWord
from settlement.models.placebo import PlaceboReport, ReportState
from settlement.models.run import LineKind, LineStatus, RunKind, SettlementLine, SettlementRun
from settlement.models.sheet_reading import SheetReading
from settlement.models.told_span import ToldSpan

__all__ = [
    "STOPPED",
    "Account",
    "Adjustment",
    "AdjustmentState",
    "BaselineRule",
    "BatchKind",
    "DecisionKind",
    "Dispute",
    "DisputeCategory",
    "DisputeMessage",
    "DisputeState",
    "FlagCheck",
    "FlagKind",
    "FlagState",
    "FrozenPrediction",
    "IntegrityFlag",
    "LedgerBatch",
    "LedgerEntry",
    "LineKind",
    "LineStatus",
    "MonthDecision",
    "MonthLine",
    "MonthRun",
    "MonthWord",
    "PlaceboReport",
    "ReportState",
    "RunDecision",
    "RunKind",
    "SettlementLine",
    "SettlementRun",
    "SheetReading",
    "ToldSpan",
    "Unit",
]
