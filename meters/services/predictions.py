"""The one way in for predictions."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from django.db import connection, transaction

from common.intervals import require_utc
from common.retry import retried
from meters.errors import BadPrediction
from meters.services.cells import Column, Constant, Numbers, Times
from meters.services.checks import MAX_ENERGY_WH
from meters.services.columns import Predictions
from meters.services.locks import LockedMeters, lock_meters, raise_versions
from meters.services.rollups import mark_slots
from meters.services.slots import (
    PREDICTIONS,
    READINGS,
    Slots,
    chunks_of,
    keys_of,
    parts_of,
    places_of,
    read_slots,
    write_slots,
)

_FIELDS = ("wh", "lower_wh", "upper_wh", "issued_at", "forecast_number")


@dataclass(frozen=True)
class PredictionResult:
    """What became of the predictions: each is in exactly one of the counts.

    `too_late` start before the issue, `superseded` meet a prediction that was issued at that time or later.
    """

    stored: int = 0
    superseded: int = 0
    too_late: int = 0


@retried
@transaction.atomic
def put_predictions(*, forecast_number: int, issued_at: datetime | None, predictions: Predictions) -> PredictionResult:
    """Puts predictions in force that were issued before their interval and later than what is there.

    Readings that are stored already get them too: such a prediction was issued before their start as well.

    Args:
        issued_at: None where it is not known: each then counts as issued when its interval begins, and replaces
            none that is there.

    Raises:
        BadPrediction: A meter does not exist, two rows are of one interval, a start is not on the meter's
            grid of whole intervals in UTC minutes, or a value lies outside of its bounds.
    """
    meters = lock_meters(np.unique(predictions.meter_ids).tolist())
    earliest = 0.0 if issued_at is None else require_utc(issued_at).timestamp()
    in_time = predictions.take(predictions.starts >= earliest)
    in_time = in_time.take(np.lexsort((in_time.starts, in_time.meter_ids)))
    _check(in_time, meters)
    stored = 0
    changed: set[int] = set()
    for chunk in chunks_of(in_time.meter_ids):
        written = _store(in_time.take(chunk), meters, issued_at, forecast_number)
        stored += len(written)
        changed.update(np.unique(written.meter_ids).tolist())
    raise_versions(changed)
    return PredictionResult(stored, len(in_time) - stored, len(predictions) - len(in_time))


def _check(rows: Predictions, meters: LockedMeters) -> None:
    if not np.isin(rows.meter_ids, meters.ids).all():
        raise BadPrediction("A prediction is for a meter that does not exist.")
    if ((rows.lower_wh > rows.wh) | (rows.wh > rows.upper_wh)).any():
        raise BadPrediction("A predicted value lies outside of its own bounds.")
    if len(rows) and max(-rows.lower_wh.min(), rows.upper_wh.max()) > MAX_ENERGY_WH:
        raise BadPrediction("A predicted value is more than any meter measures.")
    if (rows.starts % 60).any():
        raise BadPrediction("A predicted interval starts within a minute.")
    if (np.diff(keys_of(rows.meter_ids, rows.starts)) == 0).any():
        raise BadPrediction("Two predictions of one forecast are for the same interval.")


def _store(rows: Predictions, meters: LockedMeters, issued_at: datetime | None, number: int) -> Predictions:
    """The rows that were written; the others have a prediction that was not issued earlier."""
    slots = Slots(rows.meter_ids, rows.starts, int(meters.minutes.min()) * 60)
    later = "1=1" if issued_at is None else f"issued_at >= '{_time_text(issued_at)}'"
    (kept,) = read_slots(PREDICTIONS, [], slots, where=later)
    rows = rows.take(places_of(keys_of(rows.meter_ids, rows.starts), kept) < 0)
    columns: dict[str, Column] = {
        "meter_id": Numbers(rows.meter_ids),
        "start": Times(rows.starts),
        "wh": Numbers(rows.wh),
        "lower_wh": Numbers(rows.lower_wh),
        "upper_wh": Numbers(rows.upper_wh),
    }
    constants = {"forecast_number": Constant(int(number))}
    if issued_at is None:
        columns["issued_at"] = Times(rows.starts)
    else:
        constants["issued_at"] = Constant(issued_at)
    write_slots(PREDICTIONS, columns, constants=constants, overwrite=_FIELDS)
    _fill_readings(slots)
    _mark(rows, slots, meters)
    return rows


def _mark(rows: Predictions, slots: Slots, meters: LockedMeters) -> None:
    """What stands beside readings is summed with them; most predictions are of times to come and stand alone."""
    (stored,) = read_slots(READINGS, [], slots)
    keys = np.intersect1d(keys_of(rows.meter_ids, rows.starts), stored, assume_unique=True)
    meter_ids, starts = parts_of(keys)
    places = np.searchsorted(meters.ids, meter_ids)
    owners, steps = meters.distributor_ids[places], meters.minutes[places] * 60
    for owner, step in sorted(set(zip(owners.tolist(), steps.tolist(), strict=True))):
        mine = (owners == owner) & (steps == step)
        mark_slots(distributor_id=owner, meter_ids=meter_ids[mine], starts=starts[mine], step=step)


def _fill_readings(slots: Slots) -> None:
    """Gives the readings in these slots the prediction that is in force now."""
    in_force = (
        f"SELECT p.wh FROM {PREDICTIONS} p WHERE p.meter_id = {READINGS}.meter_id "  # noqa: S608  # own text
        f"AND p.start = {READINGS}.start"
    )
    with connection.cursor() as cursor:
        for condition in slots.conditions():
            cursor.execute(
                f"UPDATE {READINGS} SET predicted_wh = ({in_force}) "  # noqa: S608  # own text
                f"WHERE {condition} AND EXISTS ({in_force})"
            )


def _time_text(moment: datetime) -> str:
    """As the database writes it: compared as text on SQLite, so without a fraction that is zero."""
    return str(moment.astimezone(UTC).replace(tzinfo=None))
