"""The copy of the own data: asked for, and fetched."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import exports
from accounts.audit import record
from accounts.errors import ExportRefused
from accounts.limits import allow
from accounts.models import PersonalExport, User


@require_http_methods(["GET", "POST"])
def data(request: HttpRequest) -> HttpResponse:
    """What the copy holds, how the last one stands, and the button that asks for one."""
    assert isinstance(request.user, User)
    if request.method == "POST":
        try:
            exports.request_export(user=request.user)
            messages.success(request, _("We are putting your data together. A mail tells you when they are ready."))
        except ExportRefused as refusal:
            messages.error(request, str(refusal))
        return redirect("account_data")
    last = PersonalExport.objects.visible_to(request.user).order_by("-id").first()
    is_open = last is not None and last.is_open_at(timezone.now())
    context = {"export": last, "is_open": is_open, "parts": exports.parts()}
    return render(request, "accounts/data.html", context)


@require_POST
def data_again(request: HttpRequest) -> HttpResponse:
    """Sends the link of the copy once more; an earlier link ends."""
    assert isinstance(request.user, User)
    last = PersonalExport.objects.visible_to(request.user).order_by("-id").first()
    if last is None or not last.is_open_at(timezone.now()):
        raise Http404
    if allow("data-link", str(request.user.pk), amount=3, seconds=3600):
        exports.finish(last)
        messages.success(request, _("The mail with the link is on its way."))
    else:
        messages.error(request, _("We have sent you several links already. Please look for the newest mail."))
    return redirect("account_data")


@never_cache
@require_GET
def data_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file, for its owner with the newest link and in its time; nothing there for anybody else."""
    assert isinstance(request.user, User)
    export = exports.export_of(user=request.user, token=token, at=timezone.now())
    if export is None:
        raise Http404
    record("data.downloaded", target=request.user, by=request.user)
    return FileResponse(export.path.open("rb"), as_attachment=True, filename="my-data.zip")
