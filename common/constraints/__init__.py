"""Rules that hold on every write path, declared in `Meta.constraints`.

Check and plain unique constraints come from Django. What they cannot say is said here: rules across
tables and on transitions (triggers), append-only tables, composite foreign keys. All of them are written
by `makemigrations`, work on SQLite and MariaDB, raise `IntegrityError` on both, and give form errors
through `full_clean`.
"""

from common.constraints.foreign_keys import CompositeForeignKey, UniqueColumns
from common.constraints.messages import explain_integrity_error
from common.constraints.triggers import AppendOnly, TriggerConstraint, TriggerEffect

__all__ = [
    "AppendOnly",
    "CompositeForeignKey",
    "TriggerConstraint",
    "TriggerEffect",
    "UniqueColumns",
    "explain_integrity_error",
]
