"""Enrolling, renewing, revoking, pinning and mapping."""

import json
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import override_settings
from django.utils import timezone

from accounts.models import AuditEntry
from meters.models import MeterMap
from openadr import pki
from openadr.errors import EnrollRefused
from openadr.models import ChangeCounter, Resource, Ven, VenCertificate, VenState
from openadr.services import enrolling
from openadr.services.enrolling import (
    announce_expired,
    end_resource,
    enroll_ven,
    map_resource,
    pin_certificate,
    revoke_certificate,
    revoke_ven,
    rotate_certificate,
)
from simulator.ven.config import read_config
from tests.builder import Side, World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"


def number() -> int:
    return ChangeCounter.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def self_signed(name: str, key=None, days: int = 10) -> x509.Certificate:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )


def pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def test_enrolled_ven_has_a_pinned_certificate_of_the_authority(here: Side) -> None:
    enrolled = enroll_ven(distributor=here.distributor, name="Pump 7", by=here.admin)
    certificate = pki.read_certificate(enrolled.certificate_pem.encode())
    pinned = enrolled.ven.certificates.get()
    assert pinned.fingerprint == pki.fingerprint(certificate)
    certificate.verify_directly_issued_by(pki.authority().certificate)
    assert certificate.subject.rfc4514_string() == "CN=Pump 7"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.CLIENT_AUTH]
    assert timedelta(days=728) < pki.time_left(certificate) < timedelta(days=731)
    assert enrolled.ven.state == VenState.ENROLLED
    assert enrolled.ven.created_by == here.admin


def test_key_of_a_ven_is_stored_nowhere(here: Side, settings) -> None:
    enrolled = enroll_ven(distributor=here.distributor, name="Pump 7")
    secret = "".join(enrolled.key_pem.splitlines()[1:-1])
    stored = [path.read_text() for path in settings.VAR_DIR.rglob("*") if path.is_file()]
    assert all(secret not in text.replace("\n", "") for text in stored)
    history = " ".join(str(entry.changes) for entry in AuditEntry.objects.all())
    assert secret[:60] not in history


def test_enrolling_is_in_the_history_and_binds_the_processes(here: Side) -> None:
    before = number()
    enroll_ven(distributor=here.distributor, name="Pump 7", by=here.admin)
    assert number() > before
    assert AuditEntry.objects.filter(act="ven.enrolled", actor=here.admin).count() == 2


def test_configuration_can_be_used_by_the_simulator(here: Side, tmp_path) -> None:
    enrolled = enroll_ven(
        distributor=here.distributor, name="Pump/7", resources=[(here.home.number, here.home), ("charger", None)]
    )
    for name, text in enrolled.files.items():
        (tmp_path / name).write_text(text)
    config = read_config(tmp_path / "Pump-7.json")
    assert (config.ven_name, config.ven_id) == ("Pump/7", enrolled.ven.ven_id)
    assert {(row.name, row.meter) for row in config.resources} == {
        (here.home.number, here.home.number),
        ("charger", ""),
    }
    assert config.key is not None
    assert config.key.read_text() == enrolled.key_pem


@pytest.mark.parametrize("name", ["", " x", "x ", "a\nb", "a\x00b", "x" * 65, "Ä" * 33])
def test_name_that_cannot_be_one_is_refused(here: Side, name: str) -> None:
    with pytest.raises(EnrollRefused):
        enroll_ven(distributor=here.distributor, name=name)
    assert not Ven.objects.exists()


def test_longest_name_of_several_bytes_a_letter_is_in_the_certificate(here: Side) -> None:
    enrolled = enroll_ven(distributor=here.distributor, name="Ä" * 32)
    assert enrolled.ven.certificates.get().subject == "CN=" + "Ä" * 32


