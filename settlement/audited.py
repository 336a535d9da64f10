"""Which rows of this room have a change history: who had a run made and posted. Lines and entries belong to those."""

from auditlog.registry import auditlog

from settlement.models import (
    Adjustment,
    BaselineRule,
    Dispute,
    IntegrityFlag,
    LedgerBatch,
    MonthDecision,
    MonthRun,
    PlaceboReport,
    RunDecision,
    SettlementRun,
    SheetReading,
)

auditlog.register(SettlementRun, exclude_fields=["rule_sha256", "common"])
auditlog.register(BaselineRule, exclude_fields=["data"])
auditlog.register(LedgerBatch, exclude_fields=["previous_sha256"])
auditlog.register(SheetReading, exclude_fields=["result"])
auditlog.register(IntegrityFlag, exclude_fields=["numbers"])
auditlog.register(PlaceboReport, exclude_fields=["result", "percent", "touched_at", "attempts"])
auditlog.register(RunDecision)
auditlog.register(Adjustment)
auditlog.register(MonthRun, exclude_fields=["inputs_sha256"])
auditlog.register(MonthDecision)
auditlog.register(Dispute, exclude_fields=["undecided_participation"])
