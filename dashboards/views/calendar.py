"""Events for calendar programs: one as a file, all of them at a secret address."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.language import language_of
from accounts.limits import allow
from accounts.refusals import too_many_requests
from dashboards.views.readers import signed_in
from delivery.tenants import site_url_for
from events import feeds
from events.calendar import calendar_file
from events.models import CalendarFeed, Event

# Calendar programs ask every few minutes at most, some from several devices.
MOST, WITHIN = 240, 3600


@require_GET
def event_ics(request: HttpRequest, pk: int) -> HttpResponse:
    """One event as a calendar file."""
    user = signed_in(request)
    rows = Event.objects.visible_to(user).filter(pk=pk, notified_at__isnull=False)
    get_object_or_404(rows)
    found = feeds.entries_of(rows, user)
    if not found:
        raise Http404
    return _file(calendar_file(found, name=_("Events")), f"event-{pk}.ics")


@never_cache
@login_not_required
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """All events of whoever made the address; it works without signing in, as calendar programs cannot."""
    owner = feeds.owner_of(secret)
    if owner is None or not feeds.has_calendar(owner):
        raise Http404
    if not allow("calendar", str(owner.pk), amount=MOST, seconds=WITHIN):
        return too_many_requests(request)
    with translation.override(language_of(owner)):
        content = calendar_file(feeds.entries_for(owner), name=_("Events of the Demand Response Portal"))
    return _file(content, "events.ics")


def _file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def calendar(request: HttpRequest) -> HttpResponse:
    """The own feed; a POST makes or renews the address, which is on the page that follows and nowhere else ever."""
    user = signed_in(request)
    if not feeds.has_calendar(user):
        raise Http404
    context: dict[str, object] = {}
    if request.method == "POST":
        if request.POST.get("action") == "end":
            feeds.end_feed(user=user)
            messages.success(request, _("The address opens nothing any more."))
            return redirect("account_calendar")
        secret = feeds.make_feed(user=user)
        address = f"{site_url_for(user.tenant_id)}{reverse('calendar_feed', args=[secret])}"
        context = {"address": address, "webcal": f"webcal:{address.partition(':')[2]}"}
    known = CalendarFeed.objects.filter(user=user).first()
    context |= {"feed": known, "end_hidden": [{"name": "action", "value": "end"}]}
    return render(request, "dashboards/calendar.html", context)
