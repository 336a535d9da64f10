"""The installation's own certificate authority: it vouches for the VTN and for VENs that have nobody else.

It lives in `VAR_DIR/pki`, its key readable by the portal's user alone. Keys of VENs are made here and kept nowhere.
"""

import fcntl
import hashlib
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings

DAY = timedelta(days=1)
AUTHORITY_DAYS = 3653
VEN_DAYS = 730
SERVER_DAYS = 730
# A clock of a device that is a little slow must not find its certificate to be of the future.
EARLIER = timedelta(hours=1)
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, both PEM."""

    certificate: x509.Certificate
    certificate_pem: str
    key_pem: str


@dataclass(frozen=True)
class Authority:
    """A certificate and the key that signs with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def folder() -> Path:
    """Where the authority and the VTN's own certificate are."""
    return Path(settings.VAR_DIR) / "pki"


def fingerprint(certificate: x509.Certificate) -> str:
    """Its full SHA-256, in hex."""
    return hashlib.sha256(certificate.public_bytes(DER)).hexdigest()


def authority() -> Authority:
    """The installation's own; made by the first process that needs it, while others wait."""
    path = folder()
    if not (path / "ca.crt").exists():
        with _alone(path):
            if not (path / "ca.crt").exists():
                made = _new_authority()
                _write(path / "ca.key", _key_pem(made.key), 0o600)
                # Last: who sees the certificate finds the key beside it.
                _write(path / "ca.crt", made.certificate.public_bytes(PEM).decode(), 0o644)
    return _read_authority(path, (path / "ca.crt").stat().st_mtime_ns)


def authority_pem() -> str:
    """The authority's certificate."""
    return authority().certificate.public_bytes(PEM).decode()


def trust_pem() -> str:
    """What a VEN needs to trust the VTN; empty where the VTN's certificate is from a public authority."""
    if not settings.VTN_CERTIFICATE:
        return authority_pem()
    chain = x509.load_pem_x509_certificates(Path(settings.VTN_CERTIFICATE).read_bytes())
    if chain[0].issuer == authority().certificate.subject:
        return authority_pem()
    return "".join(each.public_bytes(PEM).decode() for each in chain[1:] if each.issuer == each.subject)


def client_authorities() -> list[x509.Certificate]:
    """Whose certificates VENs may show to the VTN's own TLS."""
    others = Path(settings.VTN_CLIENT_CAS).read_bytes() if settings.VTN_CLIENT_CAS else b""
    return [authority().certificate, *(x509.load_pem_x509_certificates(others) if others else [])]


def issue_ven(name: str) -> Issued:
    """A certificate for a VEN, good for two years, to say who it is to the VTN; name and SAN are the VEN's name."""
    return _issue(name, VEN_DAYS, [x509.DirectoryName(_subject(name))], ExtendedKeyUsageOID.CLIENT_AUTH)


def issue_server(names: list[str]) -> Issued:
    """A certificate for a VTN that is reached by these host names and addresses."""
    return _issue(names[0][:64], SERVER_DAYS, [_alternative(name) for name in names], ExtendedKeyUsageOID.SERVER_AUTH)


def server_files() -> tuple[Path, Path]:
    """The VTN's certificate and key: those of VTN_CERTIFICATE and VTN_KEY, else one of the own authority.

    The own one is made anew when it has less than a month left, or when the VTN is reached by another name.
    """
    if settings.VTN_CERTIFICATE:
        return Path(settings.VTN_CERTIFICATE), Path(settings.VTN_KEY)
    path, names = folder(), server_names()
    certificate, key = path / "vtn.crt", path / "vtn.key"
    ca = authority()
    with _alone(path):
        if not _is_good(certificate, key, names, ca):
            issued = issue_server(names)
            certificate.unlink(missing_ok=True)
            _write(key, issued.key_pem, 0o600)
            _write(certificate, issued.certificate_pem, 0o644)
    return certificate, key


def server_names() -> list[str]:
    """How the VTN is reached."""
    host = urlsplit(settings.VTN_URL).hostname or "localhost"
    return list(dict.fromkeys([host, "localhost", "127.0.0.1", "::1", socket.gethostname()]))


def read_certificate(pem: bytes) -> x509.Certificate:
    """The first certificate in a PEM text.

    Raises:
        ValueError: There is none.
    """
    return x509.load_pem_x509_certificate(pem)


def subject_of(certificate: x509.Certificate) -> str:
    """Whose certificate it is, in RFC 4514's words, at most 200 letters."""
    return certificate.subject.rfc4514_string()[:200]


def _new_authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    # Each installation's has its own name, so that nobody takes one for the other.
    name = _subject(f"Demand Response Portal {secrets.token_hex(4)}")
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + AUTHORITY_DAYS * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def _issue(name: str, days: int, names: list[x509.GeneralName], use: x509.ObjectIdentifier) -> Issued:
    ca, key = authority(), ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=True, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    end = min(now + days * DAY, ca.certificate.not_valid_after_utc)
    subject, issuer = _subject(name), ca.certificate.subject
    certificate = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    return Issued(certificate, certificate.public_bytes(PEM).decode(), _key_pem(key))


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def _is_good(certificate: Path, key: Path, names: list[str], ca: Authority) -> bool:
    if not certificate.exists() or not key.exists():
        return False
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    is_ours = found.issuer == ca.certificate.subject
    return is_ours and set(map(_alternative, names)) <= set(held) and time_left(found) > 30 * DAY


def time_left(certificate: x509.Certificate) -> timedelta:
    """How long it is still good; negative afterwards."""
    return certificate.not_valid_after_utc - datetime.now(UTC)


@lru_cache(2)
def _read_authority(path: Path, version: int) -> Authority:
    key = serialization.load_pem_private_key((path / "ca.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path / 'ca.key'} is no EC key.")
    return Authority(x509.load_pem_x509_certificate((path / "ca.crt").read_bytes()), key)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Makes the folder, and keeps other processes out meanwhile."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str, mode: int) -> None:
    """Writes the file whole or not at all; never readable by others for a moment."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.rename(path)
