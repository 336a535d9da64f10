"""Which segments the meters of an audit belong to."""

from collections.abc import Sequence

import numpy as np
from django.db.models import Q
from django.utils import timezone

from accounts.models import Kind
from meters.models import Meter, MeterMap
from settlement.placebo.load import Floats

# kW on average over the audited hours, below which a meter is of the class.
SIZES = ((5, "below_5"), (50, "below_50"), (500, "below_500"))
LARGEST = "above_500"
HOLDERS = {Kind.USER: "home", Kind.ORGANIZATION: "organization"}


def segments_of(meters: Sequence[Meter], actual: Floats) -> dict[str, list[str]]:
    """Kind of segment -> the segment of each meter, as codes; one query.

    Args:
        actual: (meters, days, hours) Wh of whole hours.
    """
    holders = _holders(meters)
    return {
        "size": [_size(float(mean) / 1000) for mean in np.nanmean(actual, axis=(1, 2))],
        "solar": ["solar" if meter.exports else "no_solar" for meter in meters],
        "use": [meter.usage_kind for meter in meters],
        "holder": [holders.get(meter.pk, "nobody") for meter in meters],
    }


def _size(kw: float) -> str:
    return next((name for bound, name in SIZES if kw < bound), LARGEST)


def _holders(meters: Sequence[Meter]) -> dict[int, str]:
    now = timezone.now()
    still = Q(valid_to__isnull=True) | Q(valid_to__gt=now)
    rows = MeterMap.objects.filter(still, meter__in=[meter.pk for meter in meters], valid_from__lte=now)
    kinds = rows.filter(entity__kind__in=list(HOLDERS)).values_list("meter_id", "entity__kind")
    return {meter_id: HOLDERS[Kind(kind)] for meter_id, kind in kinds}
