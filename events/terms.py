"""What a version of a program says, before it is one."""

from dataclasses import dataclass, fields
from datetime import date, time
from decimal import Decimal
from typing import Any

from events.models import OptPolicy, PayCap, PayFloor, ProgramVersion
from events.term_checks import check_terms


@dataclass(frozen=True)
class Terms:
    """Rule, prices and limits of a version; each field is a column of `ProgramVersion` and means the same.

    Prices are in the distributor's currency, with at most four decimals.

    Raises:
        BadTerms: A price, a limit or a date that cannot be.
        UnknownCalendar: There is no such calendar of holidays.
    """

    preset: str
    rate_per_kw: Decimal = Decimal(0)
    wholesale_cost_per_kw: Decimal = Decimal(0)
    holiday_calendar: str = ""
    holidays: tuple[date, ...] = ()
    terms_text: str = ""
    rate_per_kwh: Decimal = Decimal(0)
    flat_per_event: Decimal = Decimal(0)
    threshold_kwh: Decimal | None = None
    threshold_amount: Decimal = Decimal(0)
    bonus_factor: Decimal | None = None
    bonus_amount: Decimal = Decimal(0)
    penalty_per_kw: Decimal = Decimal(0)
    capacity_per_kw_month: Decimal = Decimal(0)
    points_per_kwh: int = 0
    floor: str = PayFloor.EVENT
    pay_cap: str = PayCap.UP_TO_NOMINATION
    cap_per_event: Decimal | None = None
    cap_per_season: Decimal | None = None
    budget: Decimal | None = None
    season_start: date | None = None
    season_end: date | None = None
    max_events: int | None = None
    max_events_per_week: int | None = None
    max_hours: int | None = None
    max_consecutive_days: int | None = None
    min_minutes: int | None = None
    max_minutes: int | None = None
    hours_from: time | None = None
    hours_to: time | None = None
    business_days_only: bool = False
    notice_minutes: int = 0
    opt_policy: str = OptPolicy.OPT_OUT
    opt_out_minutes: int = 0
    nomination_deadline_minutes: int = 0
    data_deadline_days: int = 30
    dispute_days: int = 30
    second_person_kw: Decimal | None = None
    control_share: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        check_terms(self)

    def columns(self) -> dict[str, Any]:
        """The values as `ProgramVersion` stores them; further holidays as ISO texts, sorted, each once."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"holidays": sorted(day.isoformat() for day in set(self.holidays))}

    @classmethod
    def of(cls, version: ProgramVersion) -> "Terms":
        """What a stored version says."""
        values = {field.name: getattr(version, field.name) for field in fields(cls)}
        return cls(**values | {"holidays": tuple(date.fromisoformat(text) for text in version.holidays)})
