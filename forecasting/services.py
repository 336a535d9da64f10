"""Issues of forecasts."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Entity
from common.holiday_calendar import calendar_days
from common.intervals import day_bounds, local_day, to_utc
from forecasting.engines import EngineError, forecast
from forecasting.engines import Forecast as Answer
from forecasting.engines.history import Ints
from forecasting.errors import IssuedInFuture, NoSuchEngine, NothingToForecast
from forecasting.histories import Known, batches, known_at
from forecasting.models import Forecast, ForecastState, MeterForecast
from meters.models import Meter
from meters.services import MAX_ENERGY_WH, Predictions, put_predictions
from organizations.models import Distributor

ENGINES = ("statsmodels", "similar-days")
REASON_LENGTH = MeterForecast._meta.get_field("fallback_reason").max_length or 200
NO_READINGS = "no readings of the last weeks"
_ABANDONED = timedelta(hours=1)

Keep = Callable[[Meter, Answer], None]


def issue_forecast(
    *,
    distributor: Distributor,
    issued_at: datetime,
    horizon_hours: int = 48,
    engine: str = ENGINES[0],
    keep: Keep | None = None,
) -> Forecast:
    """The finished issue: every meter fitted anew on what was known at `issued_at`, its predictions in force.

    A meter without enough history gets none, with the reason beside it. An earlier prediction for an
    interval gives way to this one; predictions issued then or later stay.

    Args:
        distributor: Whose meters.
        issued_at: Aware; nothing measured later enters.
        horizon_hours: How far ahead.
        engine: The ladder's first rung.
        keep: Called with every meter's answer, also where a later one is in force.

    Raises:
        IssuedInFuture: `issued_at` has not come yet.
        NoSuchEngine: There is none of this name.
        NothingToForecast: No meter has readings before `issued_at`; the issue is kept as FAILED.
    """
    if issued_at > timezone.now():
        raise IssuedInFuture(
            f"{to_utc(issued_at):%Y-%m-%dT%H:%MZ} has not come yet; a forecast is issued now or earlier."
        )
    if engine not in ENGINES:
        raise NoSuchEngine(f"There is no engine “{engine}”; take {' or '.join(ENGINES)}.")
    issue = Forecast.objects.create(
        distributor=distributor, issued_at=to_utc(issued_at), horizon_hours=horizon_hours, engine=engine
    )
    return _finished(issue, keep)


def issue_daily_forecast(*, distributor: Distributor, now: datetime) -> Forecast | None:
    """The forecast of the distributor's local day, issued at the last whole minute; None if it is not due.

    Raises:
        NothingToForecast: As `issue_forecast`.
    """
    with transaction.atomic():
        # Of two workers at once the second waits here, and then finds the first one's issue running.
        Entity.objects.select_for_update().get(pk=distributor.pk)
        if not is_due(distributor=distributor, now=now):
            return None
        issue = Forecast.objects.create(
            distributor=distributor,
            issued_at=to_utc(now).replace(second=0, microsecond=0),
            horizon_hours=48,
            engine=ENGINES[0],
            started_at=now,
        )
    return _finished(issue, None)


def is_due(*, distributor: Distributor, now: datetime) -> bool:
    """Whether the distributor's local day has no finished forecast, and none that is being made."""
    midnight, end = day_bounds(local_day(now, distributor.zone), distributor.zone)
    of_today = Forecast.objects.filter(distributor=distributor, issued_at__gte=midnight, issued_at__lt=end)
    running = Q(state=ForecastState.RUNNING, started_at__gte=now - _ABANDONED)
    return not of_today.filter(Q(state=ForecastState.DONE) | running).exists()


def _finished(issue: Forecast, keep: Keep | None) -> Forecast:
    try:
        # Each batch is written in a transaction of its own: fits take long, and SQLite has one writer.
        _issue_all(issue, keep)
    except Exception as problem:
        Forecast.objects.filter(pk=issue.pk).update(
            state=ForecastState.FAILED, finished_at=timezone.now(), error=str(problem)[:2000]
        )
        raise
    Forecast.objects.filter(pk=issue.pk).update(state=ForecastState.DONE, finished_at=timezone.now())
    issue.refresh_from_db()
    return issue


