"""Numbers, money, days and hours as each language writes them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.utils.formats import date_format, number_format
from django.utils.translation import override

from common import speech
from dashboards import times, words
from dashboards.charts.clock import interval_words

PACIFIC = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 7, 22, 23, tzinfo=UTC)
END = START + timedelta(hours=2)


def plain(text: str) -> str:
    """With ordinary blanks, so that one sees what is compared."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


def test_every_language_of_the_portal_has_its_patterns():
    assert {code for code, _name in settings.LANGUAGES} == set(speech.PATTERNS)
    assert len({tuple(sorted(forms)) for forms in speech.PATTERNS.values()}) == 1


def test_a_language_nobody_knows_reads_english():
    with override("fi"):
        assert speech.day_words(date(2026, 7, 22)) == "Wed 22 July"


@pytest.mark.parametrize(
    ("language", "amount", "currency", "said"),
    [
        ("en", Decimal("1234.5"), "USD", "$1,234.50"),
        ("es", Decimal("1234.5"), "USD", "1.234,50 US$"),
        ("en", Decimal("-3"), "EUR", "−€3.00"),
        ("es", Decimal("-3"), "EUR", "−3,00 €"),
        ("es", Fraction(2052, 500), "USD", "4,10 US$"),
        # Halves go away from zero, as in the ledger, in both directions.
        ("en", Fraction(1, 200), "USD", "$0.01"),
        ("es", Fraction(-1, 200), "USD", "−0,01 US$"),
        # To the cent also where there are no coins so small: what stands in the ledger is what is shown.
        ("en", Decimal("10.55"), "JPY", "¥10.55"),
        ("en", Decimal("90071992547409.93"), "USD", "$90,071,992,547,409.93"),
        ("en", Decimal("-0.001"), "USD", "$0.00"),
    ],
)
def test_money(language, amount, currency, said):
    with override(language):
        assert plain(words.money(amount, currency)) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", ["2.052", "−1,234.5", "62 %", "50", "1.5"]), ("es", ["2,052", "−1.234,5", "62 %", "50", "1,5"])],
)
def test_numbers(language, said):
    with override(language):
        assert [
            words.kwh(2052, 3),
            speech.number_words(Decimal("-1234.5"), 1),
            speech.percent_words(0.62),
            speech.plain_words(Decimal("50.000")),
            speech.plain_words(Fraction(3, 2)),
        ] == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Wed 22 July", "Wednesday 22 July 2026", "4 pm", "4 to 6 pm", "Wed 22 July, 4 pm PDT", "July"]),
        (
            "es",
            [
                "mié 22 de julio",
                "miércoles 22 de julio de 2026",
                "16:00",
                "16:00 a 18:00",
                "mié 22 de julio, 16:00 PDT",
                "julio",
            ],
        ),
    ],
)
def test_days_and_hours(language, said):
    with override(language):
        assert [
            times.day_words(START, PACIFIC),
            times.long_day_words(START, PACIFIC),
            times.hour_words(START, PACIFIC),
            times.hours_words(START, END, PACIFIC),
            times.moment_words(START, PACIFIC),
            times.month_words(START, PACIFIC),
        ] == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Now, until 6 pm", "Today, 4 to 6 pm", "Tomorrow, 4 to 6 pm"]),
        ("es", ["Ahora, hasta las 18:00", "Hoy, 16:00 a 18:00", "Mañana, 16:00 a 18:00"]),
    ],
)
def test_when_something_is(language, said):
    nows = [START, START - timedelta(hours=1), START - timedelta(days=1)]
    with override(language):
        assert [times.when_words(START, END, PACIFIC, now=now) for now in nows] == said


def test_repeated_hour_names_both_zones_in_each_language():
    end = 1604221200000
    said = {}
    for language in ("en", "es"):
        with override(language):
            said[language] = interval_words(end - 1_800_000, end, PACIFIC)
    assert said == {"en": "Sun 1 Nov, 1:30 am PDT to 1:00 am PST", "es": "dom 1 nov, 1:30 PDT a 1:00 PST"}


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", ["22 July 2026", "1234.5"]), ("es", ["22 de julio de 2026", "1234,5"])],
)
def test_django_itself_writes_alike(language, said):
    with override(language):
        assert [date_format(date(2026, 7, 22)), number_format(Decimal("1234.5"))] == said
