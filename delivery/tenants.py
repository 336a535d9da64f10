"""What a distributor's mails carry of it. Distributors are known to a higher room, which says it here."""

from collections.abc import Callable

from django.conf import settings

Said = Callable[[int], str | None]
_said: dict[str, Said] = {}


def say(*, sender: Said, site_url: Said) -> None:
    """Takes two functions of a distributor's id: the From of its mails, and where it is at home; None each for the
    portal's own."""
    _said.update(sender=sender, site_url=site_url)


def sender_for(tenant_id: int | None, given: str | None) -> str | None:
    """Whom the mail names as its sender, if that is not the portal; else the distributor's own sender."""
    if given not in (None, "", settings.DEFAULT_FROM_EMAIL):
        return given
    return (_said["sender"](tenant_id) if tenant_id and "sender" in _said else None) or given


def site_url_for(tenant_id: int | None) -> str:
    """Where the links of a distributor's mails begin."""
    own = _said["site_url"](tenant_id) if tenant_id and "site_url" in _said else None
    return own or str(settings.SITE_URL)
