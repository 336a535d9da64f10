"""People and tokens in the admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, ApprovalStatus, Entity, Kind, Scope, User
from accounts.services import issue_token, revoke_token, set_approval
from accounts.tenant_admin import TenantAdmin


class NewUserForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person whom an admin adds: no password here, the person sets one by the mail for a forgotten one."""

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "staff_role"]

    def save(self, commit: bool = True) -> User:
        self.instance.set_unusable_password()
        user: User = super().save(commit)
        return user


@admin.register(User)
class UserAdmin(TenantAdmin):
    """People. The approval changes by actions, which end sessions and tokens."""

    list_display = ["email", "first_name", "last_name", "staff_role", "approval_status", "last_login"]
    list_filter = ["approval_status", "staff_role"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    readonly_fields = ["approval_status", "last_login"]
    actions = ["approve", "reject"]
    tenant_field = "tenant"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewUserForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        tenant = [] if self._is_given(request) else ["tenant"]
        later = ["approval_status", "is_active", "last_login"] if obj is not None else []
        return [*tenant, "email", "first_name", "last_name", "staff_role", *later]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # An address is proved by its owner; it changes on the own account page only.
        return [*super().get_readonly_fields(request, obj), "email"] if obj is not None else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "tenant":
            distributors = Entity.objects.filter(kind=Kind.DISTRIBUTOR).select_related("as_distributor")
            kwargs |= {"queryset": distributors, "required": True}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # A list that can be filtered by the password's hash tells it letter by letter.
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.pk != request.user.pk)

    @admin.action(description=_("Approve"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._decide(request, queryset, ApprovalStatus.APPROVED)

    @admin.action(description=_("Refuse (closes sessions and tokens)"), permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        others = queryset.exclude(pk=request.user.pk or 0)
        self._decide(request, others, ApprovalStatus.REJECTED)

    def _decide(self, request: HttpRequest, users: QuerySet[User], status: ApprovalStatus) -> None:
        assert isinstance(request.user, User)
        for user in users:
            set_approval(user=user, status=status, by=request.user)
            self.log_change(request, user, f"approval: {status.value}")
        self.message_user(request, _("%(count)d people: %(status)s") % {"count": len(users), "status": status.label})


class NewTokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a token is for, and what it may do."""

    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiToken
        fields = ["user", "name", "scopes", "expires_at"]


@admin.register(ApiToken)
class ApiTokenAdmin(TenantAdmin):
    """Tokens: issued here, shown once, revoked by action, never changed."""

    form = NewTokenForm
    list_display = ["name", "user", "scopes", "created_at", "expires_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email"]
    readonly_fields = ["revoked_at"]
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return not lookup.startswith("digest") and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Issues the token and shows its key, this once."""
        token, key = issue_token(
            user=obj.user, name=obj.name, scopes=form.cleaned_data["scopes"], expires_at=obj.expires_at
        )
        obj.pk = token.pk
        self.message_user(request, _("The key, shown only now: %(key)s") % {"key": key}, level=messages.WARNING)

    @admin.action(description=_("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            revoke_token(token=token)
            self.log_change(request, token, "revoked")
        self.message_user(request, _("%(count)d tokens revoked.") % {"count": len(queryset)})
