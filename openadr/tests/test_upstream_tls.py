"""Mutual TLS and signatures, against openleadr's own server, which asks for both."""

import pytest
from cryptography import x509
from openleadr.utils import certificate_fingerprint

from openadr import pki
from openadr.models import Upstream
from openadr.services.upstream import BadUpstream, Entered, change_upstream, set_up_upstream
from openadr.tests.upstream_world import OtherVtn, make_town, make_upstream, poll_now
from openadr.upstream.tls import fingerprint_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_authority(settings, tmp_path):
    settings.DEMO, settings.VAR_DIR = True, tmp_path


@pytest.fixture
def ours():
    return pki.issue_ven("larkfield")


@pytest.fixture
def theirs():
    return pki.issue_server(["127.0.0.1"])


@pytest.fixture
def vtn(tmp_path, ours, theirs):
    files = {"ca": pki.authority_pem(), "crt": theirs.certificate_pem, "key": theirs.key_pem}
    for name, text in files.items():
        (tmp_path / f"vtn.{name}").write_text(text)
    crt, key = str(tmp_path / "vtn.crt"), str(tmp_path / "vtn.key")
    state = {"fingerprint": certificate_fingerprint(ours.certificate_pem)}
    with OtherVtn(
        cert=crt, key=key, http_cert=crt, http_key=key, http_ca_file=str(tmp_path / "vtn.ca"), state=state
    ) as vtn:
        yield vtn


def connected(here, vtn, ours, **fields):
    proof = {"certificate": ours.certificate_pem, "key": ours.key_pem} if ours else {}
    values = {"url": f"https://127.0.0.1:{vtn.port}", **proof} | fields
    return poll_now(make_upstream(make_town(here.distributor), vtn.port, **values))


def test_both_ends_are_proven_and_messages_signed(here, vtn, ours):
    upstream = connected(here, vtn, ours, ca=pki.authority_pem(), signs=True)
    assert upstream.last_fault == ""
    poll_now(upstream)
    assert upstream.last_fault == ""
    assert len(vtn.heard("oadrPoll")) == 2


def test_a_pinned_certificate_needs_no_authority(here, vtn, ours, theirs):
    pin = fingerprint_of(theirs.certificate_pem)
    coloned = ":".join(pin[place : place + 2] for place in range(0, 64, 2)).upper()
    assert connected(here, vtn, ours, fingerprint=coloned, signs=True).last_fault == ""


def test_another_certificate_than_the_pinned_hears_nothing(here, vtn, ours):
    upstream = connected(here, vtn, ours, fingerprint="ab" * 32, signs=True)
    assert upstream.last_fault.startswith("fingerprint ")
    assert vtn.heard("oadrQueryRegistration") == []


def test_an_unknown_authority_is_refused(here, vtn, ours):
    upstream = connected(here, vtn, ours)
    assert upstream.last_fault.startswith("untrusted")
    assert vtn.heard("oadrQueryRegistration") == []


def test_a_certificate_for_another_name_is_refused(here, vtn, ours, tmp_path):
    upstream = connected(here, vtn, ours, ca=pki.authority_pem(), url=f"https://localhost:{vtn.port}")
    assert upstream.last_fault.startswith("untrusted")


def test_without_our_certificate_it_says_that_it_is_missing(here, vtn):
    upstream = connected(here, vtn, None, ca=pki.authority_pem())
    assert upstream.last_fault.startswith(("own_certificate", "cut"))


def test_the_key_is_kept_sealed_and_left_where_none_is_entered(here, ours):
    town = make_town(here.distributor)
    upstream = make_upstream(town, 1, certificate=ours.certificate_pem, key=ours.key_pem)
    assert "PRIVATE KEY" not in str(Upstream.objects.values().get(pk=upstream.pk))
    entered = Entered(
        name="Renamed", url=upstream.url, program=town, ven_name="larkfield", certificate=ours.certificate_pem
    )
    changed = change_upstream(upstream=upstream, entered=entered, by=here.admin)
    assert changed.name == "Renamed"
    assert changed.key_sealed == upstream.key_sealed


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"certificate": "nonsense"}, "certificate"),
        ({"key": "nonsense"}, "certificate"),
        ({"ca": "nonsense"}, "ca"),
        ({"fingerprint": "12"}, "fingerprint"),
        ({"signs": True}, "certificate"),
        ({"url": "http://"}, "url"),
        ({"poll_seconds": 0}, "poll_seconds"),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_field(here, fields, field):
    town = make_town(here.distributor)
    values = {"name": "Market", "url": "https://vtn.example.com", "program": town, "ven_name": "larkfield"} | fields
    with pytest.raises(BadUpstream) as refusal:
        set_up_upstream(distributor=here.distributor, entered=Entered(**values), by=here.admin)
    assert refusal.value.field == field


def test_a_key_of_another_certificate_is_refused(here, ours):
    town = make_town(here.distributor)
    other = pki.issue_ven("other")
    entered = Entered(
        "Market", "https://vtn.example.com", town, "x", certificate=ours.certificate_pem, key=other.key_pem
    )
    with pytest.raises(BadUpstream, match="do not go together"):
        set_up_upstream(distributor=here.distributor, entered=entered, by=here.admin)


def test_a_key_pasted_beside_the_certificate_is_not_kept_in_clear(here, ours):
    town = make_town(here.distributor)
    upstream = make_upstream(town, 1, certificate=ours.certificate_pem + ours.key_pem, key=ours.key_pem)
    assert "PRIVATE" not in upstream.certificate
    assert x509.load_pem_x509_certificate(upstream.certificate.encode()) == ours.certificate
