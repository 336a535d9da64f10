"""What admins do with VENs: enroll, new certificate, revoke, resources; the key is given out once."""

import io
import json
import re
import zipfile
from base64 import b64decode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEntry
from dashboards.tests.operator_tools import CUSTOMERS, browser
from dashboards.tests.ven_tools import make_ven
from openadr import pki
from openadr.models import Ven, VenCertificate, VenState

pytestmark = pytest.mark.django_db
NEW = "/ops/vens/new"


@pytest.fixture(autouse=True)
def _own_authority(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def admin(world):
    return browser(world.here.admin)


@pytest.fixture
def ven(world):
    return make_ven(world.here.distributor, "pump", world.here.home)


def asked(**changes):
    return {"name": "heat pump 1", "owner": "", "meters": "Hither-home\nHither-school", **changes}


def bundle(answer):
    """The files of the download in the answer, by name."""
    data = re.search(r'href="data:application/zip;base64,([^"]+)"', answer.content.decode())[1]
    found = zipfile.ZipFile(io.BytesIO(b64decode(data)))
    return {name.split("/")[1]: found.read(name).decode() for name in found.namelist()}


def test_enrolling_gives_certificate_key_and_configuration_in_one_answer(world, admin):
    answer = admin.post(NEW, asked())
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    files, ven = bundle(answer), Ven.objects.get()
    assert set(files) >= {"README.txt", "heat-pump-1.crt", "heat-pump-1.key", "heat-pump-1.json"}
    certificate = x509.load_pem_x509_certificate(files["heat-pump-1.crt"].encode())
    assert VenCertificate.objects.get(ven=ven).fingerprint == pki.fingerprint(certificate)
    key = load_pem_private_key(files["heat-pump-1.key"].encode(), None)
    assert key.public_key() == certificate.public_key()
    assert json.loads(files["heat-pump-1.json"])["ven_id"] == ven.ven_id
    assert sorted(ven.resources.values_list("name", flat=True)) == ["Hither-home", "Hither-school"]
    assert (ven.created_by, ven.owner) == (world.here.admin, None)


def test_the_key_is_kept_nowhere(admin, world):
    key = bundle(admin.post(NEW, asked()))["heat-pump-1.key"]
    secret = key.splitlines()[1]
    for page in ("/ops/vens", f"/ops/vens/{Ven.objects.get().pk}", NEW):
        assert secret not in admin.get(page).content.decode()
    assert not any(secret in str(session.get_decoded()) for session in Session.objects.all())
    assert not AuditEntry.objects.filter(changes__icontains=secret).exists()


def test_sending_the_form_again_makes_no_second_ven(admin):
    admin.post(NEW, asked())
    again = admin.post(NEW, asked())
    assert "There is a VEN of this name already." in again.content.decode()
    assert "data:application/zip" not in again.content.decode()
    assert Ven.objects.count() == VenCertificate.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "<b>"}, "Use letters, digits"),
        ({"name": "x" * 65}, "at most 64"),
        ({"name": "a\nb"}, "Use letters, digits"),
        ({"meters": "Thither-home"}, "There is no meter of this number: Thither-home."),
        ({"meters": "a " * 300 + " ".join(map(str, range(300)))}, "At most 200 meters"),
        ({"owner": "nobody@example.com"}, "There is no resident of this address"),
        ({"owner": "Thither Schools"}, "There is no resident of this address"),
    ],
)
def test_a_wrong_form_makes_nothing(admin, changes, words):
    answer = admin.post(NEW, asked(**changes))
    assert words in answer.content.decode()
    assert not Ven.objects.exists()


@pytest.mark.parametrize("of", ["resident", "organization", "staff", "member"])
def test_an_owner_is_a_resident_or_an_organization(world, admin, of):
    owner = getattr(world.here, of)
    admin.post(NEW, asked(owner=owner.name if of == "organization" else owner.email))
    found = Ven.objects.first()
    if of in ("staff", "member"):
        assert found is None
    else:
        assert found.owner_id == owner.pk


def test_only_admins_change_anything(world, ven):
    steps = ("rotate", "revoke", "reregister", "lenient", "strict", "map", "end", "pin", "revoke_certificate", "x")
    for name in ("staff", "auditor", *CUSTOMERS):
        client = browser(getattr(world.here, name))
        assert client.get(NEW).status_code == 403
        assert client.post(NEW, asked()).status_code == 403
        for step in steps:
            assert client.post(f"/ops/vens/{ven.pk}", {"action": step, "reason": "x"}).status_code == 403
    foreign = browser(world.there.admin)
    for step in steps:
        assert foreign.post(f"/ops/vens/{ven.pk}", {"action": step, "reason": "x"}).status_code == 404
    text = browser(world.here.auditor).get(f"/ops/vens/{ven.pk}").content.decode()
    assert "popovertarget" not in text.split("<main")[1].split("</main")[0]
    assert Ven.objects.get().state == VenState.REGISTERED


def question(admin, ven) -> dict[str, str]:
    """What the page sends when a new certificate is asked for."""
    shown = re.search(r'name="after"\s+value="(\d+)"', admin.get(f"/ops/vens/{ven.pk}").content.decode())
    return {"action": "rotate", "after": shown[1]}


def test_a_new_certificate_leaves_the_old_one_good_for_a_while(admin, ven):
    files = bundle(admin.post(f"/ops/vens/{ven.pk}", question(admin, ven)))
    assert "pump.key" in files
    assert ven.certificates.filter(revoked_at=None).count() == 2


