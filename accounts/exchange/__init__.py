"""Lists of master data out of the admin, and back in after a look at what they would change."""

from accounts.exchange.admin import ExportAdmin, ImportAdmin
from accounts.exchange.resource import Column, NumberColumn, RowColumn, TenantResource, YesNoColumn

__all__ = ["Column", "ExportAdmin", "ImportAdmin", "NumberColumn", "RowColumn", "TenantResource", "YesNoColumn"]
