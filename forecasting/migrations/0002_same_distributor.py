"""Forecasts and their meters stay within a distributor."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0001_initial"),
        ("meters", "0001_initial"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="forecast",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="forecast_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message="A forecast stays with its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="meterforecast",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="meter_forecast_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="(SELECT f.distributor_id FROM forecasting_forecast f WHERE f.id = NEW.forecast_id) <> (SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id)",
                violation_error_message="Forecast and meter belong to different distributors.",
            ),
        ),
    ]
