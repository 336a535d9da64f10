"""Generated meters and readings; the same numbers in every run."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from accounts.models import Kind
from meters.models import Meter, MeterMap
from meters.services import Readings
from organizations.models import Distributor
from tests.builder import EPOCH, make_organization

SEED = 20_260_722
SLOT = timedelta(minutes=30)
SECONDS = 1_800
SLOTS_PER_DAY = 48
NOMINATED_KW = Decimal("2.000")


def seconds(values: list[int]) -> NDArray[np.int64]:
    """Seconds since 1970 UTC as a column."""
    return np.array(values, np.int64)


def make_meters(distributor: Distributor, count: int, *, minutes: int = 30) -> list[Meter]:
    """Meters in service, of half hours or other intervals, held by one organization, each with a contracted kW."""
    Meter.objects.bulk_create(
        [
            Meter(
                distributor=distributor,
                number=f"M{number:06}",
                contracted_kw=NOMINATED_KW,
                interval_minutes=minutes,
            )
            for number in range(1, count + 1)
        ],
        batch_size=1_000,
    )
    meters = list(Meter.objects.filter(distributor=distributor).select_related("distributor").order_by("pk"))
    holder = make_organization(distributor)
    MeterMap.objects.bulk_create(
        [
            MeterMap(meter=meter, entity_id=holder.pk, holder_kind=Kind.ORGANIZATION, valid_from=EPOCH)
            for meter in meters
        ],
        batch_size=1_000,
    )
    return meters


def make_energies(meters: int, slots: int, *, seed: int = 0) -> NDArray[np.int64]:
    """(meters, slots) Wh: a level per meter, a morning and an evening peak, weekends, and noise that lasts."""
    random = np.random.default_rng(SEED + seed)
    hours = np.arange(slots) % SLOTS_PER_DAY / 2
    shape = 0.4 + np.exp(-(((hours - 8) / 2) ** 2)) + 1.6 * np.exp(-(((hours - 19) / 2.5) ** 2))
    shape = shape * np.where(np.arange(slots) // SLOTS_PER_DAY % 7 < 5, 1.0, 1.15)
    level = random.lognormal(6.0, 0.5, (meters, 1))
    noise = random.normal(0, 0.2, (meters, slots))
    noise[:, 1:] += 0.6 * noise[:, :-1]
    return np.maximum(1, level * shape * np.exp(noise)).astype(np.int64)


def make_readings(meters: list[Meter], start: datetime, energies: NDArray[np.int64], *, minutes: int = 30) -> Readings:
    """The energies from `start` on, sorted by meter and time."""
    count, slots = energies.shape
    return Readings(
        meter_ids=np.repeat([meter.pk for meter in meters], slots),
        starts=np.tile(int(start.astimezone(UTC).timestamp()) + np.arange(slots) * minutes * 60, count),
        energies_wh=energies.ravel(),
    )
