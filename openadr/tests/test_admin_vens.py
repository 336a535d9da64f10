"""VENs in the administration."""

import io
import zipfile

import pytest
from django.test import Client

from accounts.tenant_admin import ReasonForm
from openadr.models import Ven, VenState
from openadr.services.enrolling import enroll_ven
from tests.builder import Side

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def here(world) -> Side:
    return world.here


def act(client: Client, action: str, *rows: int, model: str = "ven") -> object:
    body = {"action": action, "_selected_action": rows, "reason": "why"}
    return client.post(f"/admin/openadr/{model}/", body)


def signed_in(user, client: Client) -> Client:
    client.force_login(user)
    return client


def test_admin_gets_a_new_certificate_as_a_file_once(here: Side, client: Client) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump").ven
    answer = act(signed_in(here.admin, client), "rotate", ven.pk)
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert sorted(names) == ["Pump.crt", "Pump.json", "Pump.key", "ca.crt"]
    assert "no-store" in answer["Cache-Control"]
    assert ven.certificates.count() == 2


def test_admin_revokes_with_a_reason(here: Side, client: Client) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump").ven
    act(signed_in(here.admin, client), "revoke", ven.pk)
    ven.refresh_from_db()
    assert (ven.state, ven.revoke_reason) == (VenState.REVOKED, "why")


def test_reason_is_demanded_to_revoke(here: Side, client: Client) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump").ven
    body = {"action": "revoke", "_selected_action": [ven.pk], "reason": " "}
    answer = signed_in(here.admin, client).post("/admin/openadr/ven/", body, follow=True)
    ven.refresh_from_db()
    assert ven.state == VenState.ENROLLED
    assert "Say why" in answer.content.decode()


def test_question_for_the_reason_is_of_devices_alone(here: Side, client: Client) -> None:
    enroll_ven(distributor=here.distributor, name="Pump")
    assert "if you revoke:" in signed_in(here.admin, client).get("/admin/openadr/ven/").content.decode()
    assert str(ReasonForm.base_fields["reason"].label) == "Reason, if you refuse:"


def test_one_device_at_a_time_gets_a_certificate(here: Side, client: Client) -> None:
    vens = [enroll_ven(distributor=here.distributor, name=name).ven.pk for name in "AB"]
    assert act(signed_in(here.admin, client), "rotate", *vens).status_code == 302
    assert all(ven.certificates.count() == 1 for ven in Ven.objects.all())


def test_auditor_looks_and_changes_nothing(here: Side, client: Client) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump", resources=[("a", here.home)]).ven
    signed_in(here.auditor, client)
    assert client.get(f"/admin/openadr/ven/{ven.pk}/change/").status_code == 200
    act(client, "revoke", ven.pk)
    ven.refresh_from_db()
    assert ven.state == VenState.ENROLLED
