"""Keys of runs, the ledger, disputes and adjustments."""

from tests.builder import make_meter
from tests.rules.examples import books, disputes, evidence, tenancy
from tests.rules.tenancy.kinds import Refused, foreign_holder, to

APPEND = "settlement_line_unchanged", "settlement_run_append_only", "ledger_entry_append_only"


SAME = {
    ("settlement.SettlementRun", "created_by"): Refused(
        ("settlement_run_made_within_distributor", *APPEND),
        lambda kit: (kit.run, {"created_by": kit.person(kit.there)}),
        lambda kit: {"number": 2, "inputs_sha256": "3" * 64},
    ),
    ("settlement.SettlementLine", "meter"): Refused(
        ("settlement_line_same_distributor", *APPEND), to("meter", "line", "foreign_meter")
    ),
    ("settlement.SettlementLine", "holder"): Refused(
        ("settlement_line_same_distributor", *APPEND),
        lambda kit: (kit.line, {"holder": foreign_holder(kit)}),
        lambda kit: {"meter": make_meter(kit.here)},
    ),
    ("settlement.LedgerBatch", "run"): Refused(
        ("ledger_batch_same_distributor", "ledger_batch_append_only"),
        lambda kit: (kit.batch, {"run": tenancy.foreign_run(kit)}),
        lambda kit: {"number": 2},
    ),
    ("settlement.LedgerEntry", "holder"): Refused(
        ("ledger_entry_same_distributor", *APPEND),
        lambda kit: (kit.entry, {"holder": foreign_holder(kit)}),
        lambda kit: {"key": "second"},
    ),
    ("settlement.LedgerEntry", "line"): Refused(
        ("ledger_entry_same_distributor", *APPEND),
        lambda kit: (kit.entry, {"line": tenancy.foreign_line(kit)}),
        lambda kit: {"key": "second"},
    ),
    ("settlement.FrozenPrediction", "meter"): Refused(
        ("frozen_prediction_same_distributor", "frozen_prediction_append_only"),
        lambda kit: (evidence.stored_prediction(kit), {"meter": kit.foreign_meter}),
    ),
    ("settlement.RunDecision", "decided_by"): Refused(
        ("run_decision_within_distributor", "run_decision_append_only"),
        lambda kit: (books.stored_decision(kit), {"decided_by": kit.person(kit.there)}),
    ),
    **{
        ("settlement.Adjustment", name): Refused(
            ("adjustment_same_distributor", "adjustment_decided_once"),
            lambda kit, name=name, stranger=stranger: (books.stored_adjustment(kit), {name: stranger(kit)}),  # type: ignore[misc]  # bound in the loop
        )
        for name, stranger in {
            "holder": foreign_holder,
            "line": tenancy.foreign_line,
            "event": lambda kit: tenancy.foreign_run(kit).event,
            "asked_by": lambda kit: kit.person(kit.there),
        }.items()
    },
    ("settlement.Adjustment", "decided_by"): Refused(
        ("adjustment_same_distributor",),
        lambda kit: (books.stored_adjustment(kit), {"state": "refused", "decided_by": kit.person(kit.there)}),
    ),
    ("settlement.Adjustment", "batch"): Refused(
        ("adjustment_same_distributor",),
        lambda kit: (
            books.stored_adjustment(kit),
            {"state": "approved", "decided_by": kit.person(), "batch": books.foreign_batch(kit)},
        ),
    ),
    ("settlement.Adjustment", "dispute"): Refused(
        ("adjustment_same_distributor", "adjustment_decided_once"),
        lambda kit: (books.stored_adjustment(kit), {"dispute": disputes.foreign_dispute(kit)}),
    ),
    **{
        ("settlement.Dispute", name): Refused(
            ("dispute_same_distributor", "dispute_way", "dispute_one_at_a_time"),
            lambda kit, name=name, stranger=stranger: (disputes.stored_dispute(kit), {name: stranger(kit)}),  # type: ignore[misc]  # bound in the loop
        )
        for name, stranger in {
            "participation": disputes.foreign_participation,
            "holder": foreign_holder,
            "line": tenancy.foreign_line,
            "opened_by": lambda kit: kit.person(kit.there),
        }.items()
    },
    ("settlement.Dispute", "run"): Refused(
        ("dispute_same_distributor", "dispute_run_in_favor", "dispute_one_at_a_time"),
        lambda kit: (disputes.stored_dispute(kit), {"run": tenancy.foreign_run(kit)}),
    ),
    ("settlement.Dispute", "decided_by"): Refused(
        ("dispute_same_distributor", "dispute_begins_open"),
        lambda kit: (disputes.stored_dispute(kit), disputes.DECIDED | {"decided_by": kit.person(kit.there)}),
    ),
    ("settlement.DisputeMessage", "author"): Refused(
        ("dispute_message_same_distributor", "dispute_message_unchanged"),
        lambda kit: (disputes.stored_message(kit), {"author": kit.person(kit.there)}),
    ),
    ("settlement.MonthRun", "batch"): Refused(
        ("month_run_same_distributor", "month_run_append_only", "month_run_posted_approved"),
        lambda kit: (books.stored_month(kit), {"batch": books.foreign_batch(kit)}),
        lambda kit: {"number": 2},
    ),
    ("settlement.MonthRun", "created_by"): Refused(
        ("month_run_same_distributor", "month_run_append_only", "month_run_posted_approved"),
        lambda kit: (books.stored_month(kit), {"created_by": kit.person(kit.there)}),
        lambda kit: {"number": 2, "batch": books.further_batch(kit)},
    ),
    ("settlement.MonthDecision", "decided_by"): Refused(
        ("month_decision_within_distributor", "month_decision_append_only"),
        lambda kit: (books.stored_word(kit), {"decided_by": kit.person(kit.there)}),
    ),
    ("settlement.MonthLine", "meter"): Refused(
        ("month_line_same_distributor", "month_line_append_only"),
        lambda kit: (books.stored_month_line(kit), {"meter": kit.foreign_meter}),
    ),
    ("settlement.MonthLine", "holder"): Refused(
        ("month_line_same_distributor", "month_line_append_only"),
        lambda kit: (books.stored_month_line(kit), {"holder": foreign_holder(kit)}),
    ),
}
