"""How the VTN's and the devices' certificates are, in words; for `manage.py doctor`."""

from datetime import timedelta

from cryptography import x509
from django.conf import settings
from django.db.models import Max, Q
from django.utils import timezone

from openadr import pki
from openadr.models import Ven, VenState
from openadr.vtn20b.tls import own_certificate

SOON = timedelta(days=30)
Finding = tuple[bool, str]


def vtn() -> Finding:
    """Whether the VTN has a good certificate, and its authority is there."""
    if not settings.VTN_CERTIFICATE and not (pki.folder() / "ca.crt").exists():
        if Ven.objects.exclude(state=VenState.REVOKED).exists() and not settings.DEMO:
            return False, f"VTN: {pki.folder()} has no authority, but devices rely on one. Put the folder back."
        return True, "VTN: no certificates yet; the first device that is enrolled, or runvtn, makes them."
    authority, own = pki.authority().certificate, own_certificate()
    if (pki.folder() / "ca.key").stat().st_mode & 0o077:
        return False, f"VTN: others may read {pki.folder() / 'ca.key'}. Run `chmod 600` on it."
    for name, certificate in (("its own authority", authority), ("its certificate", own)):
        if certificate is not None and pki.time_left(certificate) < SOON:
            return False, f"VTN: {name} {_end(certificate)}. {_HELP[name]}"
    until = "" if own is None else f" Its certificate {_end(own)}."
    return True, f"VTN: {_door()}{until} The authority {_end(authority)}."


def devices() -> Finding:
    """Whether any device's last certificate runs out within a month."""
    now = timezone.now()
    rows = Ven.objects.exclude(state=VenState.REVOKED)
    rows = rows.annotate(until=Max("certificates__valid_to", filter=_good()))
    late = rows.filter(until__lt=now + SOON).order_by("until")
    count, names = late.count(), list(late.values_list("name", flat=True)[:3])
    if not count:
        return True, f"Devices: {rows.count()} enrolled, no certificate runs out within 30 days."
    more = ", …" if count > len(names) else ""
    return False, (
        f"Devices: the certificate of {count} runs out within 30 days or has ({', '.join(names)}{more}). "
        "`manage.py ven rotate NAME` makes a new one."
    )


_HELP = {
    "its own authority": "Devices need certificates of a new one: see docs/openadr.md, “Identity”.",
    "its certificate": "Renew the files of VTN_CERTIFICATE and VTN_KEY, or restart runvtn, which renews its own.",
}


def _good() -> Q:
    return Q(certificates__revoked_at__isnull=True)


def _door() -> str:
    if settings.VTN_PROXIES:
        return f"proxies at {', '.join(settings.VTN_PROXIES)} say who is talking."
    return "TLS with the devices’ certificates" + (", or plain HTTP for the demonstration." if settings.DEMO else ".")


def _end(certificate: x509.Certificate) -> str:
    left = pki.time_left(certificate)
    words = "ran out" if left < timedelta(0) else "is good until"
    return f"{words} {certificate.not_valid_after_utc:%Y-%m-%d}"
