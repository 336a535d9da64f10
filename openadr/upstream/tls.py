"""How the portal shows itself to a VTN, and knows the VTN."""

import secrets
import ssl
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from openadr.upstream.faults import Fault


def context_for(*, certificate: str, key: str, ca: str, is_pinned: bool) -> ssl.SSLContext:
    """How a connection proves both ends.

    The VTN is known by the CA that was entered and its name; without one by those that the machine trusts. With its
    certificate's fingerprint pinned, that alone counts: VTNs often have certificates of no known CA, for no name.

    Raises:
        Fault: "own_key" where certificate and key do not go together, "untrusted" where the CA is none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if is_pinned:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif ca:
        _trust(context, ca)
    else:
        context.load_default_certs()
    if certificate:
        _show(context, certificate, key)
    return context


def _trust(context: ssl.SSLContext, ca: str) -> None:
    try:
        context.load_verify_locations(cadata=ca)
    except (ssl.SSLError, ValueError):
        raise Fault("untrusted") from None


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Loads certificate and key, which the library takes from files only: on the disk the key is never in clear."""
    password = secrets.token_bytes(24).hex().encode()
    try:
        own = serialization.load_pem_private_key(key.encode(), None)
        sealed = own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        )
        with TemporaryDirectory() as folder:
            pem = Path(folder) / "pem"
            pem.write_bytes(certificate.strip().encode() + b"\n" + sealed)
            context.load_cert_chain(pem, password=password)
    except (ssl.SSLError, ValueError, TypeError):
        raise Fault("own_key") from None


def fingerprint_of(certificate: str) -> str:
    """The SHA-256 of the first certificate of a PEM, in hex; empty where there is none."""
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        return ""
    return sha256(found.public_bytes(serialization.Encoding.DER)).hexdigest()


def check_pin(sock: ssl.SSLSocket, fingerprint: str) -> None:
    """Passes a VTN whose certificate is the one that was entered.

    Raises:
        Fault: "fingerprint" where it is another one.
    """
    shown = sock.getpeercert(binary_form=True) or b""
    if not secrets.compare_digest(sha256(shown).hexdigest(), fingerprint):
        raise Fault("fingerprint", sha256(shown).hexdigest())
