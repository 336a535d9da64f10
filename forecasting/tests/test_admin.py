"""Forecasts in the admin: to read, one's own distributor's."""

import pytest
from django.urls import reverse
from django.utils import timezone

from forecasting.models import Forecast, ForecastState, MeterForecast
from tests.builder import make_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MODELS = (Forecast, MeterForecast)


@pytest.fixture
def world():
    world = make_world()
    for side in (world.here, world.there):
        issue = Forecast.objects.create(
            distributor=side.distributor, issued_at=timezone.now(), horizon_hours=48, engine="statsmodels",
            state=ForecastState.DONE,
        )  # fmt: skip
        MeterForecast.objects.create(forecast=issue, meter=side.home, rung="autoreg", mae_wh=1, naive_mae_wh=2)
    return world


def url(model, action, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", ["admin", "staff", "auditor"])
def test_the_distributors_people_read_their_own_and_write_nothing(client, world, model, role):
    client.force_login(getattr(world.here, role))
    mine, other = model.objects.order_by("pk")
    words = client.get(url(model, "changelist")).content.decode()
    assert "Thither" not in words
    assert client.get(url(model, "change", mine.pk)).status_code == 200
    assert client.get(url(model, "change", other.pk)).status_code == 404
    assert client.post(url(model, "change", mine.pk), {"engine": "x"}).status_code == 403
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "delete", mine.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_customers_do_not_get_in(client, world, model):
    client.force_login(world.here.organization_admin)
    assert client.get(url(model, "changelist")).status_code == 403
