"""What the overview of the own account says of notices."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.sections import Section, register_section
from delivery.board import unread_count
from delivery.choices import refused_by
from delivery.phones import number_of


def _notices(user: User) -> str:
    count = unread_count(user)
    return ngettext("%(count)d unread", "%(count)d unread", count) % {"count": count} if count else _("nothing unread")


def _choices(user: User) -> str:
    return _("some are off") if refused_by(user) else _("all are on")


def _phone(user: User) -> str:
    return number_of(user) or _("no number")


register_section(Section(5, gettext_lazy("Notices"), "notices", "bell", _notices))
register_section(Section(60, gettext_lazy("What you are told"), "notifications", "bell", _choices))
register_section(Section(62, gettext_lazy("Text messages"), "account_phone", "bell", _phone))
