"""Where a new program can start from: the usual kinds, as terms to be changed."""

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from events.models import OptPolicy, PayCap
from events.terms import Terms

DAY = 24 * 60


@dataclass(frozen=True)
class Template:
    """One kind of program, and the terms it starts with."""

    key: str
    title: Any
    words: Any
    values: dict[str, Any]

    @property
    def terms(self) -> Terms:
        """The terms, checked."""
        return Terms(**self.values)


_EVENINGS = {
    "hours_from": time(14),
    "hours_to": time(21),
    "business_days_only": True,
    "notice_minutes": 2 * 60,
    "opt_out_minutes": 30,
    "max_events": 15,
    "max_events_per_week": 3,
    "max_consecutive_days": 2,
    "max_minutes": 4 * 60,
}
TEMPLATES = (
    Template(
        "rebate",
        _("Peak rebate for homes"),
        _("Pays per kWh below usual use. Nobody promises anything, and it never costs."),
        {
            "preset": "three-day-additive-20",
            "rate_per_kwh": Decimal("1.0000"),
            "pay_cap": PayCap.UP_TO_SITE_LOAD,
            **_EVENINGS,
        },
    ),
    Template(
        "load",
        _("Load response"),
        _("Pays per kW delivered, up to the kW that each one nominated. For organizations and homes with a contract."),
        {
            "preset": "three-day",
            "rate_per_kw": Decimal("2.8000"),
            "pay_cap": PayCap.UP_TO_NOMINATION,
            "nomination_deadline_minutes": DAY,
            "second_person_kw": Decimal(1000),
            **_EVENINGS,
        },
    ),
    Template(
        "capacity",
        _("Standing by"),
        _("Pays organizations each month for kW they nominate, and for what they deliver. You decide who comes in."),
        {
            "preset": "ten-in-ten-ratio-20",
            "rate_per_kw": Decimal("1.0000"),
            "capacity_per_kw_month": Decimal("4.0000"),
            "pay_cap": PayCap.UP_TO_NOMINATION,
            "nomination_deadline_minutes": 7 * DAY,
            "second_person_kw": Decimal(1000),
            **_EVENINGS,
        },
    ),
    Template(
        "points",
        _("Points only"),
        _("Gives points for kWh below usual use and no money. Only who joins an event takes part in it."),
        {
            "preset": "three-day-additive-20",
            "points_per_kwh": 10,
            "pay_cap": PayCap.UP_TO_SITE_LOAD,
            "opt_policy": OptPolicy.OPT_IN,
            **_EVENINGS,
        },
    ),
)
BY_KEY = {template.key: template for template in TEMPLATES}
