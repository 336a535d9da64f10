"""What is read of readings and forecasts for the operator's pages."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, Q
from django.utils.translation import gettext as _

from forecasting.engines import Autocorrelation, EngineError, autocorrelation
from forecasting.errors import NoCorrelation
from forecasting.histories import known_at
from forecasting.models import Forecast, ForecastState, MeterForecast
from meters.models import Meter
from organizations.models import Distributor

LAG_HOURS = 72
# The partial ones cost the square of their number; 300 lags of five minutes still reach past a day.
MOST_LAGS = 300


def meter_autocorrelation(*, meter: Meter, at: datetime) -> Autocorrelation:
    """How a meter's use of the last weeks repeats, over lags of up to three days.

    Of the readings that the forecast learns from: gaps, events and outages are left out.

    Args:
        meter: With its distributor selected.
        at: Aware; no reading that ends later is read.

    Raises:
        NoCorrelation: No readings, too few of them, or all equal; the sentence says which.
    """
    known = known_at([meter], at, frozenset()).get(meter.pk)
    if known is None:
        raise NoCorrelation(_("There are no readings of the last weeks to correlate."))
    lags = min(MOST_LAGS, LAG_HOURS * 60 // meter.interval_minutes)
    try:
        return autocorrelation(known.history.usable_wh, lags)
    except EngineError as refusal:
        raise NoCorrelation(str(refusal)) from refusal


@dataclass(frozen=True)
class Accuracy:
    """How far an issue's forecasts were off on the last day, beside those of the same hours a week before.

    Attributes:
        meters: those that could be compared.
        mae_wh, naive_mae_wh: means over these meters, in Wh per interval; None without any.
    """

    meters: int
    mae_wh: float | None
    naive_mae_wh: float | None

    @property
    def better_by(self) -> float | None:
        """The share of the naive error that was spared; below 0 where the naive one was better."""
        if self.mae_wh is None or not self.naive_mae_wh:
            return None
        return 1 - self.mae_wh / self.naive_mae_wh


def newest_forecast(*, distributor: Distributor) -> Forecast | None:
    """The forecast issued last, however it ended."""
    return Forecast.objects.filter(distributor=distributor).first()


def newest_finished(*, distributor: Distributor) -> Forecast | None:
    """The last forecast whose predictions are in force."""
    return Forecast.objects.filter(distributor=distributor, state=ForecastState.DONE).first()


def accuracy_of(*, forecast: Forecast) -> Accuracy:
    """The issue's accuracy over the meters that have both errors."""
    compared = MeterForecast.objects.filter(forecast=forecast, mae_wh__isnull=False, naive_mae_wh__isnull=False)
    sums = compared.aggregate(meters=Count("pk"), ours=Avg("mae_wh"), naive=Avg("naive_mae_wh"))
    return Accuracy(sums["meters"], sums["ours"], sums["naive"])


def rungs_of(*, forecast: Forecast) -> dict[str, int]:
    """Rung of the ladder -> how many meters got their forecast from it; "" counts those that got none."""
    rows = MeterForecast.objects.filter(forecast=forecast).order_by("rung").values_list("rung")
    return dict(rows.annotate(Count("pk")))


def newest_of_meter(*, meter: Meter) -> MeterForecast | None:
    """How the meter's share of the last finished forecast was made."""
    done = Q(meter=meter, forecast__state=ForecastState.DONE)
    rows = MeterForecast.objects.filter(done).select_related("forecast")
    return rows.order_by("-forecast__issued_at", "-forecast_id").first()
