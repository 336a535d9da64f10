"""VTNs above: entered, changed, stopped, put back into use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from accounts.sealing import reseal, seal
from events.errors import EventError
from events.models import Program
from events.services import read_targets
from openadr.errors import OpenadrError
from openadr.models import Upstream, UpstreamPolicy
from openadr.upstream.faults import FAULTS, Fault
from openadr.upstream.guard import cleaned_url
from openadr.upstream.tls import context_for
from organizations.models import Distributor


class BadUpstream(OpenadrError):
    """What was entered cannot be used.

    Attributes:
        field: which part; empty where it is none of its own.
    """

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class Entered:
    """What somebody enters of a VTN above; `key` as PEM, empty to leave the one that is kept.

    Attributes:
        targets: whom its events ask, as `read_targets` reads it; none: everybody enrolled.
        fingerprint: SHA-256 of the VTN's certificate, in hex, with or without colons.
    """

    name: str
    url: str
    program: Program
    ven_name: str
    ven_id: str = ""
    policy: str = UpstreamPolicy.DRAFT
    poll_seconds: int = 10
    certificate: str = ""
    key: str = ""
    ca: str = ""
    fingerprint: str = ""
    signs: bool = False
    targets: Sequence[str] = ()

    def columns(self) -> dict[str, Any]:
        """The fields of the row, but for the key."""
        return {
            "name": self.name.strip(),
            "url": _url(self.url),
            "program": self.program,
            "ven_name": self.ven_name.strip(),
            "ven_id": self.ven_id.strip(),
            "policy": self.policy,
            "poll_seconds": self.poll_seconds,
            "certificate": _pem(self.certificate, "certificate"),
            "ca": _pem(self.ca, "ca"),
            "vtn_fingerprint": _fingerprint(self.fingerprint),
            "signs": self.signs,
            "targets": list(self.targets),
        }


@transaction.atomic
def set_up_upstream(*, distributor: Distributor, entered: Entered, by: User | None = None) -> Upstream:
    """The VTN, polled from now on.

    Raises:
        BadUpstream: an address that may not be, a certificate or key that cannot be used.
    """
    row = Upstream(distributor=distributor, **entered.columns())
    row.key_sealed = _sealed(row.certificate, entered.key)
    _check(row)
    with deed("upstream.added", by=by):
        row.save()
    return row


@transaction.atomic
def change_upstream(*, upstream: Upstream, entered: Entered, by: User | None = None) -> Upstream:
    """The VTN as it is entered now; at another address, or under another venID, we register anew.

    Raises:
        BadUpstream: as in `set_up_upstream`.
    """
    row: Upstream = Upstream.objects.select_for_update().get(pk=upstream.pk)
    before = (row.url, row.ven_id, row.ven_name)
    # A key that is left goes with the certificate that it was entered for.
    is_same = _pem(entered.certificate, "certificate") == row.certificate
    for name, value in entered.columns().items():
        setattr(row, name, value)
    if entered.key.strip() or not is_same:
        row.key_sealed = _sealed(row.certificate, entered.key)
    _check(row)
    if (row.url, row.ven_id, row.ven_name) != before:
        row.registration_id, row.reports_registered_at = "", None
    _now(row)
    with deed("upstream.changed", by=by):
        row.save()
    return row


@transaction.atomic
def stop_upstream(*, upstream: Upstream, by: User | None = None) -> Upstream:
    """The VTN, left alone from now on; its registration is kept, and what became of its events stays."""
    row: Upstream = Upstream.objects.select_for_update().get(pk=upstream.pk)
    if row.is_active:
        row.is_active = False
        with deed("upstream.stopped", by=by):
            row.save(update_fields=["is_active"])
    return row


@transaction.atomic
def start_upstream(*, upstream: Upstream, by: User | None = None) -> Upstream:
    """The VTN, polled again from now on."""
    row: Upstream = Upstream.objects.select_for_update().get(pk=upstream.pk)
    if not row.is_active:
        row.is_active = True
        _now(row)
        with deed("upstream.started", by=by):
            row.save(update_fields=["is_active", "next_poll_at", "failing_since", "last_fault", "is_unsure"])
    return row


def poll_soon(*, upstream: Upstream) -> None:
    """Makes the VTN due now, unless a worker talks to it."""
    Upstream.objects.filter(pk=upstream.pk, is_active=True, is_unsure=False).update(next_poll_at=timezone.now())
    # After a fault nobody talks to it, either: it only waits.
    Upstream.objects.filter(pk=upstream.pk, is_active=True, failing_since__isnull=False).update(
        next_poll_at=timezone.now()
    )


@transaction.atomic
def reseal_keys() -> int:
    """How many keys are encrypted with the first key of the settings now.

    Raises:
        SecretUnreadable: one cannot be decrypted; nothing is changed.
    """
    rows = list(Upstream.objects.select_for_update().exclude(key_sealed="").order_by("pk"))
    for row in rows:
        Upstream.objects.filter(pk=row.pk).update(key_sealed=reseal(row.key_sealed))
    return len(rows)


def _now(row: Upstream) -> None:
    """Due at once, with nothing said of it yet; whoever talks to it now stops."""
    row.next_poll_at = timezone.now()
    row.is_unsure, row.failing_since, row.last_fault = True, None, ""


def _check(row: Upstream) -> None:
    """Passes a row that the models take, and whose certificate and key go together.

    Raises:
        BadUpstream: it is none.
    """
    if row.signs and not row.certificate:
        raise BadUpstream(_("To sign messages, enter our certificate and its key."), "certificate")
    if not 1 <= row.poll_seconds <= 86_400:
        raise BadUpstream(_("Between two polls there are 1 to 86,400 seconds."), "poll_seconds")
    try:
        read_targets(distributor=row.distributor, values=row.targets)
    except EventError as refusal:
        raise BadUpstream(str(refusal), "targets") from None
    try:
        row.full_clean()
    except ValidationError as refusal:
        field, words = next(iter(refusal.message_dict.items()))
        raise BadUpstream(" ".join(words), "" if field == "__all__" else field) from None


def _url(text: str) -> str:
    try:
        return cleaned_url(text)
    except Fault as fault:
        words = FAULTS[fault.code] if fault.code == "plain" else None
        said = str(words.to_do) if words else _("Write an address like https://vtn.example.com/OpenADR2/Simple/2.0b.")
        raise BadUpstream(said, "url") from None


def _pem(text: str, field: str) -> str:
    said = text.strip().replace("\r\n", "\n")
    if not said:
        return ""
    try:
        found = x509.load_pem_x509_certificates(said.encode())
    except ValueError:
        words = _("This is no certificate as PEM; it begins with -----BEGIN CERTIFICATE-----.")
        raise BadUpstream(words, field) from None
    # Only what is a certificate is kept: whoever pastes a key along does not have it stored in clear.
    return "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in found)


def _sealed(certificate: str, key: str) -> str:
    said = key.strip()
    if not certificate and not said:
        return ""
    if not certificate:
        raise BadUpstream(_("Enter the certificate that goes with the key."), "certificate")
    if not said:
        raise BadUpstream(_("Enter the key that goes with the certificate."), "key")
    try:
        context_for(certificate=certificate, key=said, ca="", is_pinned=True)
    except Fault:
        words = _("Certificate and key do not go together, or the key is no PEM without a password.")
        raise BadUpstream(words, "key") from None
    return seal(said)


def _fingerprint(text: str) -> str:
    said = "".join(text.split()).replace(":", "").lower()
    if said and (len(said) != 64 or set(said) - set("0123456789abcdef")):
        raise BadUpstream(_("A SHA-256 has 64 digits from 0 to 9 and a to f."), "fingerprint")
    return said
