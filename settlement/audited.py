"""Which rows of this room have a change history: who had a run made and posted. Lines and entries belong to those."""

from auditlog.registry import auditlog

from settlement.models import LedgerBatch, SettlementRun

auditlog.register(SettlementRun, exclude_fields=["rule_sha256"])
auditlog.register(LedgerBatch, exclude_fields=["previous_sha256"])
