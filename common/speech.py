"""Numbers, money and times as the reader's language writes them.

Everything that a person reads goes through here; files, the API and fingerprints never do. The patterns are
Unicode's (CLDR). Money stays as exact as it came: nothing here makes a float of it.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from common.money import Exact, round_half_up

PATTERNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "day": "EEE d MMMM",
            "long day": "EEEE d MMMM y",
            "short day": "EEE d MMM",
            "date": "d MMMM y",
            "day of month": "d MMMM",
            "month": "LLLL",
            "month of year": "LLLL y",
            "weekday": "ccc",
        },
        "es": {
            "day": "EEE d 'de' MMMM",
            "long day": "EEEE d 'de' MMMM 'de' y",
            "short day": "EEE d MMM",
            "date": "d 'de' MMMM 'de' y",
            "day of month": "d 'de' MMMM",
            "month": "LLLL",
            "month of year": "LLLL 'de' y",
            "weekday": "ccc",
        },
    }
)
"""By language: how a day is written. A new language needs a row."""
TWELVE_HOURS = frozenset({"en"})
"""Languages that say 4 pm; the others say 16:00."""


def language() -> str:
    """The reader's language, without its country."""
    code = (get_language() or "en").split("-")[0]
    return code if code in PATTERNS else "en"


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


def number_words(value: Exact, places: int = 0) -> str:
    """A number with exactly `places` decimals, rounded half up.

    >>> number_words(Fraction(2052, 1000), places=3), number_words(-1234)
    ('2.052', '−1,234')
    """
    return _decimal(round_half_up(value, places), places)


def float_words(value: float, places: int = 0) -> str:
    """The same for what was never exact: forecasts, shares, charts."""
    return _decimal(Decimal(f"{value:.{places}f}"), places)


def _decimal(value: Decimal, places: int) -> str:
    pattern = "#,##0" + ("." + "0" * places if places else "")
    text: str = format_decimal(abs(value), format=pattern, locale=_locale(language()))
    return f"−{text}" if value < 0 and value else text


def plain_words(value: Decimal | Fraction | float) -> str:
    """A number with as many decimals as it has, at most four.

    >>> plain_words(Decimal("50.000")), plain_words(1.5)
    ('50', '1.5')
    """
    exact = (
        Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else Decimal(str(value))
    )
    text: str = format_decimal(abs(exact), format="#,##0.####", locale=_locale(language()))
    return f"−{text}" if exact < 0 else text


def percent_words(share: float | Fraction) -> str:
    """A share in whole percent.

    >>> percent_words(0.62)
    '62 %'
    """
    return f"{float_words(float(share) * 100)} %"


def money_words(amount: Exact, currency: str) -> str:
    """An amount with its currency, rounded once to the cent, which is what the ledger holds.

    >>> money_words(Decimal("4.1"), "USD"), money_words(Decimal(-3), "EUR")
    ('$4.10', '−€3.00')
    """
    cents = round_half_up(amount)
    # Not the currency's own digits: what stands in the ledger is shown to the cent, whatever the coins.
    text: str = format_currency(abs(cents), currency, locale=_locale(language()), currency_digits=False)
    return f"−{text}" if cents < 0 else text


def day_words(day: date, form: str = "day") -> str:
    """A day on its own calendar; `form` is a name out of `PATTERNS`.

    >>> day_words(date(2026, 7, 22)), day_words(date(2026, 7, 22), "date")
    ('Wed 22 July', '22 July 2026')
    """
    code = language()
    text: str = format_date(day, PATTERNS[code][form], locale=_locale(code))
    return text


def hour_words(at: datetime, *, minutes: bool = False) -> str:
    """A time of the day on its own clock: "4 pm", "4:30 pm", in Spanish "16:00".

    Args:
        minutes: whether full hours have them too.
    """
    code = language()
    if code not in TWELVE_HOURS:
        text: str = format_datetime(at, "H:mm", locale=_locale(code))
        return text
    figures = f":{at.minute:02}" if at.minute or minutes else ""
    return f"{at.hour % 12 or 12}{figures} {'am' if at.hour < 12 else 'pm'}"


def hours_words(start: datetime, end: datetime, *, minutes: bool = False, zones: bool = False) -> str:
    """From when to when on the clock: "4 to 6 pm", "11 am to 1 pm", in Spanish "16:00 a 18:00".

    Args:
        zones: name the zone; both where the clock changes in between.
    """
    first, last = hour_words(start, minutes=minutes), hour_words(end, minutes=minutes)
    changes = start.tzname() != end.tzname()
    if zones:
        last = f"{last} {end.tzname()}"
        first = f"{first} {start.tzname()}" if changes else first
    same_half = language() in TWELVE_HOURS and (start.hour < 12) == (end.hour < 12) and start.date() == end.date()
    if same_half and not (zones and changes):
        first = first[:-3]
    return pgettext("hours of a day", "%(first)s to %(last)s") % {"first": first, "last": last}


def length_words(length: timedelta) -> str:
    """How long something lasts or is ago, in one unit.

    >>> [length_words(timedelta(seconds=size)) for size in (30, 720, 7200, 200_000)]
    ['less than a minute', '12 minutes', '2 hours', '2 days']
    """
    minutes = int(length / timedelta(minutes=1))
    if minutes >= 1440:
        count = minutes // 1440
        return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}
    if minutes >= 60:
        count = minutes // 60
        return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}
    if minutes >= 1:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    return _("less than a minute")
