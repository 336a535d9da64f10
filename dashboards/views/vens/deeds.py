"""What admins do with one VEN."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from common.errors import PortalError
from common.numbers_in_text import number_in
from dashboards.views.operator.scope import Scope
from dashboards.views.vens.enroll import given_once
from dashboards.views.vens.forms import PinForm, ResourceForm
from openadr.errors import OpenadrError
from openadr.models import Resource, Ven, VenCertificate
from openadr.services.enrolling import (
    end_resource,
    map_resource,
    pin_certificate,
    revoke_certificate,
    revoke_ven,
    rotate_certificate,
)
from openadr.services.registration import ask_to_reregister
from openadr.services.switches import set_lenient

MOST_REASON = 200
Deed = Callable[[HttpRequest, Scope, Ven], str]


class NoReason(OpenadrError):
    """Somebody is to be cut off without a word why."""


def rotate(request: HttpRequest, scope: Scope, ven: Ven) -> HttpResponse:
    """A new certificate and key, given once in the answer; the same question answered again is refused."""
    after = number_in(request.POST.get("after", ""))
    try:
        made = rotate_certificate(
            ven=ven,
            is_at_once=bool(request.POST.get("at_once")),
            after=-1 if after is None else after,  # of no certificate
            by=scope.user,
        )
    except PortalError as refusal:
        return given_once(request, scope, None, ven=ven, refusal=str(refusal))
    return given_once(request, scope, made, ven=ven)


def pin(scope: Scope, ven: Ven, form: PinForm) -> bool:
    """Whether the device's own certificate was pinned; else the form says why not."""
    try:
        pin_certificate(ven=ven, pem=form.cleaned_data["pem"], by=scope.user)
    except PortalError as refusal:
        form.add_error("pem", str(refusal))
        return False
    return True


def map_meter(scope: Scope, ven: Ven, form: ResourceForm) -> bool:
    """Whether the resource was made; else the form says why not."""
    wanted = form.cleaned_data
    try:
        map_resource(ven=ven, name=wanted["name"], meter=wanted["meter"], is_source=wanted["is_source"], by=scope.user)
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def _revoke(request: HttpRequest, scope: Scope, ven: Ven) -> str:
    reason = request.POST.get("reason", "").strip()[:MOST_REASON]
    if not reason:
        raise NoReason(_("Say why it is revoked: whoever looks for the device later reads it."))
    revoke_ven(ven=ven, reason=reason, by=scope.user)
    return _("Revoked: from now on nothing is taken from it, and nothing told to it.")


def _reregister(request: HttpRequest, scope: Scope, ven: Ven) -> str:
    ask_to_reregister(ven=ven, by=scope.user)
    return _("At its next poll it is told to register again.")


def _lenient(request: HttpRequest, scope: Scope, ven: Ven) -> str:
    set_lenient(ven=ven, is_lenient=True, by=scope.user)
    return _("Messages that break the schema are taken from it now; each stands in the log.")


def _strict(request: HttpRequest, scope: Scope, ven: Ven) -> str:
    set_lenient(ven=ven, is_lenient=False, by=scope.user)
    return _("Messages that break the schema are refused again.")


def _revoke_certificate(request: HttpRequest, scope: Scope, ven: Ven) -> str:
    certificate = VenCertificate.objects.get(pk=_key(request, "certificate"), ven=ven)
    revoke_certificate(certificate=certificate, by=scope.user)
    return _("This certificate is revoked: whoever shows it is taken for nobody.")


def _end(request: HttpRequest, scope: Scope, ven: Ven) -> str:
    resource = Resource.objects.get(pk=_key(request, "resource"), ven=ven)
    end_resource(resource=resource, by=scope.user)
    return _("%(name)s is ended: it is asked nothing more, and its reports count no longer.") % {"name": resource.name}


def _key(request: HttpRequest, name: str) -> int:
    """The row that is meant; 0, which is nobody's key, for anything else."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


DEEDS: dict[str, Deed] = {
    "revoke": _revoke,
    "reregister": _reregister,
    "lenient": _lenient,
    "strict": _strict,
    "end": _end,
    "revoke_certificate": _revoke_certificate,
}
