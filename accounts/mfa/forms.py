"""Codes and passkeys as people write them in."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.mfa.demo import code_for
from accounts.mfa.services import spend_code

NAME_LENGTH = 60


def _code_field(label: Any, help_text: Any = "") -> forms.CharField:
    attributes = {"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
    return forms.CharField(label=label, help_text=help_text, max_length=20, widget=forms.TextInput(attrs=attributes))


class _SpendsCode:
    """Checks a code against the rows themselves, in which it is used up."""

    def clean_code(self: Any) -> str:
        forget_attempts = check_rate_limit(self.user)
        code: str = self.cleaned_data["code"]
        found = spend_code(user=self.user, code=code)
        if found is None:
            for row in Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN)[:1]:
                self._emit_authentication_failed(row)
            raise get_adapter().validation_error("incorrect_code")
        found.user = self.user
        self.authenticator = found
        forget_attempts()
        return code

    @property
    def demo_code(self: Any) -> str:
        """The code that is valid now, in the demonstration only."""
        return code_for(self.user)


class CodeForm(_SpendsCode, AuthenticateForm):
    """The second step of a log-in."""

    code = _code_field(_("Code"), _("Six digits from your app, or one of your recovery codes."))


class AskAgainForm(_SpendsCode, ReauthenticateForm):
    """Whether it is still the same person."""

    code = _code_field(_("Code"), _("Six digits from your app, or one of your recovery codes."))


class ActivateAppForm(ActivateTOTPForm):
    """The first code of a new authenticator app."""

    code = _code_field(_("Code from the app"), _("Six digits. A new code comes every 30 seconds."))


class AddPasskeyForm(AddWebAuthnForm):
    """A name for the passkey, and whether it replaces the password."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=NAME_LENGTH,
        help_text=_("So that you can tell it from others: “Phone”, “Blue key”."),
    )
    passwordless = forms.BooleanField(
        label=_("Sign in with it alone, without the password"),
        required=False,
        initial=True,
        help_text=_("The device then asks for your finger, face or PIN. Off: it is a second step after the password."),
    )


class RenamePasskeyForm(EditWebAuthnForm):
    """Another name."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)


class RemovePasskeyForm(forms.Form):
    """Nothing to fill in; refuses the last factor of somebody who must have one, which allauth's does not."""

    def __init__(self, *args: Any, authenticator: Authenticator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.authenticator = authenticator

    def clean(self) -> dict[str, Any]:
        if not get_adapter().can_delete_authenticator(self.authenticator):
            raise get_adapter().validation_error("cannot_delete_authenticator")
        return super().clean() or {}
