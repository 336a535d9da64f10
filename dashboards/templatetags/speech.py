"""Numbers, money and dates in templates, as the reader's language writes them."""

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils import timezone

from common import speech
from dashboards.charts.script_words import script_words

register = template.Library()


@register.filter
def number(value: Decimal | int | str, places: int = 0) -> str:
    """A number with so many decimals: `{{ "2.052"|number:3 }}`."""
    return speech.number_words(Decimal(str(value)), places)


@register.filter
def money(value: Decimal | int | str, currency: str) -> str:
    """An amount to the cent: `{{ amount|money:"USD" }}`."""
    return speech.money_words(Decimal(str(value)), currency)


@register.filter
def day(value: datetime | date, form: str = "date") -> str:
    """A day on the clock of the page: `{{ moment|day }}` is "22 July 2026"."""
    local = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return speech.day_words(local, form)


@register.filter
def moment(value: datetime) -> str:
    """A day and a time with its zone: "22 July 2026, 4:05 pm UTC"."""
    at = timezone.localtime(value)
    return f"{speech.day_words(at.date(), 'date')}, {speech.hour_words(at)} {at.tzname()}"


@register.simple_tag
def chart_words() -> dict[str, str]:
    """The sentences of the charts' script, for `json_script`."""
    return script_words()
