"""Which months are in files alone."""

from datetime import UTC, date, datetime
from typing import NamedTuple

from meters.models import ArchivedMonth

# Three months are kept in the database at least; no month is in files alone before this many seconds passed.
ARCHIVED_AFTER = 60 * 86_400


class Span(NamedTuple):
    """[start, end) in seconds since 1970 UTC."""

    start: int
    end: int


def month_span(month: date) -> Span:
    """The month of UTC that begins on that day."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    start, end = (datetime(day.year, day.month, 1, tzinfo=UTC) for day in (month, following))
    return Span(int(start.timestamp()), int(end.timestamp()))


def removed_spans(*, distributor_id: int) -> list[Span]:
    """The distributor's months whose readings are not in the database, earliest first. One query."""
    months = ArchivedMonth.objects.filter(distributor_id=distributor_id, removed_at__isnull=False)
    return [month_span(month) for month in months.order_by("month").values_list("month", flat=True)]
