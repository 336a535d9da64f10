"""Runs, lines and the ledger in the admin: to read, one's own distributor's, and never to write."""

from datetime import date

import pytest
from django.urls import reverse

from settlement.models import (
    Adjustment,
    BatchKind,
    DecisionKind,
    LedgerBatch,
    LedgerEntry,
    MonthDecision,
    MonthLine,
    MonthRun,
    MonthWord,
    RunDecision,
    SettlementLine,
    SettlementRun,
    SheetReading,
)
from settlement.services import post_run, settle
from settlement.tests.world import make_case
from tests.builder import make_admin, make_distributor

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MODELS = (
    SettlementRun, SettlementLine, LedgerBatch, LedgerEntry, RunDecision, Adjustment, MonthRun, MonthLine, SheetReading,
    MonthDecision,
)  # fmt: skip


@pytest.fixture
def world():
    world, program, event = make_case()
    run = settle(event=event)
    post_run(run=run)
    here = world.here
    RunDecision.objects.create(run=run, kind=DecisionKind.REOPENED, decided_by=here.admin, reason="late readings")
    Adjustment.objects.create(
        distributor=here.distributor, holder_id=here.resident.pk, amount=1, reason="rounding", asked_by=here.admin
    )
    batch = LedgerBatch.objects.create(distributor=here.distributor, number=2, kind=BatchKind.MONTH, sha256="2" * 64)
    month = MonthRun.objects.create(program=program, month=date(2026, 7, 1), number=1, batch=batch)
    MonthLine.objects.create(run=month, meter=here.home, holder_id=here.resident.pk, factor="1/2", credit=1)
    MonthDecision.objects.create(run=month, kind=MonthWord.APPROVED, decided_by=here.admin)
    SheetReading.objects.create(event=event, run=run, file_name="sheet.csv", read_by=here.admin)
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
