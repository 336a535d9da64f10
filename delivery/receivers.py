"""What follows here from what happens to an account."""

from typing import Any

from django.core.mail import EmailMessage
from django.db.models import Q
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.language import language_of, local_time
from accounts.models import PersonalExport, User
from accounts.signals import account_closed, account_closing, export_ready
from delivery.letters import Letter, letter
from delivery.mail import FAREWELL, put_mail
from delivery.models import DeliveryState, Message, Notice, NotificationChoice, Phone, Topic
from delivery.notify import notify
from delivery.quiet import zone_of
from delivery.tenants import site_url_for

DATA_READY = "data-ready"


@receiver(export_ready)
def tell_owner(sender: Any, export: PersonalExport, token: str, **kwargs: Any) -> None:
    """The copy of the own data is ready: the link goes by mail, the notice leads to the page only."""
    until = export.expires_at
    if until is None:
        return
    user = User.objects.get(pk=export.user_id)
    with translation.override(language_of(user)):
        day = local_time(until, zone_of(user.tenant_id))
    notify(user=user, kind=DATA_READY, payload={"token": token, "until": day, "tenant": user.tenant_id})


@letter(DATA_READY, Topic.SECURITY)
def write_data_ready(payload: dict[str, Any]) -> Letter:
    """Where the copy can be fetched, and until when."""
    link = site_url_for(payload["tenant"]) + reverse("account_data_file", args=[payload["token"]])
    until = _("It can be fetched until %(until)s.") % {"until": payload["until"]}
    text = _("The copy of your data is ready. Sign in and fetch it here:")
    title = _("Your data are ready")
    body = _("The link is in the mail that we sent you.") + " " + until
    return Letter(title, f"{text}\n{link}\n\n{until}\n", title, body, reverse("account_data"))


@receiver(account_closing)
def drop_notices(sender: Any, user: User, **kwargs: Any) -> None:
    """Notices, choices and the phone number of a closed account go."""
    Phone.objects.filter(user=user).delete()
    Notice.objects.filter(user=user).delete()
    NotificationChoice.objects.filter(user=user).delete()


@receiver(account_closed)
def forget_messages(sender: Any, user: User, email: str, language: str, **kwargs: Any) -> None:
    """What was sent to the person no longer says to whom and what; what waits is not sent; then one farewell."""
    own = Message.objects.filter(Q(user=user) | Q(recipient=email))
    now = timezone.now()
    waiting = own.filter(state__in=[DeliveryState.PENDING, DeliveryState.SENT])
    waiting.update(state=DeliveryState.UNREACHABLE, finished_at=now)
    own.update(recipient=user.email, payload={}, claimed_at=None)
    with translation.override(language):
        mail = EmailMessage(_("Your account is closed"), _farewell())
    put_mail(mail, recipient=email, owner=user, kind=FAREWELL)


def _farewell() -> str:
    return _(
        "Your account in the Demand Response Portal is closed, for good. Your name and this address are no longer "
        "kept; this is the last mail to it. What was paid to you stays in the books, without your name, because the "
        "law asks for it.\n\nIf this was not your wish, please speak to your electricity distributor at once.\n"
    )