def test_name_is_taken_once_in_a_distributor(world: World) -> None:
    enroll_ven(distributor=world.here.distributor, name="Pump")
    enroll_ven(distributor=world.there.distributor, name="Pump")
    with pytest.raises(EnrollRefused, match="name already"):
        enroll_ven(distributor=world.here.distributor, name="Pump")


def test_owner_must_be_approved_and_of_the_distributor(world: World) -> None:
    here = world.here
    for owner in (here.pending, world.there.resident, here.distributor):
        with pytest.raises(EnrollRefused):
            enroll_ven(
                distributor=here.distributor,
                name="Pump",
                owner=owner.entity_ptr if hasattr(owner, "entity_ptr") else owner,
            )
    assert enroll_ven(distributor=here.distributor, name="Pump", owner=here.organization.entity).ven.owner_id


def test_meter_of_another_distributor_is_refused_and_nothing_is_left(world: World) -> None:
    with pytest.raises(EnrollRefused):
        enroll_ven(distributor=world.here.distributor, name="Pump", resources=[("a", world.there.home)])
    assert not Resource.objects.exists()


def test_the_device_of_who_left_the_meter_gives_way_to_that_of_who_has_it(here: Side) -> None:
    old = enroll_ven(
        distributor=here.distributor, name="Old", owner=here.organization, resources=[("a", here.school)]
    ).ven
    new = enroll_ven(distributor=here.distributor, name="New").ven
    assert not map_resource(ven=new, name="b", meter=here.school).is_source
    held = MeterMap.objects.filter(meter=here.school, entity=here.organization.pk)
    held.update(valid_to=timezone.now())
    assert map_resource(ven=new, name="b", meter=here.school).is_source
    assert not old.resources.get().is_source


def test_first_resource_behind_a_meter_reports_its_readings(here: Side) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump", resources=[("a", here.home)]).ven
    other = map_resource(ven=ven, name="b", meter=here.home)
    assert ven.resources.get(name="a").is_source
    assert not other.is_source
    with pytest.raises(EnrollRefused):
        map_resource(ven=ven, name="b", meter=here.home, is_source=True)
    end_resource(resource=ven.resources.get(name="a"))
    assert map_resource(ven=ven, name="b", meter=here.home).is_source


def test_rotation_keeps_the_old_certificate_for_a_week(here: Side) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump").ven
    old = ven.certificates.get()
    rotate_certificate(ven=ven, by=here.admin)
    assert ven.certificates.filter(revoked_at=None, valid_to__gt=timezone.now()).count() == 2
    old.refresh_from_db()
    assert old.valid_to < timezone.now() + timedelta(days=7, minutes=1)
    rotate_certificate(ven=ven, is_at_once=True)
    assert ven.certificates.filter(revoked_at=None).count() == 1


def test_revoked_ven_has_no_certificate_and_frees_its_meters(here: Side) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump", resources=[("a", here.home)]).ven
    before = number()
    revoke_ven(ven=ven, reason="stolen", by=here.admin)
    revoke_ven(ven=ven)
    ven.refresh_from_db()
    assert (ven.state, ven.revoke_reason) == (VenState.REVOKED, "stolen")
    assert not ven.certificates.filter(revoked_at=None).exists()
    assert number() > before
    for refused in (rotate_certificate, lambda ven: map_resource(ven=ven, name="a", meter=None)):
        with pytest.raises(EnrollRefused):
            refused(ven=ven)
    other = enroll_ven(distributor=here.distributor, name="Pump 2", resources=[("a", here.home)]).ven
    assert other.resources.get().is_source


def test_revoking_one_certificate_leaves_the_other(here: Side) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump").ven
    first = ven.certificates.get()
    rotate_certificate(ven=ven)
    revoke_certificate(certificate=first, by=here.admin)
    revoke_certificate(certificate=first)
    assert ven.certificates.get(revoked_at=None) != first


