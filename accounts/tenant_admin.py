"""The base of every model admin: Django's own, seen through `visible_to` and `managed_by`."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin, RelatedFieldListFilter, StackedInline
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, transaction
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from common.constraints import explain_integrity_error


class VisibleRelatedFilter(RelatedFieldListFilter):
    """A filter by a foreign key that offers only what the user may see; Django's offers every row."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(row.pk), str(row)) for row in _visible(field, request)]


class TenantAdmin(ModelAdmin):  # type: ignore[type-arg]
    """Shows a distributor's people their distributor's rows; only its admins change them.

    Rows have their distributor from whoever makes them; a platform operator chooses it, once. Choices of
    foreign keys are what the user may see. What only the database refuses is told as a message.
    """

    # The foreign key that says whose a row is, if it has one.
    tenant_field = "distributor"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.model._default_manager.visible_to(request.user)  # type: ignore[no-any-return]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return isinstance(request.user, User) and request.user.may_manage

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not self.has_add_permission(request):
            return False
        managed = self.model._default_manager.managed_by(request.user)
        return obj is None or managed.filter(pk=obj.pk).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> Any:
        excluded = tuple(super().get_exclude(request, obj) or ())
        return (*excluded, self.tenant_field) if self._is_given(request) else excluded

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Also the distributor of a row that exists: what hangs on the row would stay with the old one."""
        names = tuple(super().get_readonly_fields(request, obj))
        fixed = obj is not None and self._has_tenant() and not self._is_given(request)
        return (*names, self.tenant_field) if fixed else names

    def _has_tenant(self) -> bool:
        try:
            self.model._meta.get_field(self.tenant_field)
        except FieldDoesNotExist:
            return False
        return True

    def _is_given(self, request: HttpRequest) -> bool:
        """Whether the row's distributor follows from the user."""
        return self._has_tenant() and isinstance(request.user, User) and not request.user.is_superuser

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if not self._is_given(request):
            return form
        tenant_field, tenant_id = self.tenant_field, request.user.tenant_id  # type: ignore[union-attr]

        class FormOfTenant(form):  # type: ignore[valid-type,misc]
            """The form of a row that knows its distributor before it is validated."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                if self.instance._state.adding:
                    setattr(self.instance, f"{tenant_field}_id", tenant_id)

            def _get_validation_exclusions(self) -> set[str]:
                # Unique names are unique within the distributor, so its column takes part in the check.
                return super()._get_validation_exclusions() - {tenant_field}  # type: ignore[no-any-return]

        return FormOfTenant

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:  # type: ignore[type-arg]
        kwargs.setdefault("queryset", _visible(db_field, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        return _visible(db_field, request)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        # Django leads to the index; a stranger's row is not found here, as on every other page.
        raise Http404

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._explained(super().changeform_view, request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._explained(super().delete_view, request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._explained(super().changelist_view, request, *args, **kwargs)

    def _explained(self, view: Callable[..., Any], request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The view's answer; where the database refused a POST, the reason as a message on the same page."""
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except IntegrityError as refusal:
            self.message_user(request, explain_integrity_error(refusal), level=messages.ERROR)
            return redirect(request.get_full_path())


def _visible(db_field: Any, request: HttpRequest) -> Any:
    rows = db_field.remote_field.model._default_manager.all()
    return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows.none()


class ReadOnlyAdmin(TenantAdmin):
    """Rows that services write and nobody edits."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(StackedInline):  # type: ignore[type-arg]
    """Rows below the one that is shown, which services write: whoever sees that row sees these."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return isinstance(request.user, User) and request.user.is_staff

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
