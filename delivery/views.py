"""The notice list, the choices, and the link in a mail that ends such mails."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.audit import deed, record
from accounts.models import User
from delivery.board import mark_read, unread_count
from delivery.choices import read_stop, set_choice
from delivery.forms import ChoicesForm
from delivery.models import Channel, Notice
from delivery.quiet import zone_of

PER_PAGE = 25


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """What the person was told, the newest first."""
    assert isinstance(request.user, User)
    found = Notice.objects.visible_to(request.user).order_by("-id")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "unread": unread_count(request.user), "zone": zone_of(request.user.tenant_id)}
    return render(request, "delivery/notices.html", context)


@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks one notice as read and goes to what it is about."""
    assert isinstance(request.user, User)
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    mark_read(user=request.user, notice=notice)
    is_ours = notice.url.startswith("/") and url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None)
    return redirect(notice.url if is_ours else "notices")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Marks all notices as read."""
    assert isinstance(request.user, User)
    mark_read(user=request.user)
    return redirect("notices")


@require_http_methods(["GET", "POST"])
def notifications(request: HttpRequest) -> HttpResponse:
    """Which topics the person is told of, and where."""
    assert isinstance(request.user, User)
    form = ChoicesForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic(), deed("account.changed", by=request.user):
            form.save()
            record("account.changed", target=request.user, by=request.user)
        messages.success(request, _("Saved."))
        return redirect("notifications")
    return render(request, "delivery/notifications.html", {"form": form})


# RFC 8058: the mail program posts it by itself, without a page of ours before and so without our CSRF token; the
# signed address stands for it.
@csrf_exempt
@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, signed: str) -> HttpResponse:
    """Asks (GET) and ends (POST) one topic's mails to the person that the link was written for."""
    wish = read_stop(signed)
    if wish is None:
        raise Http404
    if request.method == "POST":
        set_choice(user=wish.user, topic=wish.topic, channel=Channel.EMAIL, wanted=False)
    context = {"topic": wish.topic.label, "is_done": request.method == "POST"}
    return render(request, "delivery/stop.html", context)