def test_foreign_certificate_is_pinned_where_its_authority_is_taken(here: Side, settings, tmp_path) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump").ven
    foreign = self_signed("vendor")
    with pytest.raises(EnrollRefused, match="VTN_CLIENT_CAS"):
        pin_certificate(ven=ven, pem=pem_of(foreign))
    (tmp_path / "cas.pem").write_bytes(pem_of(foreign))
    settings.VTN_CLIENT_CAS = str(tmp_path / "cas.pem")
    pinned = pin_certificate(ven=ven, pem=pem_of(foreign), by=here.admin)
    assert (pinned.fingerprint, pinned.is_ours) == (pki.fingerprint(foreign), False)
    with pytest.raises(EnrollRefused, match="already"):
        pin_certificate(ven=ven, pem=pem_of(foreign))


def test_certificate_that_is_none_weak_or_old_is_refused(here: Side, settings) -> None:
    settings.VTN_PROXIES = ["127.0.0.1"]
    ven = enroll_ven(distributor=here.distributor, name="Pump").ven
    weak = self_signed("weak", rsa.generate_private_key(65537, 1024))
    for pem in (b"", b"nonsense", pem_of(weak), pem_of(self_signed("old", days=-1))):
        with pytest.raises(EnrollRefused):
            pin_certificate(ven=ven, pem=pem)
    assert VenCertificate.objects.count() == 1


def test_certificate_that_ran_out_is_announced(here: Side) -> None:
    ven = enroll_ven(distributor=here.distributor, name="Pump").ven
    assert announce_expired() == 0
    old = timezone.now() - timedelta(days=1)
    ven.certificates.update(valid_from=old, valid_to=timezone.now() - timedelta(seconds=5))
    before = number()
    assert announce_expired() == 1
    assert number() == before + 1


def test_authority_is_made_once_and_its_key_is_private(settings) -> None:
    first = pki.authority_pem()
    assert pki.authority_pem() == first
    assert (settings.VAR_DIR / "pki" / "ca.key").stat().st_mode & 0o777 == 0o600
    assert (settings.VAR_DIR / "pki").stat().st_mode & 0o777 == 0o700


def test_certificate_of_the_vtn_is_made_anew_for_another_name(settings) -> None:
    certificate, _key = pki.server_files()
    first = certificate.read_bytes()
    assert pki.server_files()[0].read_bytes() == first
    settings.VTN_URL = "https://vtn.example:8443"
    assert pki.server_files()[0].read_bytes() != first
    names = pki.read_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "vtn.example" in names.value.get_values_for_type(x509.DNSName)


def test_file_names_stay_in_their_folder() -> None:
    assert enrolling.file_stem("../../etc/x") == "-..-etc-x"
    assert enrolling.file_stem("..") == "ven"


@pytest.mark.parametrize("name", ["ca", "CA", "Ca"])
def test_certificate_of_the_authority_never_takes_the_place_of_the_vens(here: Side, name: str) -> None:
    enrolled = enroll_ven(distributor=here.distributor, name=name)
    stem = f"ven-{name}"
    assert set(enrolled.files) == {f"{stem}.crt", f"{stem}.key", f"{stem}.json", "ca.crt"}
    assert enrolled.files[f"{stem}.crt"] == enrolled.certificate_pem
    assert json.loads(enrolled.configuration)["certificate"] == f"{stem}.crt"


def test_configuration_is_json_with_signs_of_every_script(here: Side) -> None:
    enrolled = enroll_ven(distributor=here.distributor, name='Süd "1" <&>')
    assert json.loads(enrolled.configuration)["ven_name"] == 'Süd "1" <&>'


def test_processes_that_start_at_once_make_one_authority(settings) -> None:
    with get_context("fork").Pool(4) as pool:
        made = pool.map(_authority_of, [str(settings.VAR_DIR)] * 8)
    assert len(set(made)) == 1
    assert made[0] == pki.authority_pem()


def _authority_of(folder: str) -> str:
    with override_settings(VAR_DIR=folder):
        pki.server_files()
        return pki.authority_pem()
