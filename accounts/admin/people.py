"""People in the admin."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.acting import people_for
from accounts.audit import deed
from accounts.closing import close_account
from accounts.errors import OwnRole
from accounts.models import ApprovalStatus, Entity, Kind, StaffRole, User
from accounts.services import set_approval
from accounts.staff import change_staff_role, keep_an_admin
from accounts.tenant_admin import TenantAdmin, run_each


class NewUserForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A person whom an admin adds: no password here, the person sets one by the mail for a forgotten one."""

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "staff_role"]

    def save(self, commit: bool = True) -> User:
        self.instance.set_unusable_password()
        user: User = super().save(commit)
        return user


class SecondFactorFilter(admin.SimpleListFilter):
    """Whether more than a password is asked for."""

    title = _("second factor")
    parameter_name = "second_factor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("has one")), ("no", _("has none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        factors = Exists(Authenticator.objects.filter(user_id=OuterRef("pk")).exclude(type="recovery_codes"))
        if self.value() in ("yes", "no"):
            return queryset.filter(factors if self.value() == "yes" else ~factors)
        return queryset


@admin.register(User)
class UserAdmin(TenantAdmin):
    """People. The approval changes by actions, which end sessions and tokens; a role by the form, with its rules."""

    list_display = ["email", "first_name", "last_name", "staff_role", "approval_status", "date_joined", "last_login"]
    list_filter = ["approval_status", "staff_role", SecondFactorFilter, "is_active", "date_joined"]
    search_fields = ["email", "first_name", "last_name"]
    search_help_text = _("Address or name")
    ordering = ["email"]
    actions = ["approve", "reject", "close"]
    tenant_field = "tenant"
    change_form_template = "admin/accounts/user/change_form.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewUserForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        tenant = [] if self._is_given(request) else ["tenant"]
        later = ["approval_status", "is_active", "date_joined", "last_login", "closed_at"] if obj is not None else []
        return [*tenant, "email", "first_name", "last_name", "staff_role", *later]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        states = ["approval_status", "is_active", "date_joined", "last_login", "closed_at"]
        if obj is None:
            return states
        # An address is proved by its owner; it changes on the own account page only. Nobody promotes themselves.
        is_fixed = obj.pk == request.user.pk or obj.is_superuser or obj.closed_at is not None
        return [*super().get_readonly_fields(request, obj), "email", *states, *(["staff_role"] if is_fixed else [])]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "tenant":
            distributors = Entity.objects.filter(kind=Kind.DISTRIBUTOR).select_related("as_distributor")
            kwargs |= {"queryset": distributors, "required": True}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # A list that can be filtered by the password's hash tells it letter by letter.
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_closed = obj is not None and obj.closed_at is not None
        return not is_closed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # closing an account keeps the ledger whole; see the action

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Saves name and address; the role goes through its service."""
        role = StaffRole(obj.staff_role)
        if change and "staff_role" in form.changed_data:
            obj.staff_role = form.initial["staff_role"]
            super().save_model(request, obj, form, change)
            assert isinstance(request.user, User)
            change_staff_role(user=obj, role=role, by=request.user)
        else:
            super().save_model(request, obj, form, change)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds the button that shows the portal as this person, for whom that is allowed."""
        person = context.get("original")
        if person is not None and isinstance(request.user, User) and people_for(request.user).filter(pk=person.pk):
            context["act_as_url"] = reverse("act_as_start", args=[person.pk])
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.action(description=_("Approve"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        run_each(self, request, queryset, lambda user: self.decide(user, ApprovalStatus.APPROVED, request.user))

    @admin.action(description=_("Refuse (closes sessions and tokens)"), permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        run_each(self, request, queryset, lambda user: self.decide(user, ApprovalStatus.REJECTED, request.user))

    def decide(self, user: User, status: ApprovalStatus, by: Any) -> None:
        """Approves or refuses somebody; a higher room does it with its own rules for those who are its own."""
        if user.pk == by.pk:
            raise OwnRole(_now("Nobody decides on their own account. Ask another admin."))
        if user.closed_at is not None:
            raise OwnRole(_now("This account was closed for good."))
        with transaction.atomic(), deed("user.approve" if status == "approved" else "user.reject", by=by):
            if status == ApprovalStatus.REJECTED:
                Entity.objects.select_for_update().filter(pk=user.tenant_id or 0).first()
                keep_an_admin(user=user)
            set_approval(user=user, status=status, by=by)

    @admin.action(description=_("Close for good …"), permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[User]) -> TemplateResponse | None:
        """Asks first: name and address are gone afterwards."""
        if request.POST.get("confirmed") != "yes":
            context = {
                **self.admin_site.each_context(request),
                "title": _now("Close these accounts for good?"),
                "people": list(queryset[:100]),
                "opts": self.opts,
                "action": "close",
            }
            return TemplateResponse(request, "admin/accounts/user/close.html", context)
        run_each(self, request, queryset, lambda user: self._close(user, request.user))
        return None

    def _close(self, user: User, by: Any) -> None:
        if user.pk == by.pk:
            raise OwnRole(_now("Close your own account on your account page."))
        close_account(user=user, by=by)
