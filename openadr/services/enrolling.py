"""Enrolling VENs: what they may speak for, and with which certificate."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import ApprovalStatus, Entity, Kind, User
from common.retry import retried
from meters.models import Meter, MeterMap
from openadr import pki
from openadr.errors import EnrollRefused
from openadr.ids import new_id
from openadr.models import EnergyPart, Resource, Ven, VenCertificate, VenState
from openadr.services.changes import announce_changes
from openadr.services.deliveries import deliver_vens
from openadr.services.reports import replan_reports
from openadr.services.sources import pass_on_later
from openadr.vtn20b.names import PATH
from organizations.models import Distributor

# How long the old certificate stays good after a new one was issued, unless it is revoked at once.
GRACE = timedelta(days=7)
# How far back certificates that ran out are announced again; longer than the job that does it may be late.
LATE = timedelta(minutes=15)


@dataclass(frozen=True)
class Enrolled:
    """A VEN with what it needs to talk to the VTN. The key is here, this once, and nowhere else.

    Attributes:
        ca_pem: who vouches for the VTN; empty where the VEN's system trusts it anyway.
        configuration: ready JSON; it names the files `certificate`, `key` and `ca` by the VEN's name.
    """

    ven: Ven
    certificate_pem: str
    key_pem: str
    ca_pem: str
    configuration: str

    @property
    def url(self) -> str:
        """Where the VTN's services are."""
        return settings.VTN_URL + PATH

    @property
    def files(self) -> dict[str, str]:
        """Content by file name."""
        stem = file_stem(self.ven.name)
        files = {f"{stem}.crt": self.certificate_pem, f"{stem}.key": self.key_pem, f"{stem}.json": self.configuration}
        return files | ({"ca.crt": self.ca_pem} if self.ca_pem else {})


def file_stem(name: str) -> str:
    """The VEN's name as a file's.

    >>> file_stem("Pump house 7/b")
    'Pump-house-7-b'
    """
    stem = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).lstrip(".") or "ven"
    # ca.crt is the authority's, also where capitals do not count.
    return f"ven-{stem}" if stem.lower() == "ca" else stem


@retried
@transaction.atomic
def enroll_ven(
    *,
    distributor: Distributor,
    name: str,
    owner: Entity | None = None,
    resources: Sequence[tuple[str, Meter | None]] = (),
    must_sign: bool = False,
    by: User | None = None,
) -> Enrolled:
    """A new VEN with a certificate of the portal's own authority, and its resources.

    Args:
        owner: the resident or organization whose device it is; None for the distributor's own.
        resources: name (resourceID) and meter of each; the first behind a meter reports its readings.

    Raises:
        EnrollRefused: The name is taken or cannot be one, the owner is not approved or of another distributor, or a
            meter is not the distributor's.
    """
    _check_name(name)
    _check_bytes(name)
    _check_owner(owner, distributor)
    ven = Ven(
        distributor=distributor, name=name, ven_id=new_id("ven"), owner=owner, must_sign=must_sign,
        poll_seconds=max(1, settings.VTN_POLL_SECONDS), created_by=by,
    )  # fmt: skip
    with deed("ven.enrolled", by=by):
        _save(ven)
        for resource, meter in resources:
            _map(ven, resource, meter, None)
        issued = pki.issue_ven(name)
        _pin(ven, issued.certificate, is_ours=True)
    _tell(ven)
    return _enrolled(ven, issued)


@retried
@transaction.atomic
def rotate_certificate(
    *, ven: Ven, is_at_once: bool = False, after: int | None = None, by: User | None = None
) -> Enrolled:
    """A new certificate. The old ones stay good for a week, so that the device can change over without a gap.

    Args:
        is_at_once: the old ones are revoked now, as when a key was lost.
        after: key of what must be its newest certificate (0: it has none), lest a question that is answered twice
            ends the certificate that was just given out; None: whichever it is.

    Raises:
        EnrollRefused: The VEN is revoked, or has a newer certificate than `after`.
    """
    row = _locked(ven)
    if after is not None and after != newest_certificate(row):
        raise EnrollRefused(_("A certificate was issued meanwhile, and given out once. If it is lost, issue another."))
    issued = pki.issue_ven(row.name)
    with deed("ven.rotated", by=by):
        for certificate in row.certificates.filter(revoked_at__isnull=True, valid_to__gt=timezone.now()):
            _end(certificate, is_at_once=is_at_once)
        _pin(row, issued.certificate, is_ours=True)
    announce_changes([row.pk])
    return _enrolled(row, issued)


