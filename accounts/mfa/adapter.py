"""How allauth's second factors behave here."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sealing
from accounts.mfa.services import may_remove
from accounts.models import User


class MfaAdapter(DefaultMFAAdapter):
    """allauth's adapter with secrets that are encrypted at rest, and a last factor that stays where it must."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": gettext_lazy(
            "Your role needs a second step. Add another one first, then you can remove this one."
        ),
        "incorrect_code": gettext_lazy("This code is not right, or it was used already. Wait for the next one."),
    }

    def encrypt(self, text: str) -> str:
        """The text as it is stored."""
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The text that was stored."""
        return sealing.unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether it may go: not the last one of somebody who must have one."""
        return may_remove(authenticator)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """What a new passkey is called unless its owner says otherwise."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1} if count else _("Passkey")

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """To whom a passkey belongs: the host name, which the browser compares with its address bar."""
        return {"id": context.request.get_host().partition(":")[0], "name": _("Demand Response Portal")}
