"""Every field of every model, as somebody would send them who hopes that one is taken."""

from typing import Any

from django.apps import apps
from django.db import models

from tests.access.world import Life

# What would pay most.
WANTED = {
    "is_superuser": "on",
    "is_staff": "on",
    "is_active": "on",
    "staff_role": "admin",
    "approval_status": "approved",
    "role": "admin",
    "verified": "on",
    "primary": "on",
    "kind": "distributor",
    "state": "settled",
    "scopes": ["readings:write", "events:write"],
    "password": "md5$x$y",
    "data_version": "99",
    "credit": "1000",
    "is_approved": "on",
}
# Columns that no form changes, whoever sends it; of a new row, what they must hold instead.
NEVER = (
    "is_superuser",
    "approval_status",
    "tenant_id",
    "distributor_id",
    "digest",
    "kind",
    "date_joined",
    "data_version",
)


def every_field(there: Life) -> dict[str, Any]:
    """A value for each name of a field of any model; foreign keys point to the other distributor."""
    sent: dict[str, Any] = {}
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.Field):
                sent[field.name] = sent[field.attname] = _value(field, there)
    return sent | WANTED


def _value(field: "models.Field[Any, Any]", there: Life) -> Any:
    if field.is_relation:
        return there.rows.get(field.related_model._meta.label_lower.replace(".", "/"), there.side.distributor.pk)
    if isinstance(field, models.BooleanField):
        return "on"
    if isinstance(field, models.DateTimeField):
        return "2001-01-01T00:00:00Z"
    numbers = (models.IntegerField, models.DecimalField, models.FloatField)
    return "7" if isinstance(field, numbers) else "poison"
