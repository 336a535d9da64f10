"""Placebo audits of programs: ordered, computed, stored, and read."""

from settlement.services.placebo.case import DEFAULT_HOURS, AuditCase, open_audit
from settlement.services.placebo.compute import Outcome, run_audit
from settlement.services.placebo.reports import order_report, work_report, work_reports

__all__ = [
    "DEFAULT_HOURS",
    "AuditCase",
    "Outcome",
    "open_audit",
    "order_report",
    "run_audit",
    "work_report",
    "work_reports",
]
