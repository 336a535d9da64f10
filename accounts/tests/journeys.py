"""What a person does in a browser, for tests: sign up, open the link in a mail, sign in."""

import re
from typing import Any

from django.conf import settings
from django.test import Client

from delivery import services
from delivery.models import Message
from tests.builder import PASSWORD


def sign_up(client: Client, address: str, its: Any, organization: Any = None, **more: Any) -> Any:
    """The answer to a filled-in sign-up form at a distributor; `more` overrides fields."""
    form = {
        "email": address,
        "first_name": "Ada",
        "last_name": "Byron",
        "distributor": its.pk,
        "organization": organization.pk if organization else "",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    return client.post("/accounts/signup/", form | more)


def mails_to(address: str) -> list[Message]:
    """Mails to an address, the oldest first, after everything due was delivered."""
    while services.drain():
        pass  # a notice becomes a mail, which the next round delivers
    mails = Message.objects.filter(kind="mail", recipient=address).order_by("id")
    assert all(mail.state == "delivered" for mail in mails)
    return list(mails)


def link_in(mail: Message) -> str:
    """The path of the portal's link in a mail (kept in the demonstration only)."""
    found = re.search(re.escape(settings.SITE_URL) + r"(/\S+)", mail.payload["text"])
    assert found, mail.payload["text"]
    return found[1]


def confirm(client: Client, address: str) -> Any:
    """The answer to opening the newest link to confirm an address, and to its button."""
    link = next(link_in(mail) for mail in reversed(mails_to(address)) if "onfirm" in mail.payload["text"])
    assert client.get(link).status_code == 200
    return client.post(link)


def log_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    """The answer to the log-in form."""
    return client.post("/accounts/login/", {"login": email, "password": password} | more)


def is_in(client: Client) -> bool:
    """Whether the browser has a session that opens closed pages."""
    return bool(client.get("/api/docs").status_code == 200)
