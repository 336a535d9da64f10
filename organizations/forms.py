"""Sign-up: who somebody is, of which distributor, and perhaps of which organization."""

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.core import context
from django import forms
from django.contrib.auth.forms import SetPasswordMixin
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.audit import deed
from accounts.models import User
from organizations.hosts import distributor_here
from organizations.models import Distributor, Membership, Organization
from organizations.services import request_organization


class OrganizationChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Organizations by name; with the distributor's where there are several distributors."""

    several = False

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.distributor.name})" if self.several else str(obj.name)


class SignupForm(AllauthSignupForm):
    """allauth's form with name, distributor and organization.

    Without an organization the person is a resident, approved once the address is verified; with one, its
    admins decide; with one that is still to be registered, the distributor does. At a distributor's own host
    there is only that one.
    """

    first_name = forms.CharField(label=_("First name"), max_length=50)
    last_name = forms.CharField(label=_("Last name"), max_length=50)
    distributor = forms.ModelChoiceField(label=_("Your electricity distributor"), queryset=Distributor.objects.none())
    organization = OrganizationChoiceField(
        label=_("I belong to"),
        queryset=Organization.objects.none(),
        required=False,
        empty_label=_("No organization: this is for my home"),
        help_text=_("Its admins let you in. You see the organization’s meters, none of your own."),
    )
    new_organization = forms.CharField(
        label=_("Name of your organization"),
        max_length=50,
        required=False,
        help_text=_("Your distributor decides whether it is registered. You are then its first admin."),
    )
    message = forms.CharField(
        label=_("What your distributor should know"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Who you are there, and which meters it has."),
    )
    account_already_exists: bool
    field_order = [
        "email",
        "first_name",
        "last_name",
        "distributor",
        "organization",
        "new_organization",
        "message",
        "password1",
        "password2",
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        distributors = Distributor.objects.order_by("name")
        organizations = Organization.objects.select_related("distributor")
        if here := distributor_here(context.request):
            distributors = distributors.filter(pk=here.pk)
            organizations = organizations.filter(distributor=here)
        self.fields["distributor"].queryset = distributors
        self.fields["organization"].queryset = organizations
        first_two = list(distributors[:2])
        self.fields["organization"].several = len(first_two) > 1
        if len(first_two) == 1:
            self.fields["distributor"].initial = first_two[0].pk
            self.fields["distributor"].widget = forms.HiddenInput()

    @property
    def asks_for_organization(self) -> bool:
        """Whether the part for a new organization has something in it, or a fault."""
        return any(self[name].errors or self[name].value() for name in ("new_organization", "message"))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        organization, distributor = cleaned.get("organization"), cleaned.get("distributor")
        if organization and distributor and organization.distributor_id != distributor.pk:
            self.add_error("organization", _("This organization belongs to another distributor."))
        if organization and cleaned.get("new_organization"):
            self.add_error("new_organization", _("Choose an organization from the list or name a new one, not both."))
        if cleaned.get("message") and not cleaned.get("new_organization") and "new_organization" not in self.errors:
            self.add_error("new_organization", _("Say which organization your message is about."))
        return cleaned

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """As allauth's; a known address costs the same password work, so that time tells nothing."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        try:
            with transaction.atomic():
                outcome: tuple[User | None, HttpResponse | None] = super().try_save(request)
        except IntegrityError:
            # Somebody signed up with the same address since the form was checked.
            if not User.objects.filter(email=self.cleaned_data["email"]).exists():
                raise
            self.account_already_exists = True
            outcome = super().try_save(request)
        return outcome

    def save(self, request: HttpRequest) -> User:
        """The new user; with its membership, or its request, where an organization was chosen or named."""
        user: User = super().save(request)
        if organization := self.cleaned_data.get("organization"):
            with deed("member.asked", by=user, organization_id=organization.pk):
                Membership.objects.create(user=user, organization=organization)
        elif name := self.cleaned_data.get("new_organization"):
            request_organization(
                person=user,
                distributor=self.cleaned_data["distributor"],
                name=name,
                message=self.cleaned_data["message"],
            )
        return user


class InvitedForm(SetPasswordMixin, forms.Form):  # type: ignore[type-arg]  # not generic at run time
    """A short sign-up: the address comes from the invitation and is proved by it."""

    email = forms.EmailField(label=_("Email"), disabled=True)
    first_name = forms.CharField(label=_("First name"), max_length=50)
    last_name = forms.CharField(label=_("Last name"), max_length=50)
    password1, password2 = SetPasswordMixin.create_password_fields(_("Password"), _("Password (again)"))

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].initial = email

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        names = {key: cleaned.get(key, "") for key in ("first_name", "last_name")}
        self.validate_passwords()
        self.validate_password_for_user(User(email=cleaned["email"], **names), "password1")
        return cleaned
