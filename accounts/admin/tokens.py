"""API tokens in the admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Scope, StaffRole, User
from accounts.services import issue_token, revoke_token
from accounts.tenant_admin import TenantAdmin, actor, run_each


class NewTokenForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What a token is for, and what it may do."""

    scopes = forms.MultipleChoiceField(label=_("Scopes"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiToken
        fields = ["user", "name", "scopes", "expires_at"]


@admin.register(ApiToken)
class ApiTokenAdmin(TenantAdmin):
    """Tokens: issued here, shown once, revoked by action, never changed."""

    form = NewTokenForm
    list_display = ["name", "user", "scopes", "created_at", "expires_at", "revoked_at"]
    list_select_related = ["user"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter), "created_at"]
    search_fields = ["name", "user__email"]
    search_help_text = _("Name, or address of its owner")
    ordering = ["-created_at", "-id"]
    autocomplete_fields = ["user"]
    readonly_fields = ["revoked_at"]
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            # A token acts as its owner: nobody gets one for somebody else who runs the distributor.
            people = User.objects.managed_by(actor(request))
            customers = people.exclude(staff_role=StaffRole.ADMIN).exclude(is_superuser=True)
            kwargs["queryset"] = customers | people.filter(pk=actor(request).pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return not lookup.startswith("digest") and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Issues the token and shows its key, this once."""
        token, key = issue_token(
            user=obj.user,
            name=obj.name,
            scopes=form.cleaned_data["scopes"],
            expires_at=obj.expires_at,
            by=actor(request),
        )
        obj.pk = token.pk
        self.message_user(request, _("The key, shown only now: %(key)s") % {"key": key}, level=messages.WARNING)

    @admin.action(description=_("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        rows = queryset.select_related("user")
        run_each(self, request, rows, lambda token: revoke_token(token=token, by=actor(request)))
