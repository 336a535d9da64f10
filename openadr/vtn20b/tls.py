"""How the VTN knows the certificate of who is talking: from its own TLS, or from a configured proxy."""

import ssl
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import unquote

from aiohttp.web import BaseRequest
from cryptography import x509
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from openadr import pki

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Door:
    """How a VTN process lets messages in.

    Attributes:
        context: for its own TLS; None for plain HTTP.
        is_open: no certificate is asked; only in the demonstration, on loopback.
        has_proxy: the certificate is what a proxy of VTN_PROXIES says.
    """

    context: ssl.SSLContext | None
    is_open: bool = False
    has_proxy: bool = False


def door(host: str, *, is_plain: bool) -> Door:
    """How to listen at `host`; `is_plain` asks for plain HTTP, without TLS in this process.

    Raises:
        ImproperlyConfigured: Nobody would check certificates there, and it is not the demonstration on loopback.
    """
    if not is_plain:
        return Door(server_context())
    if settings.VTN_PROXIES:
        return Door(None, has_proxy=True)
    if not settings.DEMO:
        raise ImproperlyConfigured(
            "Plain HTTP would let anybody speak for any device: leave TLS on, or set VTN_PROXIES to the proxy that "
            "checks certificates. Only the demonstration (DEMO=true) goes without."
        )
    if host not in LOOPBACK:
        raise ImproperlyConfigured(
            f"The demonstration asks for no certificates, so it listens at 127.0.0.1 only, not at {host}."
        )
    return Door(None, is_open=True)


@lru_cache(64)
def is_own_name(host: str) -> bool:
    """Whether a Host header names this machine to itself.

    A page of the web can have its own name point here; the browser then sends that name, and no other page's.

    >>> [is_own_name(host) for host in ("localhost:8080", "127.0.0.1", "[::1]:8080", "127.0.0.1.example.com", "")]
    [True, True, True, False, False]
    """
    name = host[: host.find("]") + 1].strip("[]") if host.startswith("[") else host.partition(":")[0]
    try:
        return name.lower() == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def server_context() -> ssl.SSLContext:
    """TLS 1.2 or newer, for clients with a certificate of the own authority or of VTN_CLIENT_CAS.

    Raises:
        ImproperlyConfigured: A file is missing or not what it should be.
    """
    certificate, key = pki.server_files()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(cadata=pki.authority_pem())
        if settings.VTN_CLIENT_CAS:
            context.load_verify_locations(cafile=settings.VTN_CLIENT_CAS)
    except (OSError, ssl.SSLError) as problem:
        raise ImproperlyConfigured(
            f"VTN_CERTIFICATE, VTN_KEY or VTN_CLIENT_CAS cannot be used: {problem}."
        ) from problem
    return context


def fingerprint_by_proxy(request: BaseRequest) -> str | None:
    """SHA-256 of the certificate that a proxy saw, in hex; None where the request is not from one, or it says none.

    A header that stands there twice says nothing: one of the two may be the client's own.
    """
    values = request.headers.getall(settings.VTN_FINGERPRINT_HEADER, [])
    if len(values) != 1 or not _is_proxy(request.remote or ""):
        return None
    return _told(values[0])


@lru_cache(1024)
def _is_proxy(peer: str) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ip_network(each, strict=False) for each in settings.VTN_PROXIES)


@lru_cache(4096)
def _told(value: str) -> str | None:
    plain = value.replace(":", "").strip().lower()
    if len(plain) == 64 and not set(plain) - set("0123456789abcdef"):
        return plain
    if "BEGIN" not in value or len(value) > 16_000:
        return None
    try:
        return pki.fingerprint(x509.load_pem_x509_certificate(unquote(value).encode()))
    except ValueError:
        return None


def own_certificate() -> x509.Certificate | None:
    """The certificate that the VTN shows; None where there is none yet.

    Raises:
        OSError, ValueError: It cannot be read.
    """
    path = Path(settings.VTN_CERTIFICATE) if settings.VTN_CERTIFICATE else pki.folder() / "vtn.crt"
    return x509.load_pem_x509_certificate(path.read_bytes()) if settings.VTN_CERTIFICATE or path.exists() else None
