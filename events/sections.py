"""What the overview of the own account says of events."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.sections import Section, register_section
from events.feeds import has_calendar
from events.models import CalendarFeed, OptSchedule
from organizations.access import Role, role_of


def _calendar(user: User) -> str:
    return _("has an address") if CalendarFeed.objects.filter(user=user).exists() else _("not set up")


def _wishes(user: User) -> str:
    count = OptSchedule.objects.visible_to(user).lasting().count()
    return ngettext("%(count)d in force", "%(count)d in force", count) % {"count": count} if count else _("none")


def _has_meters(user: User) -> bool:
    role = role_of(user)
    return role is Role.RESIDENT or role.is_member


register_section(
    Section(64, gettext_lazy("Events in your calendar"), "account_calendar", "calendar", _calendar, has_calendar)
)
register_section(Section(66, gettext_lazy("Standing wishes"), "opt_schedules", "list", _wishes, _has_meters))
