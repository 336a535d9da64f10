"""Sign-up: who somebody is, of which distributor, and perhaps of which organization."""

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from organizations.models import Distributor, Membership, Organization


class OrganizationChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Organizations by name; with the distributor's where there are several distributors."""

    several = False

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.distributor.name})" if self.several else str(obj.name)


class SignupForm(AllauthSignupForm):
    """allauth's form with name, distributor and organization.

    Without an organization the person is a resident, approved once the address is verified; with one, its
    admins decide.
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
    account_already_exists: bool
    field_order = ["email", "first_name", "last_name", "distributor", "organization", "password1", "password2"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        distributors = Distributor.objects.order_by("name")
        self.fields["distributor"].queryset = distributors
        self.fields["organization"].queryset = Organization.objects.select_related("distributor")
        first_two = list(distributors[:2])
        self.fields["organization"].several = len(first_two) > 1
        if len(first_two) == 1:
            self.fields["distributor"].initial = first_two[0].pk
            self.fields["distributor"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        organization, distributor = cleaned.get("organization"), cleaned.get("distributor")
        if organization and distributor and organization.distributor_id != distributor.pk:
            self.add_error("organization", _("This organization belongs to another distributor."))
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
        """The new user; with its membership where an organization was chosen."""
        user: User = super().save(request)
        if organization := self.cleaned_data.get("organization"):
            Membership.objects.create(user=user, organization=organization)
        return user
