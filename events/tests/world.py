"""Programs and events for tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from events.models import Event, Program
from events.services import Terms, create_event, create_program, enroll_all, notify_event, schedule_event
from organizations.models import Distributor

# 16:00 to 18:00 on a Wednesday in New York.
PAST = datetime(2026, 7, 22, 20, tzinfo=UTC), datetime(2026, 7, 22, 22, tzinfo=UTC)


def make_terms(preset: str = "three-day", rate: str = "2.80", cost: str = "10.35", **fields: object) -> Terms:
    """Terms of a program."""
    return Terms(preset, Decimal(rate), Decimal(cost), **fields)


def make_program(distributor: Distributor, name: str = "Load response", **terms: object) -> Program:
    """A program in which every meter with a contracted kW is enrolled."""
    version, _ = create_program(distributor=distributor, name=name, terms=make_terms(**terms))
    enroll_all(program=version.program)
    return version.program


def next_span(days: int = 2, hours: int = 1) -> tuple[datetime, datetime]:
    """A full hour some days from now."""
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=days)
    return start, start + timedelta(hours=hours)


def make_draft(program: Program, days: int = 2) -> Event:
    """An event to come, as a draft."""
    start, end = next_span(days)
    return create_event(program=program, start=start, end=end)


def make_announced(program: Program, days: int = 2) -> Event:
    """An event to come that everybody was told of."""
    return notify_event(event=schedule_event(event=make_draft(program, days)))
