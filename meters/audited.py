"""Which rows of this room have a change history. Readings have revisions of their own."""

from auditlog.registry import auditlog

from meters.models import ClaimCode, Exclusion, Feeder, ImportBatch, Meter, MeterMap

# Raised with every batch of readings, and in bulk: no deed of anybody.
auditlog.register(Meter, exclude_fields=["data_version"])
auditlog.register(Feeder)
auditlog.register(MeterMap, exclude_fields=["current_resident", "resident_meter"])
auditlog.register(ClaimCode, exclude_fields=["digest", "open_meter"])
auditlog.register(Exclusion)
# What people do to an import; the steps of the workers are in its row.
auditlog.register(ImportBatch, include_fields=["file_name", "state", "undo_reason"])
