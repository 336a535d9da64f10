"""What the shared data say of a real utility's two settlements, read from them and never written here.

The utility's rules in a few lines of their own, straight from the readings: what the portal works out is held against
them. Absent data are no error before something of them is asked for.
"""

import csv
import gzip
import os
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("DRPORTAL_SHARED_DATA", ROOT.parent / "shared" / "data")) / "vec2021"
needs_data = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the shared data are not at {FOLDER}")
# What the utility leaves out besides weekends, and what it pays for a kW.
HOLIDAYS = ("2021-04-02", "2021-05-31", "2021-09-06")
RATE = Decimal("2.80")
Key = tuple[str, str]


@cache
def rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the CSV files."""
    with (FOLDER / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def sheet() -> list[dict[str, str]]:
    """The utility's own rows, one for each event and meter."""
    return rows("settlements.csv")


def key_of(row: dict[str, str]) -> Key:
    """Event and meter of one of them."""
    return row["event"], row["meter"]


@cache
def events() -> list[tuple[str, str]]:
    """Start and end of both events, local: each lasted an hour."""
    starts = sorted({row["event"] for row in sheet()})
    return [(start, f"{datetime.fromisoformat(start) + timedelta(hours=1):%Y-%m-%dT%H:%M}") for start in starts]


@cache
def nominations() -> dict[str, str]:
    """What each meter nominated itself, in kW."""
    return {row["meter"]: row["nomination_kw"] for row in rows("meters.csv")}


def shifted() -> list[dict[str, str]]:
    """Rows in which the sheet has another nomination than the meter's own."""
    return [row for row in sheet() if Decimal(row["nomination_kw"]) != Decimal(nominations()[row["meter"]])]


@cache
def blank() -> str:
    """The meter whose energies the sheet left out."""
    (found,) = {row["meter"] for row in sheet() if not row["baseline_kwh"]}
    return found


def paid(row: dict[str, str]) -> Decimal:
    """What the sheet pays, rounded."""
    return round(Decimal(row["credit_usd"]), 2)


def due(row: dict[str, str], nomination_kw: str) -> Decimal:
    """What is due: the rate for what was saved, up to the nomination."""
    return round(RATE * max(Decimal(0), min(Decimal(row["performance_kwh"]), Decimal(nomination_kw))), 2)


@cache
def wrongly_paid() -> dict[Key, tuple[str, str]]:
    """Where the sheet pays something else than what is due by the meter's own nomination: what is due, what it pays."""
    pairs = {key_of(row): (due(row, nominations()[row["meter"]]), paid(row)) for row in sheet()}
    return {key: (str(owed), str(given)) for key, (owed, given) in pairs.items() if owed != given}


def used_days(event: str) -> list[date]:
    """The three business days before an event's day, the latest first."""
    day = date.fromisoformat(event[:10])
    before = [day - timedelta(days=number) for number in range(1, 10)]
    return [each for each in before if each.weekday() < 5 and each.isoformat() not in HOLIDAYS][:3]


@cache
def read_meters() -> frozenset[str]:
    """The meters that have readings."""
    with gzip.open(FOLDER / "readings.csv.gz", "rt", newline="", encoding="utf-8") as stream:
        return frozenset(row["meter"] for row in csv.DictReader(stream))


@cache
def performances_of_blank() -> list[Fraction]:
    """What the meter left out saved in each event, in kWh: the mean of the three days less the event's hour."""
    meter, found = blank(), {}
    with gzip.open(FOLDER / "readings.csv.gz", "rt", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["meter"] == meter:
                found[row["start"]] = Fraction(row["kwh"])

    def hour(day: date, start: str) -> Fraction:
        return found[f"{day}T{start[11:]}"] + found[f"{day}T{start[11:13]}:30"]

    def performance(start: str) -> Fraction:
        baseline = sum(hour(day, start) for day in used_days(start)) / Fraction(3)
        return baseline - hour(date.fromisoformat(start[:10]), start)

    return [performance(start) for start, _ in events()]
