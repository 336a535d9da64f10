"""What every model admin is made of: tenant-scoped, told in words, with its change history."""

from accounts.tenant_admin.action_form import ReasonForm
from accounts.tenant_admin.base import ReadOnlyAdmin, ReadOnlyInline, TenantAdmin
from accounts.tenant_admin.filters import VisibleRelatedFilter
from accounts.tenant_admin.outcome import actor, run_each

__all__ = ["ReadOnlyAdmin", "ReadOnlyInline", "ReasonForm", "TenantAdmin", "VisibleRelatedFilter", "actor", "run_each"]
