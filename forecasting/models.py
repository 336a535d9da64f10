"""Issues of forecasts and how each meter's was made."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from meters.models import Meter
from organizations.access import Role, role_of
from organizations.models import Distributor


class ForecastState(models.TextChoices):
    """How far an issue is."""

    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class ForecastQuerySet(models.QuerySet["Forecast"]):
    """Forecasts by who may see them."""

    def visible_to(self, user: User) -> "ForecastQuerySet":
        """The distributor's for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(distributor_id=user.distributor_id) if role.is_staff else self.none()


class Forecast(models.Model):
    """One issue for all meters of a distributor; its id is the forecast number beside each prediction."""

    distributor = models.ForeignKey(Distributor, models.CASCADE, related_name="forecasts")
    issued_at = models.DateTimeField()
    horizon_hours = models.PositiveSmallIntegerField()
    engine = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=ForecastState, default=ForecastState.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    objects = ForecastQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ForecastState.values), name="forecast_state_known"),
            models.CheckConstraint(condition=Q(horizon_hours__gt=0), name="forecast_has_horizon"),
            TriggerConstraint(
                name="forecast_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message=_("A forecast stays with its distributor."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.distributor} {self.issued_at:%Y-%m-%d %H:%M}"


class MeterForecast(models.Model):
    """How one meter's share of a forecast was made: the rung of the ladder, and why not a better one."""

    forecast = models.ForeignKey(Forecast, models.CASCADE, related_name="meters")
    meter = models.ForeignKey(Meter, models.CASCADE, related_name="forecasts")
    rung = models.CharField(max_length=20, blank=True)
    fallback_reason = models.CharField(max_length=200, blank=True)
    # Mean absolute errors on the newest held-out day, in Wh per interval: ours and the weekly naive one's.
    mae_wh = models.FloatField(null=True)
    naive_mae_wh = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["forecast", "meter"], name="meter_forecast_once"),
            TriggerConstraint(
                name="meter_forecast_same_distributor",
                refuse=(
                    "(SELECT f.distributor_id FROM forecasting_forecast f WHERE f.id = NEW.forecast_id) <> "
                    "(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id)"
                ),
                violation_error_message=_("Forecast and meter belong to different distributors."),
            ),
        ]
