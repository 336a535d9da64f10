"""Runs, lines and the ledger in the admin: to read, one's own distributor's, and never to write."""

import pytest
from django.urls import reverse

from settlement.models import LedgerBatch, LedgerEntry, SettlementLine, SettlementRun
from settlement.services import post_run, settle
from settlement.tests.world import make_case
from tests.builder import make_admin, make_distributor

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MODELS = (SettlementRun, SettlementLine, LedgerBatch, LedgerEntry)


@pytest.fixture
def world():
    world, _program, event = make_case()
    post_run(run=settle(event=event))
    return world


def url(model, action, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", ["admin", "staff", "auditor", "platform"])
def test_the_distributors_people_read_and_write_nothing(client, world, model, role):
    client.force_login(world.platform if role == "platform" else getattr(world.here, role))
    row = model.objects.first()
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "change", row.pk)).status_code == 200
    assert client.post(url(model, "change", row.pk), {"amount": "9"}).status_code == 403
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", MODELS)
def test_another_distributors_rows_are_not_there(client, world, model):
    client.force_login(world.there.admin)
    row = model.objects.first()
    assert "0 " in client.get(url(model, "changelist")).content.decode().split("paginator")[-1]
    assert client.get(url(model, "change", row.pk)).status_code == 404


@pytest.mark.parametrize("model", MODELS)
def test_customers_do_not_get_in(client, world, model):
    client.force_login(world.here.resident)
    assert client.get(url(model, "changelist")).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_an_empty_distributor_has_empty_lists(client, model):
    client.force_login(make_admin(make_distributor()))
    assert client.get(url(model, "changelist")).status_code == 200
