"""Enrolling a VEN, and the one answer that has its key.

Certificate, key and configuration are made for the answer of the POST and stand in no table, file, session or cache.
That answer is a page with the download inside it: who loads it again sends the form again, which is refused, as there
is a VEN of that name by then.
"""

import io
import time
import zipfile
from base64 import b64encode
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from common.errors import PortalError
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.views.vens.forms import EnrollForm
from openadr.models import Ven
from openadr.services.enrolling import Enrolled, enroll_ven, file_stem

_README = gettext_lazy(
    """\
%(name)s
venID: %(ven_id)s

This file was given out once and is kept nowhere else: the portal does not have the key.
Lost, or read by somebody else? Issue a new certificate on the page of this device.

%(stem)s.crt   the certificate by which the device is known
%(stem)s.key   its private key; only the device may read it
%(stem)s.json  the configuration: addresses, names, how often it asks
%(ca)s
What to do next
1. Copy these files to the device, and enter what stands in %(stem)s.json.
2. Start it. It registers by itself; its page says "registered" within a minute.
3. If it does not, its page says why and what to do.
4. Delete this download.
"""
)
_CA = gettext_lazy("ca.crt   whom the device trusts when it calls the portal")


@sensitive_variables("form")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def ven_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    """A form for a new VEN; a POST enrolls it and answers with what its device needs."""
    if not scope.may_manage:
        raise PermissionDenied
    form = EnrollForm(request.POST if request.method == "POST" else None, scope=scope)
    if request.method == "POST" and form.is_valid():
        made = _enrolled(scope, form)
        if made is not None:
            return given_once(request, scope, made, ven=made.ven)
    context = {
        "scope": scope,
        "form": form,
        "crumbs": [
            {"label": _("Devices"), "url": reverse("operator_vens")},
            {"label": _("Enroll a device"), "url": ""},
        ],
    }
    return render(request, "dashboards/vens/new.html", context)


def _enrolled(scope: Scope, form: EnrollForm) -> Enrolled | None:
    asked = form.cleaned_data
    try:
        return enroll_ven(
            distributor=scope.distributor,
            name=asked["name"],
            owner=asked["owner"],
            resources=form.resources,
            must_sign=asked["must_sign"],
            by=scope.user,
        )
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return None


def given_once(
    request: HttpRequest, scope: Scope, made: Enrolled | None, *, ven: Ven, refusal: str = ""
) -> HttpResponse:
    """The page with the download; or why there is none."""
    context: dict[str, Any] = {
        "scope": scope,
        "ven": ven,
        "refusal": refusal,
        "crumbs": [
            {"label": _("Devices"), "url": reverse("operator_vens")},
            {"label": ven.name, "url": reverse("operator_ven", args=[ven.pk])},
            {"label": _("Certificate and key"), "url": ""},
        ],
    }
    if made is not None:
        context |= {
            "file_name": f"{file_stem(ven.name)}.zip",
            "file": b64encode(zipped(made)).decode(),
            "configuration": made.configuration,
        }
    response = render(request, "dashboards/vens/given_once.html", context)
    response["Cache-Control"] = "private, no-store, max-age=0"
    return response


def zipped(made: Enrolled) -> bytes:
    """Certificate, key, CA, configuration and what to do next, in one file."""
    stem = file_stem(made.ven.name)
    names = {"name": made.ven.name, "ven_id": made.ven.ven_id, "stem": stem}
    readme = _README % (names | {"ca": f"{_CA}\n" if made.ca_pem else ""})
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in {"README.txt": readme, **made.files}.items():
            info = zipfile.ZipInfo(f"{stem}/{name}", time.localtime()[:6])
            info.external_attr = (0o600 if name.endswith(".key") else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(info, text)
    return target.getvalue()
