"""Public holidays by country, or by a part of one."""

from collections.abc import Iterable
from datetime import date

import holidays
from django.utils.translation import gettext as _

from common.errors import PortalError


class UnknownCalendar(PortalError):
    """There is no holiday calendar of this code."""


def calendar_days(code: str, years: Iterable[int]) -> frozenset[date]:
    """The holidays of these years in a country (US) or a part of it (US-VT); none for an empty code.

    Raises:
        UnknownCalendar: The holidays package knows no such code.

    >>> date(2021, 5, 31) in calendar_days("US", [2021])
    True
    """
    if not code:
        return frozenset()
    country, _dash, part = code.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=years))
    except NotImplementedError:
        raise UnknownCalendar(
            _("There is no holiday calendar “%(code)s”; take a code like US or US-VT.") % {"code": code}
        ) from None
