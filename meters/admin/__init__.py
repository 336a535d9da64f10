"""Meters, feeders, holders and claim codes in the admin. Readings are not edited: corrections are imports."""

from meters import attention  # noqa: F401  # says what needs somebody
from meters.admin.codes import ClaimCodeAdmin
from meters.admin.imports import ImportBatchAdmin
from meters.admin.maps import MeterMapAdmin
from meters.admin.register import FeederAdmin, MeterAdmin

__all__ = ["ClaimCodeAdmin", "FeederAdmin", "ImportBatchAdmin", "MeterAdmin", "MeterMapAdmin"]
