"""Sums of readings by hour and day: marked with what changed, made again in the background."""

from meters.services.rollups.compared import compared_by_hours, compared_in_scope, compared_of_meters
from meters.services.rollups.marks import mark_slots, mark_spans
from meters.services.rollups.reads import ScopeHours, Sums, scope_hours, scope_state
from meters.services.rollups.rebuild import CheckResult, check_rollups, rebuild_rollups
from meters.services.rollups.refresh import RefreshResult, refresh_rollups, waiting_since
from meters.services.rollups.scopes import visible_scopes

__all__ = [
    "CheckResult",
    "RefreshResult",
    "ScopeHours",
    "Sums",
    "check_rollups",
    "compared_by_hours",
    "compared_in_scope",
    "compared_of_meters",
    "mark_slots",
    "mark_spans",
    "rebuild_rollups",
    "refresh_rollups",
    "scope_hours",
    "scope_state",
    "visible_scopes",
    "waiting_since",
]