def _issue_all(issue: Forecast, keep: Keep | None) -> None:
    in_service = Meter.objects.filter(distributor=issue.distributor, retired_at=None)
    days_off, found = _days_off(issue), False
    for meters in batches(list(in_service.select_related("distributor"))):
        known = known_at(meters, issue.issued_at, days_off)
        found |= bool(known)
        answers = [_answered(issue, meter, known.get(meter.pk)) for meter in meters]
        _write(issue, meters, answers)
        for meter, (_record, answer) in zip(meters, answers, strict=True):
            if keep and answer:
                keep(meter, answer)
    if not found:
        raise NothingToForecast("No meter has readings of the weeks before that moment; import some first.")


def _days_off(issue: Forecast) -> frozenset[date]:
    year = issue.issued_at.year
    return calendar_days(issue.distributor.holiday_calendar, (year - 1, year, year + 1))


def _answered(issue: Forecast, meter: Meter, known: Known | None) -> tuple[MeterForecast, Answer | None]:
    """How the meter's share was made, not yet saved, and the answer if there is one."""
    record = MeterForecast(forecast=issue, meter=meter)
    if known is None:
        record.fallback_reason = NO_READINGS
        return record, None
    record.mae_wh, record.naive_mae_wh = known.errors_of_yesterday(issue.issued_at)
    slots = issue.horizon_hours * 60 // meter.interval_minutes
    try:
        answer = forecast(known.history, issue.issued_at, slots, issue.engine)
    except EngineError as refusal:
        record.fallback_reason = _shortened(str(refusal))
        return record, None
    record.rung, record.fallback_reason = answer.engine, _shortened(answer.fallback_reason)
    return record, answer


@transaction.atomic
def _write(issue: Forecast, meters: Sequence[Meter], answers: Sequence[tuple[MeterForecast, Answer | None]]) -> None:
    made = [(meter, answer) for meter, (_, answer) in zip(meters, answers, strict=True) if answer]
    if made:
        put_predictions(forecast_number=issue.pk, issued_at=issue.issued_at, predictions=_columns(made))
    MeterForecast.objects.bulk_create([record for record, _ in answers], batch_size=1_000)


def _columns(made: Sequence[tuple[Meter, Answer]]) -> Predictions:
    return Predictions(
        meter_ids=np.concatenate([np.full(len(answer.wh), meter.pk) for meter, answer in made]),
        starts=np.concatenate([_starts_of(answer) for _, answer in made]),
        wh=_possible([answer.wh for _, answer in made]),
        lower_wh=_possible([answer.lower_wh for _, answer in made]),
        upper_wh=_possible([answer.upper_wh for _, answer in made]),
    )


def _possible(parts: Sequence[Ints]) -> Ints:
    """The values, none beyond what a meter can measure: a strange past may lead there."""
    return np.clip(np.concatenate(parts), -MAX_ENERGY_WH, MAX_ENERGY_WH)


def _starts_of(answer: Answer) -> Ints:
    """(h,) starts of the answer's slots in seconds since 1970 UTC."""
    return int(answer.start.timestamp()) + np.arange(len(answer.wh)) * answer.slot_minutes * 60


def _shortened(reason: str) -> str:
    """The reason, cut after its last clause that fits into the database.

    >>> _shortened("first (" + "a" * 120 + "; " + "b" * 120 + ").") == "first (" + "a" * 120 + "; …)"
    True
    """
    if len(reason) <= REASON_LENGTH:
        return reason
    room = reason[: REASON_LENGTH - len("; …)")]
    clauses, _, _ = room.rpartition("; ")
    cut = f"{clauses}; …" if clauses else f"{room} …"
    return cut + ")" if cut.count("(") > cut.count(")") else cut
