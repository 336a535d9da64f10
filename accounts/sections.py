"""The parts of the own account: what the overview lists, and how each stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import ApiToken, ExportState, PersonalExport, User


@dataclass(frozen=True)
class Section:
    """One part of the own account, with its page.

    Attributes:
        order: where it stands; tens, so that something fits in between.
        state: how it stands for a person, in a few words.
        concerns: whom the part is there for.
    """

    order: int
    label: Any
    url_name: str
    icon: str
    state: Callable[[User], str]
    concerns: Callable[[User], bool] = lambda user: True


_sections: dict[str, Section] = {}


def register_section(section: Section) -> None:
    """Lists the section on every account's overview."""
    _sections[section.url_name] = section


def sections_of(user: User) -> list[dict[str, str]]:
    """The sections in their order, each with its page and its state."""
    return [
        {
            "label": str(section.label),
            "url": reverse(section.url_name),
            "icon": section.icon,
            "state": section.state(user),
        }
        for section in sorted(_sections.values(), key=lambda section: section.order)
        if section.concerns(user)
    ]


def _look(user: User) -> str:
    language = user.get_language_display() if user.language else _("language of your browser")
    if user.quiet_from is None or user.quiet_until is None:
        return f"{user.get_full_name()} · {language}"
    quiet = _("quiet from %(start)s to %(end)s") % {
        "start": f"{user.quiet_from:%H:%M}",
        "end": f"{user.quiet_until:%H:%M}",
    }
    return f"{user.get_full_name()} · {language} · {quiet}"


def _address(user: User) -> str:
    waiting = EmailAddress.objects.filter(user=user, verified=False).exclude(email=user.email).first()
    if waiting is None:
        return str(user.email)
    return _("%(now)s, to become %(new)s") % {"now": user.email, "new": waiting.email}


def _second_factor(user: User) -> str:
    factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return _("on") if factors.exists() else _("off")


def _sessions(user: User) -> str:
    count = max(1, UserSession.objects.filter(user=user).count())
    return ngettext("%(count)d session", "%(count)d sessions", count) % {"count": count}


def _tokens(user: User) -> str:
    now = timezone.now()
    count = sum(token.is_valid_at(now) for token in ApiToken.objects.filter(user=user, revoked_at=None))
    return ngettext("%(count)d in force", "%(count)d in force", count) % {"count": count} if count else _("none")


def _data(user: User) -> str:
    last = PersonalExport.objects.filter(user=user).order_by("-id").first()
    if last is None:
        return _("everything we keep about you, as files")
    return str(ExportState(last.state).label)


register_section(Section(10, gettext_lazy("Name, language and look"), "account_profile", "user", _look))
register_section(Section(20, gettext_lazy("E-mail address"), "account_email", "mail", _address))
register_section(
    Section(30, gettext_lazy("Password"), "account_change_password", "shield", lambda user: _("change it here"))
)
register_section(Section(40, gettext_lazy("Second factor"), "mfa_index", "shield", _second_factor))
register_section(Section(50, gettext_lazy("Where you are signed in"), "usersessions_list", "list", _sessions))
register_section(Section(70, gettext_lazy("API tokens"), "account_tokens", "gear", _tokens))
register_section(Section(80, gettext_lazy("Download my data"), "account_data", "down", _data))
register_section(
    Section(90, gettext_lazy("Close the account"), "account_close", "x", lambda user: _("for good; asks you first"))
)