def test_a_lost_key_ends_the_old_certificate_at_once(admin, ven):
    admin.post(f"/ops/vens/{ven.pk}", question(admin, ven) | {"at_once": "1"})
    assert ven.certificates.filter(revoked_at=None).count() == 1


@pytest.mark.parametrize("more", [{}, {"at_once": "1"}])
def test_the_page_of_a_new_certificate_loaded_again_issues_none(admin, ven, more):
    asked = question(admin, ven) | more
    admin.post(f"/ops/vens/{ven.pk}", asked)
    before = list(ven.certificates.order_by("pk").values_list("pk", "valid_to", "revoked_at"))
    again = admin.post(f"/ops/vens/{ven.pk}", asked).content.decode()
    assert "No new certificate" in again
    assert "data:application/zip" not in again
    assert list(ven.certificates.order_by("pk").values_list("pk", "valid_to", "revoked_at")) == before
    assert "data:application/zip" in admin.post(f"/ops/vens/{ven.pk}", question(admin, ven)).content.decode()


@pytest.mark.parametrize("after", ["", "x", "-1", "9" * 30])
def test_a_new_certificate_without_the_question_is_refused(admin, ven, after):
    assert (
        "No new certificate" in admin.post(f"/ops/vens/{ven.pk}", {"action": "rotate", "after": after}).content.decode()
    )
    assert ven.certificates.count() == 1


def test_revoking_wants_a_reason_and_is_for_good(world, admin, ven):
    address = f"/ops/vens/{ven.pk}"
    assert (
        "Say why it is revoked"
        in admin.post(address, {"action": "revoke", "reason": " "}, follow=True).content.decode()
    )
    text = admin.post(address, {"action": "revoke", "reason": "stolen"}, follow=True).content.decode()
    ven.refresh_from_db()
    assert (ven.state, ven.revoke_reason) == (VenState.REVOKED, "stolen")
    assert "This VEN is revoked." in text
    assert not ven.certificates.filter(revoked_at=None).exists()
    refused = admin.post(address, {"action": "rotate"}).content.decode()
    assert "No new certificate" in refused
    assert "data:application/zip" not in refused
    assert AuditEntry.objects.filter(act="ven.revoked", actor=world.here.admin).exists()


def test_one_certificate_is_revoked_and_the_ven_stays(admin, ven):
    certificate = ven.certificates.get()
    admin.post(f"/ops/vens/{ven.pk}", {"action": "revoke_certificate", "certificate": certificate.pk})
    text = admin.get(f"/ops/vens/{ven.pk}").content.decode()
    assert "It has no certificate." in text


def test_lenient_is_switched_on_and_off_and_never_with_signatures(world, admin, ven):
    for step, expected in (("lenient", True), ("lenient", True), ("strict", False)):
        admin.post(f"/ops/vens/{ven.pk}", {"action": step})
        ven.refresh_from_db()
        assert ven.is_lenient is expected
    assert AuditEntry.objects.filter(act="ven.lenient", actor=world.here.admin).exists()
    signing = make_ven(world.here.distributor, "signs", must_sign=True)
    answer = admin.post(f"/ops/vens/{signing.pk}", {"action": "lenient"}, follow=True)
    assert "choose one of the two" in answer.content.decode()


def test_a_registered_ven_is_asked_to_register_again(admin, ven):
    text = admin.post(f"/ops/vens/{ven.pk}", {"action": "reregister"}, follow=True).content.decode()
    assert "At its next poll it is told to register again." in text
    ven.refresh_from_db()
    assert ven.must_reregister


def test_a_resource_is_added_and_ended(world, admin, ven):
    address = f"/ops/vens/{ven.pk}"
    fields = {"resource-name": "charger", "resource-meter": "Hither-school", "resource-is_source": "on"}
    admin.post(address, {"action": "map", **fields})
    row = ven.resources.get(name="charger")
    assert (row.meter, row.is_source) == (world.here.school, True)
    for meter, words in (("Thither-home", "There is no meter of this number"), ("", "Say whose readings they are.")):
        text = admin.post(address, {"action": "map", **fields, "resource-meter": meter}).content.decode()
        assert words in text
    admin.post(address, {"action": "end", "resource": row.pk})
    row.refresh_from_db()
    assert row.ended_at is not None
    for wrong in ("", "x", "9" * 30, str(make_ven(world.here.distributor, "o", world.here.home).resources.get().pk)):
        assert admin.post(address, {"action": "end", "resource": wrong}).status_code == 404


def test_a_devices_own_certificate_is_pinned(admin, ven):
    address, issued = f"/ops/vens/{ven.pk}", pki.issue_ven("its own")
    pem = SimpleUploadedFile("own.pem", issued.certificate_pem.encode())
    text = admin.post(address, {"action": "pin", "pin-pem": pem}, follow=True).content.decode()
    assert "Pinned" in text
    assert ven.certificates.filter(is_ours=False).count() == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no certificate", "This is no certificate in PEM."),
        (b"-----BEGIN PRIVATE KEY-----", "This file holds a private key."),
        (b"x" * 70_000, "This is too large"),
        (b"\xff\xfe", "This is no certificate in PEM."),
    ],
)
def test_what_is_no_certificate_is_not_pinned(admin, ven, content, words):
    file = SimpleUploadedFile("own.pem", content)
    answer = admin.post(f"/ops/vens/{ven.pk}", {"action": "pin", "pin-pem": file})
    assert words in answer.content.decode()
    assert ven.certificates.count() == 1
