"""What the cost of an event is worked out from, meter by meter: nobody saves more than they drew at most of late."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from django.db.models import Max
from django.utils import timezone

from events.costs import Part, is_capped_by_nomination
from events.models import Event
from meters.models import DailyEnergy, Meter
from meters.selectors import CHUNK

# So many days back; a season's use says little of another season's.
DAYS = timedelta(days=30)
WATT = Decimal("0.001")


def loads_of(meter_ids: Sequence[int]) -> dict[int, Decimal]:
    """Meter id -> kW of its highest slot of the last 30 days; without readings it is left out. Two queries per 500."""
    since = timezone.now().date() - DAYS
    found: dict[int, Decimal] = {}
    for first in range(0, len(meter_ids), CHUNK):
        some = meter_ids[first : first + CHUNK]
        days = DailyEnergy.objects.filter(meter__in=some, day__gte=since).order_by().values("meter")
        peaks = dict(days.annotate(peak=Max("peak_wh")).values_list("meter", "peak"))
        for meter_id, minutes in Meter.objects.filter(pk__in=list(peaks)).values_list("pk", "interval_minutes"):
            kw = Decimal(peaks[meter_id]) * 60 / minutes / 1000
            found[meter_id] = max(kw, Decimal(0)).quantize(WATT)
    return found


def parts_of(*, event: Event, expected: Mapping[int, Decimal], nominated: Mapping[int, Decimal]) -> dict[int, Part]:
    """Meter id -> what its cost is worked out from; the load only where more than a nomination is paid.

    Args:
        expected: meter id -> mean kW that it is expected to deliver, of all that count.
    """
    version = event.version
    pays_load = not event.is_test and bool(version.rate_per_kw or version.rate_per_kwh)
    loads = loads_of([pk for pk in expected if pays_load and not is_capped_by_nomination(version, nominated.get(pk))])
    return {pk: Part(kw, nominated.get(pk), loads.get(pk)) for pk, kw in expected.items()}
