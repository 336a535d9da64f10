"""How allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest

from accounts.fields import validate_ascii
from accounts.models import User

VERIFICATION = "allauth.account.stages.EmailVerificationStage"


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter with our sign-up and the approval stage right after the verified e-mail."""

    def get_login_stages(self) -> list[str]:
        stages: list[str] = super().get_login_stages()
        stages.insert(stages.index(VERIFICATION) + 1, "accounts.stages.ApprovalStage")
        return stages

    def clean_email(self, email: str) -> str:
        """The address, in ASCII: allauth's own table compares accents as MariaDB's collation does."""
        validate_ascii(email)
        return email

    def save_user(self, request: HttpRequest, user: User, form: Form, commit: bool = True) -> Any:
        """The new user, of the distributor that the form names."""
        user.tenant_id = form.cleaned_data["distributor"].pk
        return super().save_user(request, user, form, commit)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Whether the address is now proved and the account's own.

        allauth looks for other proved addresses only; an account that never proved this one would make the
        unique column of users refuse it.
        """
        taken = User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id)
        if taken.exists():
            template = "account/messages/email_confirmation_failed.txt"
            self.add_message(request, messages.ERROR, template, {"email": email_address.email})
            return False
        with transaction.atomic():
            return bool(super().confirm_email(request, email_address))
