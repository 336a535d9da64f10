"""Every page as the person whom an admin acts as, and nothing but pages."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.defaults import permission_denied

from accounts import acting
from accounts.audit import acting_as

SAFE = ("GET", "HEAD", "OPTIONS")
# The person's account, security and tokens; the admin site; data in bulk.
CLOSED = ("/account", "/accounts", "/admin", "/api")


class ActingMiddleware:
    """`request.user` is the person, `request.real_user` the admin, `request.acting` both, while it lasts.

    Stands last, so that sessions, the MFA gate and the change history look at the admin.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if acting.SESSION_KEY not in request.session:
            return self.get_response(request)
        if request.path == reverse("act_as_stop"):
            return self.get_response(request)
        if request.path == reverse("account_logout") and request.method == "POST":
            acting.stop(session=request.session, why="signed out")
            return self.get_response(request)
        found = acting.current(session=request.session, user=request.user)
        if found is None:
            # Not served as the admin either: the page that asks was the person's.
            acting.stop(session=request.session, why="over")
            messages.info(request, _("Acting as another person has ended. These are your own pages again."))
            return redirect(resolve_url("home"))
        return self._as_person(request, found)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        """Refuses, with a sentence, what is not for whoever acts as somebody else."""
        if not hasattr(request, "acting") or request.path == reverse("act_as_stop"):
            return
        if request.method not in SAFE:
            raise PermissionDenied(_("While you act as somebody else you can look, but change nothing."))
        if request.path.startswith(tuple(f"{part}/" for part in CLOSED)) or request.path in CLOSED:
            raise PermissionDenied(_("The account, security and data of the person stay closed while you act as them."))

    def _as_person(self, request: HttpRequest, found: acting.Acting) -> HttpResponseBase:
        request.real_user, request.acting, request.user = found.admin, found, found.person  # type: ignore[attr-defined]  # read by the views behind it
        try:
            with acting_as(found.person.pk):
                answer = self._page(request)
        finally:
            request.user = found.admin  # for what other middleware does after the page
        answer.headers["Cache-Control"] = "private, no-store"
        if answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html"):
            acting.record_page(acting=found, path=request.path)
        return answer

    def _page(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, unless it is a file."""
        answer = self.get_response(request)
        if "Content-Disposition" in answer.headers:
            return permission_denied(request, PermissionDenied(_("Files stay closed while you act as somebody else.")))
        return answer
