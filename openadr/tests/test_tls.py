"""How the VTN listens, and whose word it takes for a certificate."""

import ssl
from urllib.parse import quote

import pytest
from aiohttp.test_utils import make_mocked_request
from django.core.exceptions import ImproperlyConfigured
from multidict import CIMultiDict

from openadr import pki
from openadr.vtn20b import tls


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR, settings.DEMO = tmp_path, False
    tls._is_proxy.cache_clear()
    yield
    tls._is_proxy.cache_clear()


def test_plain_http_is_refused_outside_the_demonstration() -> None:
    with pytest.raises(ImproperlyConfigured, match="Plain HTTP"):
        tls.door("127.0.0.1", is_plain=True)


def test_demonstration_listens_at_loopback_only(settings) -> None:
    settings.DEMO = True
    assert tls.door("127.0.0.1", is_plain=True) == tls.Door(None, is_open=True)
    for host in ("0.0.0.0", "10.0.0.1", "::"):
        with pytest.raises(ImproperlyConfigured, match=r"127\.0\.0\.1 only"):
            tls.door(host, is_plain=True)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]", "[::1]:8080"])
def test_own_names_of_the_machine(host) -> None:
    assert tls.is_own_name(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "0.0.0.0",
     "[::2]:8080", "[::1", "::1]", "[]", "[", ":", "a@localhost", "localhost@evil.example", "localhost.", "2130706433"],
)  # fmt: skip
def test_names_of_others(host) -> None:
    assert not tls.is_own_name(host)


def test_proxy_makes_plain_http_possible_but_never_open(settings) -> None:
    settings.VTN_PROXIES = ["10.0.0.5"]
    for settings.DEMO in (False, True):
        found = tls.door("0.0.0.0", is_plain=True)
        assert (found.is_open, found.has_proxy) == (False, True)


def test_tls_asks_for_a_certificate_and_is_not_old() -> None:
    context = tls.door("0.0.0.0", is_plain=False).context
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_missing_files_are_one_sentence(settings) -> None:
    settings.VTN_CLIENT_CAS = "/nowhere/cas.pem"
    with pytest.raises(ImproperlyConfigured, match="VTN_CLIENT_CAS"):
        tls.server_context()


def _said(peer: str, *values: str) -> str | None:
    request = make_mocked_request(
        "POST", "/", headers=CIMultiDict([("X-Client-Certificate", value) for value in values])
    ).clone(remote=peer)
    return tls.fingerprint_by_proxy(request)


def test_header_counts_from_a_configured_proxy_only(settings) -> None:
    settings.VTN_PROXIES = ["10.0.0.5", "10.1.0.0/16", "::1"]
    print_ = "ab" * 32
    for peer in ("10.0.0.5", "10.1.2.3", "::1", "::ffff:10.0.0.5"):
        assert _said(peer, print_) == print_
    for peer in ("10.0.0.6", "10.2.0.1", "127.0.0.1", "", "unix:", "::2"):
        assert _said(peer, print_) is None


def test_header_is_a_sha256_or_a_certificate_and_stands_there_once(settings) -> None:
    settings.VTN_PROXIES = ["10.0.0.5"]
    issued = pki.issue_ven("Pump")
    own = pki.fingerprint(issued.certificate)
    colons = ":".join(own[at : at + 2] for at in range(0, 64, 2)).upper()
    for value in (own, colons, quote(issued.certificate_pem, safe="")):
        assert _said("10.0.0.5", value) == own
    for value in (
        "",
        own[:40],
        "g" * 64,
        quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
        "BEGIN",
    ):
        assert _said("10.0.0.5", value) is None
    assert _said("10.0.0.5", own, own) is None
    assert _said("10.0.0.5") is None
