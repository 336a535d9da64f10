"""How allauth behaves here."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.fields import normalize_email, validate_ascii
from accounts.homes import led_home
from accounts.language import current_language
from accounts.models import User

VERIFICATION = "allauth.account.stages.EmailVerificationStage"


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter with our sign-up and the approval stage right after the verified e-mail."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many wrong tries. Wait five minutes, then try again. "
            "If you forgot your password, you need not wait: choose a new one."
        ),
        "rate_limited": _("Too many tries in a short time. Wait five minutes, then try again."),
    }

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What wrong passwords are counted under: the address alone.

        allauth adds the host name with its port, which a visitor writes as they like, and takes an address with
        an accent for another one, while its table does not on MariaDB. All those share one counter here: no
        account has such an address.
        """
        address = normalize_email(credentials.get("email") or "")
        return address if address.isascii() else "not an address"

    def get_login_stages(self) -> list[str]:
        stages: list[str] = super().get_login_stages()
        stages.insert(stages.index(VERIFICATION) + 1, "accounts.stages.ApprovalStage")
        return stages

    def clean_email(self, email: str) -> str:
        """The address, in ASCII: allauth's own table compares accents as MariaDB's collation does."""
        validate_ascii(email)
        return email

    def save_user(self, request: HttpRequest, user: User, form: Form, commit: bool = True) -> Any:
        """The new user, of the distributor that the form names and with the language of the page."""
        user.tenant_id = form.cleaned_data["distributor"].pk
        user.language = user.language or current_language()
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

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tells the owner of a change, by mail and in the portal."""
        more = {"user": user, "portal_notice": True}
        super().send_notification_mail(template_prefix, user, {**(context or {}), **more}, email)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> Any:
        """The mail, in the language of its reader, with links to their home, and marked as theirs for the outbox."""
        user = context.get("user")
        if not isinstance(user, User):
            user = User.objects.filter(email=email).first() if isinstance(email, str) else None
        language = user.language if user is not None else ""
        context = led_home(context, self.request, user)
        with translation.override(language or translation.get_language()):
            mail = super().render_mail(template_prefix, email, context, headers)
        mail.portal_user, mail.portal_notice = user, context.get("portal_notice", False)
        return mail
