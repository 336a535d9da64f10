"""manage.py ven, and what doctor says of certificates."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from openadr import identity, pki
from openadr.models import Ven, VenState
from tests.builder import Side

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"


def ven(here: Side, *arguments: str) -> str:
    said = io.StringIO()
    call_command("ven", *arguments, "--distributor", here.distributor.name, stdout=said)
    return said.getvalue()


def test_enroll_writes_files_and_says_what_to_do_next(here: Side, tmp_path) -> None:
    out = tmp_path / "out"
    said = ven(here, "enroll", "Pump 7", "--meter", here.home.number, "--owner", here.resident.email, "--out", str(out))
    row = Ven.objects.get(name="Pump 7")
    assert {path.name for path in out.iterdir()} == {"Pump-7.crt", "Pump-7.key", "Pump-7.json", "ca.crt"}
    assert (out / "Pump-7.key").stat().st_mode & 0o777 == 0o600
    assert row.owner_id == here.resident.pk
    assert row.resources.get().meter == here.home
    assert json.loads((out / "Pump-7.json").read_text())["ven_id"] == row.ven_id
    for words in ("What to do next", "OpenADRClient", "register at http"):
        assert words in said


def test_owner_in_an_organization_stands_for_it(here: Side, tmp_path) -> None:
    ven(here, "enroll", "Pump", "--owner", here.member.email, "--out", str(tmp_path / "out"))
    assert Ven.objects.get().owner_id == here.organization.pk


def test_files_are_never_overwritten_and_nothing_is_enrolled_then(here: Side, tmp_path) -> None:
    for name in ("Pump.crt", "Pump.key", "Pump.json"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(CommandError, match="is there already"):
            ven(here, "enroll", "Pump", "--out", str(tmp_path))
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
    (tmp_path / "ca.crt").write_text("of somebody else")
    with pytest.raises(CommandError, match="is there already"):
        ven(here, "enroll", "Pump", "--out", str(tmp_path))
    assert not Ven.objects.exists()
    assert not (tmp_path / "Pump.key").exists()


def test_two_devices_share_a_folder(here: Side, tmp_path) -> None:
    for name in ("A", "B"):
        ven(here, "enroll", name, "--out", str(tmp_path / "out"))
    assert len(list((tmp_path / "out").iterdir())) == 7


def test_rotate_pin_map_revoke_and_list(here: Side, tmp_path) -> None:
    ven(here, "enroll", "Pump", "--out", str(tmp_path / "a"))
    assert "7 days" in ven(here, "rotate", "Pump", "--out", str(tmp_path / "b"))
    other = pki.issue_ven("its own")
    (tmp_path / "own.pem").write_text(other.certificate_pem)
    assert pki.fingerprint(other.certificate) in ven(here, "pin", "Pump", str(tmp_path / "own.pem"))
    assert "meter’s readings" in ven(here, "map", "Pump", "heat", here.home.number)
    assert "behind no meter" in ven(here, "map", "Pump", "tank")
    assert "no longer" in ven(here, "map", "Pump", "tank", "--end")
    said = ven(here, "list")
    for words in ("Pump", "enrolled", "never heard", "heat", "certificate until"):
        assert words in said
    assert "tank" not in said
    assert "revoked" in ven(here, "revoke", "Pump", "--reason", "stolen")
    assert Ven.objects.get().state == VenState.REVOKED


@pytest.mark.parametrize(
    "arguments",
    [
        ("rotate", "Nobody"),
        ("map", "Nobody", "x"),
        ("enroll", "Pump", "--meter", "none"),
        ("enroll", "Pump", "--owner", "nobody@example.com"),
    ],
)
def test_what_is_not_there_is_one_sentence(here: Side, tmp_path, monkeypatch, arguments) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError):
        ven(here, *arguments)
    assert not Ven.objects.exists()
    assert not list(tmp_path.glob("*.key"))


def test_certificate_file_that_is_missing_is_one_sentence(here: Side, tmp_path) -> None:
    ven(here, "enroll", "Pump", "--out", str(tmp_path / "a"))
    with pytest.raises(CommandError, match="No such file"):
        ven(here, "pin", "Pump", str(tmp_path / "none.pem"))


def test_doctor_finds_certificates_that_run_out(here: Side, tmp_path, settings) -> None:
    assert identity.vtn()[0]
    ven(here, "enroll", "Pump", "--out", str(tmp_path / "a"))
    pki.server_files()
    assert identity.vtn()[0]
    assert identity.devices() == (True, "Devices: 1 enrolled, no certificate runs out within 30 days.")
    Ven.objects.get().certificates.update(valid_to=timezone.now() + timedelta(days=29))
    is_well, words = identity.devices()
    assert (is_well, "Pump" in words) == (False, True)
    (settings.VAR_DIR / "pki" / "ca.key").chmod(0o644)
    assert not identity.vtn()[0]


def test_doctor_finds_a_lost_authority(here: Side, tmp_path, settings) -> None:
    ven(here, "enroll", "Pump", "--out", str(tmp_path / "a"))
    settings.VAR_DIR = tmp_path / "elsewhere"
    is_well, words = identity.vtn()
    assert (is_well, "Put the folder back" in words) == (False, True)


def test_doctor_finds_a_certificate_that_is_nearly_out(settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pki, "SERVER_DAYS", 20)
    certificate, key = pki.server_files()
    settings.VTN_CERTIFICATE, settings.VTN_KEY = str(certificate), str(key)
    is_well, words = identity.vtn()
    assert (is_well, "VTN_CERTIFICATE" in words) == (False, True)
