"""Filters of lists, and choices of foreign keys: what the reader may see."""

from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.http import HttpRequest


def visible_rows(db_field: Any, request: HttpRequest) -> Any:
    """The rows that a foreign key may point at for this user; none of a model that knows no tenants."""
    rows = db_field.remote_field.model._default_manager.all()
    return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows.none()


class VisibleRelatedFilter(RelatedFieldListFilter):
    """A filter by a foreign key that offers only what the user may see; Django's offers every row."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(row.pk), str(row)) for row in visible_rows(field, request)]
