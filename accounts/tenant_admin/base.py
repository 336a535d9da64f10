"""The base of every model admin: Django's own, seen through `visible_to` and `managed_by`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin, StackedInline
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.audit_words import entries_of, told
from accounts.models import User
from accounts.tenant_admin.filters import visible_rows
from accounts.tenant_admin.outcome import actor, sentence_of
from common.errors import PortalError

HISTORY_PAGE = 50


class TenantAdmin(ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Shows a distributor's people their distributor's rows; only its admins change them.

    Rows have their distributor from whoever makes them; a platform operator chooses it, once. Choices of
    foreign keys are what the user may see. What only the database refuses is told as a message.
    """

    # The foreign key that says whose a row is, if it has one.
    tenant_field = "distributor"
    # Counting a second time, without the filter, is as slow as the list itself.
    show_full_result_count = False
    list_per_page = 50
    object_history_template = "admin/object_history.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.visible_to(request.user)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

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
        tenant_field, tenant_id = self.tenant_field, request.user.tenant_id  # type: ignore[union-attr]  # signed in, as the page demands

        class FormOfTenant(form):  # type: ignore[valid-type,misc]  # a class known at run time
            """The form of a row that knows its distributor before it is validated."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                if self.instance._state.adding:
                    setattr(self.instance, f"{tenant_field}_id", tenant_id)

            def _get_validation_exclusions(self) -> set[str]:
                # Unique names are unique within the distributor, so its column takes part in the check.
                return super()._get_validation_exclusions() - {tenant_field}  # type: ignore[no-any-return]  # of Django, without a stub

        return FormOfTenant

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:  # type: ignore[type-arg]  # not generic at run time
        kwargs.setdefault("queryset", visible_rows(db_field, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        return visible_rows(db_field, request)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        # Django leads to the index; a stranger's row is not found here, as on every other page.
        raise Http404

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._explained(super().changeform_view, request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._explained(super().delete_view, request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._explained(super().changelist_view, request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with self.deed_of(request, "change" if change else "add"):
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        with self.deed_of(request, "change" if change else "add"):
            super().save_related(request, form, formsets, change)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with self.deed_of(request, "delete"):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with self.deed_of(request, "delete"):
            super().delete_queryset(request, queryset)

    def deed_of(self, request: HttpRequest, verb: str) -> AbstractContextManager[None]:
        """What the history calls a change that no service makes: "meter.change"."""
        return deed(f"{self.opts.model_name}.{verb}", by=actor(request))

    # The history of changes is the audit entries, which services write too; Django's own log would tell less.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: see `accounts.audit`."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: see `accounts.audit`."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing: see `accounts.audit`."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The row's audit entries, the newest first."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        page = Paginator(entries_of(row, request.user), HISTORY_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of changes: %(name)s") % {"name": row},
            "object": row,
            "opts": self.opts,
            "module_name": self.opts.verbose_name_plural,
            "page_obj": page,
            "entries": [told(entry) for entry in page.object_list],
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.object_history_template, context)

    def _explained(self, view: Callable[..., Any], request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The view's answer; where a POST was refused, the reason as a message on the same page."""
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except (IntegrityError, PortalError) as refusal:
            self.message_user(request, sentence_of(refusal), level=messages.ERROR)
            return redirect(request.get_full_path())


class ReadOnlyAdmin(TenantAdmin):
    """Rows that services write and nobody edits."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(StackedInline):  # type: ignore[type-arg]  # not generic at run time
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
