"""VENs that show certificates and sign, for tests."""

import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from openleadr.messaging import create_message

from openadr import pki
from openadr.models import Ven
from openadr.services.enrolling import enroll_ven
from openadr.vtn20b.names import PATH
from organizations.models import Distributor


@dataclass
class Device:
    """A VEN with its certificate and key."""

    ven: Ven
    certificate: str
    key: str

    @property
    def fingerprint(self) -> str:
        return pki.fingerprint(pki.read_certificate(self.certificate.encode()))

    def poll(self, *, is_signed: bool = False, ven_id: str | None = None) -> bytes:
        """A poll as openleadr's client makes it."""
        own = {"cert": self.certificate.encode(), "key": self.key.encode()} if is_signed else {}
        return create_message("oadrPoll", ven_id=ven_id or self.ven.ven_id, **own).encode()

    def context(self, folder: Path) -> ssl.SSLContext:
        """TLS with its certificate."""
        stem = folder / self.ven.ven_id
        stem.with_suffix(".crt").write_text(self.certificate)
        stem.with_suffix(".key").write_text(self.key)
        context = trusting()
        context.load_cert_chain(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        return context


def trusting() -> ssl.SSLContext:
    """TLS that trusts the installation's authority, without a certificate of its own."""
    return ssl.create_default_context(cadata=pki.authority_pem())


def device(distributor: Distributor, name: str = "Pump", **fields: object) -> Device:
    """An enrolled VEN."""
    enrolled = enroll_ven(distributor=distributor, name=name, **fields)
    return Device(enrolled.ven, enrolled.certificate_pem, enrolled.key_pem)


def send(connection: HTTPConnection | HTTPSConnection, body: bytes, **headers: str) -> tuple[int, bytes]:
    """Status and body of the answer to a poll."""
    connection.request("POST", f"{PATH}/OadrPoll", body, {"Content-Type": "application/xml", **headers})
    answer = connection.getresponse()
    return answer.status, answer.read()
