"""From an event that is over to its rewards in the ledger."""

from settlement.services.adjustments import approve_adjustment, ask_adjustment, refuse_adjustment
from settlement.services.csv_file import COLUMNS, write_csv
from settlement.services.decisions import approve_run, close_run, refuse_run, reopen_run
from settlement.services.disputes import (
    answer_dispute,
    open_dispute,
    resolve_against,
    resolve_by_adjusting,
    resolve_by_settling,
    withdraw_dispute,
    write_in_dispute,
)
from settlement.services.ledger import post_run
from settlement.services.ledger_check import (
    DailyHead,
    LedgerCheck,
    balance,
    balances,
    check_chain,
    check_ledger,
    daily_heads,
)
from settlement.services.months.posting import approve_month, post_month, refuse_month
from settlement.services.months.work import settle_month
from settlement.services.runs import settle
from settlement.services.sheets import read_event_sheet

__all__ = [
    "COLUMNS",
    "DailyHead",
    "LedgerCheck",
    "answer_dispute",
    "approve_adjustment",
    "approve_month",
    "approve_run",
    "ask_adjustment",
    "balance",
    "balances",
    "check_chain",
    "check_ledger",
    "close_run",
    "daily_heads",
    "open_dispute",
    "post_month",
    "post_run",
    "read_event_sheet",
    "refuse_adjustment",
    "refuse_month",
    "refuse_run",
    "reopen_run",
    "resolve_against",
    "resolve_by_adjusting",
    "resolve_by_settling",
    "settle",
    "settle_month",
    "withdraw_dispute",
    "write_csv",
    "write_in_dispute",
]