@retried
@transaction.atomic
def revoke_ven(*, ven: Ven, reason: str = "", by: User | None = None) -> None:
    """Cuts the VEN off for good, within a second at every process, and revokes its certificates.

    What is revoked stays so; a device that comes back is enrolled anew. Again changes nothing.
    """
    row = Ven.objects.select_for_update().get(pk=ven.pk)
    if row.state == VenState.REVOKED:
        return
    now = timezone.now()
    row.state, row.revoked_at, row.revoke_reason = VenState.REVOKED, now, reason[:200]
    with deed("ven.revoked", by=by, reason=reason):
        row.save(update_fields=["state", "revoked_at", "revoke_reason"])
        for certificate in row.certificates.filter(revoked_at__isnull=True):
            certificate.revoked_at = now
            certificate.save(update_fields=["revoked_at"])
        # Its meters may be another device's from now on.
        for resource in row.resources.filter(ended_at__isnull=True):
            resource.ended_at = now
            resource.save(update_fields=["ended_at"])
            pass_on_later(_meter_of(resource))
    _tell(row)


@retried
@transaction.atomic
def revoke_certificate(*, certificate: VenCertificate, by: User | None = None) -> None:
    """Refuses one certificate from now on, within a second at every process. Again changes nothing."""
    row = VenCertificate.objects.select_for_update().get(pk=certificate.pk)
    if row.revoked_at is None:
        with deed("ven.certificate_revoked", by=by):
            _end(row, is_at_once=True)
        announce_changes([row.ven_id])


@retried
@transaction.atomic
def pin_certificate(*, ven: Ven, pem: bytes, by: User | None = None) -> VenCertificate:
    """Takes a certificate that the VEN has from somebody else.

    Raises:
        EnrollRefused: It is none, has run out, is too weak, is not of an authority that the VTN takes, or speaks for
            a VEN already.
    """
    row = _locked(ven)
    certificate = _readable(pem)
    _check_issuer(certificate)
    with deed("ven.pinned", by=by):
        pinned = _pin(row, certificate, is_ours=False)
    announce_changes([row.pk])
    return pinned


@retried
@transaction.atomic
def map_resource(
    *, ven: Ven, name: str, meter: Meter | None, is_source: bool | None = None, by: User | None = None
) -> Resource:
    """The VEN's resource of this name behind that meter (None: behind none), new or changed; an ended one begins anew.

    Args:
        is_source: whether its energy reports are the meter's readings; None: where no other resource's are.

    Raises:
        EnrollRefused: The VEN is revoked, the meter another distributor's, or another resource reports its readings.
    """
    row = _locked(ven)
    with deed("ven.mapped", by=by):
        resource = _map(row, name, meter, is_source)
    _tell(row)
    return resource


@retried
@transaction.atomic
def end_resource(*, resource: Resource, by: User | None = None) -> None:
    """The VEN speaks for this no longer. Again changes nothing."""
    # The VEN first, as all do who change what it speaks for.
    Ven.objects.select_for_update().get(pk=resource.ven_id)
    row = Resource.objects.select_for_update().get(pk=resource.pk)
    if row.ended_at is None:
        row.ended_at = timezone.now()
        with deed("ven.unmapped", by=by):
            row.save(update_fields=["ended_at"])
        _tell(row.ven)
        pass_on_later(_meter_of(row))


def newest_certificate(ven: Ven) -> int:
    """The key of its newest certificate; 0 where it never had one."""
    return ven.certificates.order_by("-pk").values_list("pk", flat=True).first() or 0


def announce_expired() -> int:
    """How many VENs have a certificate that ran out of late: each process of the VTN is to look at them again."""
    now = timezone.now()
    rows = VenCertificate.objects.filter(valid_to__gt=now - LATE, valid_to__lte=now, revoked_at__isnull=True)
    vens = set(rows.values_list("ven_id", flat=True))
    announce_changes(vens)
    return len(vens)


def configuration_of(ven: Ven, *, has_ca: bool = True) -> dict[str, Any]:
    """What a VEN must know of the VTN, as the simulator and `docs/openadr.md` have it."""
    stem = file_stem(ven.name)
    resources = ven.resources.filter(ended_at__isnull=True).select_related("meter").order_by("name")
    return {
        "url": settings.VTN_URL + PATH,
        "vtn_id": settings.VTN_ID,
        "ven_name": ven.name,
        "ven_id": ven.ven_id,
        "certificate": f"{stem}.crt",
        "key": f"{stem}.key",
        "ca": "ca.crt" if has_ca else None,
        "must_sign": ven.must_sign,
        "resources": [{"name": row.name, "meter": row.meter.number if row.meter else ""} for row in resources],
        "poll_seconds": ven.poll_seconds,
    }


def _enrolled(ven: Ven, issued: pki.Issued) -> Enrolled:
    ca = pki.trust_pem()
    text = json.dumps(configuration_of(ven, has_ca=bool(ca)), indent=2, ensure_ascii=False) + "\n"
    return Enrolled(ven, issued.certificate_pem, issued.key_pem, ca, text)


def _meter_of(resource: Resource) -> list[int]:
    return [resource.meter_id] if resource.meter_id is not None else []


def _locked(ven: Ven) -> Ven:
    row: Ven = Ven.objects.select_for_update().get(pk=ven.pk)
    if row.state == VenState.REVOKED:
        raise EnrollRefused(_("This VEN is revoked for good; enroll a new one."))
    return row


