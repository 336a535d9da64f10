"""Changes over the API are counted by person; reading, and sending readings, is not."""

import pytest
from django.test import Client
from rest_framework.settings import api_settings

from accounts.api import WriteThrottle
from meters.api import ReadingViewSet
from tests.builder import make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_a_minute(monkeypatch):
    monkeypatch.setattr(WriteThrottle, "THROTTLE_RATES", {"writes": "2/min"})


def call(side, method, path="/api/v1/events"):
    _row, key = make_token(side.admin, "events:read", "events:write")
    more = {"data": "{}", "content_type": "application/json"} if method == "post" else {}
    return getattr(Client(), method)(path, headers={"Authorization": f"Bearer {key}"}, **more).status_code


def test_after_so_many_changes_a_person_waits_and_goes_on_reading(two_a_minute, world):
    assert [call(world.here, "post") for _time in range(4)] == [400, 400, 429, 429]
    assert call(world.here, "get") == 200
    # A token more is no way around it, another person is not held up.
    assert call(world.there, "post") == 400


def test_the_setting_is_the_rate_and_readings_have_a_bound_of_their_own():
    assert WriteThrottle in api_settings.DEFAULT_THROTTLE_CLASSES
    assert api_settings.DEFAULT_THROTTLE_RATES["writes"] == "600/min"
    assert ReadingViewSet.throttle_classes == []
