"""Who must have a second factor and has none comes nowhere but to its set-up."""

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.contrib import admin as django_admin
from django.test import Client
from django.urls import reverse

from accounts.mfa.gate import OPEN
from accounts.mfa.services import has_factor, must_have_factor
from accounts.models import StaffRole
from tests.access.routes import all_routes

pytestmark = pytest.mark.django_db
SET_UP = "/accounts/2fa/"


def bare(user):
    """The person without any factor, signed in."""
    Authenticator.objects.filter(user=user).delete()
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(params=["distributor admin", "platform operator"])
def outside(request, world):
    return bare(world.here.admin if request.param == "distributor admin" else world.platform)


def addresses(routes):
    return [route.address([1] * len(route.parameters)) for route in routes]


def test_no_admin_page_without_a_factor(outside):
    routes = [route for route in all_routes() if route.template.startswith("/admin/") and route.name != "admin:logout"]
    assert len(routes) > 50
    for address in addresses(routes):
        for method in ("get", "post"):
            answer = getattr(outside, method)(address)
            assert (answer.status_code, answer.headers.get("Location")) == (302, SET_UP), (method, address)


def test_no_page_without_a_factor(outside):
    routes = [
        route
        for route in all_routes()
        if route.name not in OPEN and not route.template.startswith(("/admin/", "/api/"))
    ]
    assert len(routes) > 40
    for address in addresses(routes):
        answer = outside.get(address)
        assert (answer.status_code, answer.headers.get("Location")) == (302, SET_UP), address


def test_api_refuses_the_session_in_a_sentence(outside):
    routes = [route for route in all_routes() if route.template.startswith("/api/")]
    assert routes
    for address in addresses(routes):
        for method in ("get", "post", "delete"):
            answer = getattr(outside, method)(address)
            assert answer.status_code == 403, (method, address)
            assert "second step" in answer.json()["errors"][0]["detail"]


def test_set_up_and_log_out_stay_open(outside):
    assert "Before you go on" in outside.get(SET_UP).text
    for name in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_reauthenticate"):
        assert outside.get(reverse(name)).headers.get("Location") != SET_UP
    assert outside.get("/healthz").status_code == 200
    assert outside.post("/accounts/logout/").headers["Location"] == "/"


def test_every_open_page_exists():
    known = {route.name for route in all_routes()}
    assert known >= OPEN


def test_factor_opens_everything(world):
    client = Client()
    client.force_login(world.here.admin)
    assert client.get("/admin/").status_code == 200
    assert client.get("/ops").status_code == 200
    assert client.get("/api/v1/meters").status_code == 200


def test_recovery_codes_alone_are_no_factor(world):
    client = bare(world.here.admin)
    Authenticator.objects.create(user=world.here.admin, type="recovery_codes", data={})
    assert client.get("/ops").headers["Location"] == SET_UP


def test_passkey_alone_is_a_factor(world):
    client = bare(world.here.admin)
    Authenticator.objects.create(user=world.here.admin, type="webauthn", data={"name": "Key", "credential": {}})
    assert client.get("/ops").status_code == 200


def test_others_need_none(world):
    here = world.here
    for user, path in ((here.staff, "/ops"), (here.auditor, "/admin/"), (here.organization_admin, "/org")):
        client = Client()
        client.force_login(user)
        assert client.get(path).status_code == 200


def test_token_of_an_admin_needs_none(world):
    Authenticator.objects.all().delete()
    bearer = {"authorization": f"Bearer {world.here.token_key}"}
    assert Client().get("/api/v1/meters", headers=bearer).status_code == 200


def test_installation_can_do_without(world, settings):
    settings.MFA_REQUIRED = False
    assert bare(world.here.admin).get("/ops").status_code == 200


def test_it_is_needed_by_default():
    assert django_settings.MFA_REQUIRED is True


def test_person_who_becomes_an_admin_is_led_at_the_next_request(world):
    client = Client()
    client.force_login(world.here.staff)
    assert client.get("/ops").status_code == 200
    type(world.here.staff).objects.filter(pk=world.here.staff.pk).update(staff_role=StaffRole.ADMIN)
    assert client.get("/ops").headers["Location"] == SET_UP


def test_asking_costs_admins_one_query_and_others_none(world, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert must_have_factor(world.here.admin)
        assert has_factor(world.here.admin)
    with django_assert_num_queries(0):
        assert not must_have_factor(world.here.resident)


def test_admin_site_shows_no_secrets():
    shown = {model._meta.app_label for model in django_admin.site._registry}
    assert not shown & {"mfa", "usersessions"}