def _tell(ven: Ven) -> None:
    deliver_vens([ven.pk])
    replan_reports(ven_pk=ven.pk)
    announce_changes([ven.pk])


def _check_name(name: str) -> None:
    if not name or name != name.strip() or not name.isprintable() or len(name) > 64:
        raise EnrollRefused(_("A VEN’s name has 1 to 64 letters, digits and signs, and no space at its ends."))


def _check_bytes(name: str) -> None:
    """The name of its certificate is counted in bytes."""
    if len(name.encode()) > 64:
        raise EnrollRefused(_("The name is too long for a certificate: letters with accents count twice or more."))


def _check_owner(owner: Entity | None, distributor: Distributor) -> None:
    if owner is None:
        return
    if owner.kind == Kind.DISTRIBUTOR or owner.tenant_id != distributor.pk:
        raise EnrollRefused(_("The owner is nobody of this distributor."))
    user = User.objects.filter(pk=owner.pk).first()
    if user is not None and user.approval_status != ApprovalStatus.APPROVED:
        raise EnrollRefused(_("The owner is not approved; the VEN would hear nothing."))


def _save(row: Any) -> None:
    """Saves a new or changed row.

    Raises:
        EnrollRefused: A rule refuses it; the text is the rule's.
    """
    try:
        row.full_clean(validate_unique=True)
        with transaction.atomic():
            row.save()
    except ValidationError as problem:
        raise EnrollRefused(" ".join(problem.messages)) from problem
    except IntegrityError as problem:
        raise EnrollRefused(_("Somebody else was quicker: look at what is there now.")) from problem


def _map(ven: Ven, name: str, meter: Meter | None, is_source: bool | None) -> Resource:
    _check_name(name)
    resource = Resource.objects.filter(ven=ven, name=name).first() or Resource(ven=ven, name=name)
    was = resource.meter_id
    others = Resource.objects.filter(meter=meter, is_source=True, ended_at__isnull=True).exclude(pk=resource.pk)
    if meter is not None and is_source is not False:
        _free(others, meter)
    resource.meter, resource.ended_at, resource.is_never_source = meter, None, is_source is False
    resource.is_source = meter is not None and (not others.exists() if is_source is None else is_source)
    _save(resource)
    if was is not None and was != resource.meter_id:
        # Parts of an interval that the old meter's energy is not whole of: they are none of the new one's.
        EnergyPart.objects.filter(resource=resource).delete()
    return resource


def _free(sources: QuerySet[Resource], meter: Meter) -> None:
    """The device of somebody who has left the meter reports its readings no longer, where another may."""
    now = timezone.now()
    held = (
        MeterMap.objects.filter(meter=meter, valid_from__lte=now).ending_after(now).values_list("entity_id", flat=True)
    )
    for source in sources.exclude(ven__owner=None).exclude(ven__owner__in=list(held)):
        source.is_source = False
        _save(source)
        replan_reports(ven_pk=source.ven_id)


def _pin(ven: Ven, certificate: x509.Certificate, *, is_ours: bool) -> VenCertificate:
    fingerprint = pki.fingerprint(certificate)
    if VenCertificate.objects.filter(fingerprint=fingerprint).exists():
        raise EnrollRefused(_("This certificate speaks for a VEN already, or did until it was revoked."))
    row = VenCertificate(
        ven=ven, fingerprint=fingerprint, subject=pki.subject_of(certificate), is_ours=is_ours,
        valid_from=certificate.not_valid_before_utc, valid_to=certificate.not_valid_after_utc,
    )  # fmt: skip
    _save(row)
    return row


def _end(certificate: VenCertificate, *, is_at_once: bool) -> None:
    now = timezone.now()
    if is_at_once:
        certificate.revoked_at = now
    elif certificate.valid_to > now + GRACE:
        certificate.valid_to = now + GRACE
    certificate.save(update_fields=["revoked_at", "valid_to"])


def _readable(pem: bytes) -> x509.Certificate:
    try:
        certificate = pki.read_certificate(pem)
        key = certificate.public_key()
    except ValueError as problem:
        raise EnrollRefused(_("This is no certificate in PEM.")) from problem
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise EnrollRefused(_("The certificate has run out."))
    is_ec = isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 256
    if not is_ec and not (isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048):
        raise EnrollRefused(_("The certificate’s key is too weak: EC of 256 bits or RSA of 2048 at least."))
    return certificate


def _check_issuer(certificate: x509.Certificate) -> None:
    """Only a hint in time: TLS would refuse it, and nobody would know why. A proxy in front may know others."""
    if settings.VTN_PROXIES or certificate.issuer in {each.subject for each in pki.client_authorities()}:
        return
    raise EnrollRefused(
        _("The VTN does not take certificates of %(issuer)s: add that authority’s certificate to VTN_CLIENT_CAS.")
        % {"issuer": certificate.issuer.rfc4514_string()}
    )
