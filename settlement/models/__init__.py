"""Runs, their lines, and the ledger: all of it written once."""

from settlement.models.ledger import Account, LedgerBatch, LedgerEntry
from settlement.models.run import LineKind, LineStatus, RunKind, SettlementLine, SettlementRun

__all__ = [
    "Account",
    "LedgerBatch",
    "LedgerEntry",
    "LineKind",
    "LineStatus",
    "RunKind",
    "SettlementLine",
    "SettlementRun",
]
