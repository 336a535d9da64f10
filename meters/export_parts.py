"""What a copy of the own data has from this room: the meters that were one's own, only for that time."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.exports import register_part
from accounts.models import User
from meters.models import IntervalReading, MeterMap, Prediction

Rows = Iterator[dict[str, Any]]
PAGE = 5000


def _maps(user: User) -> Rows:
    for row in _own(user):
        yield {"meter": row.meter.number, "name": row.meter.name, "from": row.valid_from, "until": row.valid_to}


def _readings(user: User) -> Rows:
    names = ("start", "energy_wh", "predicted_wh", "saving_wh", "quality")
    for row in _own(user):
        for values in _paged(IntervalReading.objects.filter(meter_id=row.meter_id), row, names):
            yield {"meter": row.meter.number, **values}


def _predictions(user: User) -> Rows:
    names = ("start", "wh", "lower_wh", "upper_wh", "issued_at")
    for row in _own(user):
        for values in _paged(Prediction.objects.filter(meter_id=row.meter_id), row, names):
            yield {"meter": row.meter.number, **values}


def _own(user: User) -> QuerySet[MeterMap]:
    return MeterMap.objects.filter(entity_id=user.pk).select_related("meter").order_by("valid_from", "id")


def _paged(rows: Any, held: MeterMap, names: tuple[str, ...]) -> Rows:
    """Rows that start within [valid_from, valid_to), page by page along the primary key."""
    if held.valid_to is not None:
        rows = rows.filter(start__lt=held.valid_to)
    after: datetime | None = None
    while True:
        rest = rows.filter(start__gte=held.valid_from) if after is None else rows.filter(start__gt=after)
        page = list(rest.order_by("start").values(*names)[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1]["start"]


register_part("meters", _maps, title=_("which meters were yours, and when"))
register_part("readings", _readings, title=_("readings of your meters, of the days on which they were yours"))
register_part("forecasts", _predictions, title=_("what was expected of your meters, of the same days"))
