"""Pages on which an organization's admins let people in and change roles, and leaving for its members."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import ApprovalStatus, User
from common.errors import PortalError
from dashboards.selectors import people
from dashboards.times import zone_words
from dashboards.views.readers import membership_of, signed_in
from organizations.models import Invitation, Membership
from organizations.services import (
    approve_member,
    demote_member,
    leave_organization,
    promote_member,
    reject_member,
    remove_member,
    reopen_member,
)

REASON_LENGTH = 500
PER_PAGE = 20
LONG = timedelta(days=2)

Act = Callable[[Membership], None]


def admin_membership_of(request: HttpRequest) -> Membership:
    """The reader's membership as an admin; members may not come here."""
    membership = membership_of(request)
    if not membership.is_admin:
        raise PermissionDenied
    return membership


def waiting_for(user: User, membership: Membership) -> int:
    """How many people wait for the reader's answer."""
    return len(_requests(membership, _members(user, membership)))


def tabs_of(current: str, *, waiting: int, membership: Membership) -> list[dict[str, object]]:
    """The pages on which people come in."""
    invited = Invitation.objects.unused().filter(organization_id=membership.organization_id).count()
    pages = [
        ("organization_approvals", _("Waiting"), waiting),
        ("organization_invitations", _("Invited"), invited),
    ]
    return [
        {"label": label, "url": reverse(name), "count": count, "current": name == current}
        for name, label, count in pages
    ]


def _members(user: User, membership: Membership) -> list[Membership]:
    return list(people.memberships_for(user).filter(organization_id=membership.organization_id))


def _requests(membership: Membership, memberships: list[Membership]) -> list[people.Request]:
    verified = people.verified_ids(memberships)
    zone = membership.organization.distributor.zone
    return people.requests_of(memberships, verified=verified, now=timezone.now(), zone=zone)


@require_http_methods(["GET", "HEAD", "POST"])
def approvals(request: HttpRequest) -> HttpResponse:
    """Who waits for an answer, and which were given; a POST answers one or many."""
    membership, user = admin_membership_of(request), signed_in(request)
    if request.method == "POST":
        return _decide(request, user, membership)
    memberships = _members(user, membership)
    zone = membership.organization.distributor.zone
    requests = _requests(membership, memberships)
    unverified = [row for row in memberships if row.user.approval_status == ApprovalStatus.PENDING]
    decisions = people.decisions_of(memberships, reader=user, zone=zone)
    find, show = request.GET.get("find", "").strip(), request.GET.get("show", "")
    context = {
        "organization": membership.organization,
        "tabs": tabs_of("organization_approvals", waiting=len(requests), membership=membership),
        "all_requests": len(requests),
        "requests": _fitting(requests, find, show),
        "find": find,
        "show": show,
        "unverified": len(unverified) - len(requests),
        "page_obj": Paginator(decisions, PER_PAGE).get_page(request.GET.get("page")),
        "zone": zone_words(timezone.now(), zone),
    }
    return render(request, "dashboards/organization/approvals.html", context)


def _fitting(requests: list[people.Request], find: str, show: str) -> list[people.Request]:
    found = [row for row in requests if find.casefold() in f"{row.name} {row.membership.user.email}".casefold()]
    if show == "doubts":
        return [row for row in found if row.doubts]
    if show == "long":
        return [row for row in found if timezone.now() - row.membership.created_at > LONG]
    return found


def _decide(request: HttpRequest, user: User, membership: Membership) -> HttpResponse:
    """Answers the chosen people of the organization, or takes answers back."""
    action, chosen = request.POST.get("action", ""), _ids(request.POST.getlist("ids"))
    if one := request.POST.get("approve", ""):
        action, chosen = "approve", _ids([one])
    reason = request.POST.get("reason", "").strip()[:REASON_LENGTH]
    acts: dict[str, tuple[Act, str]] = {
        "approve": (
            lambda row: approve_member(membership=row, by=user),
            _("Approved: %(names)s. A mail is on its way."),
        ),
        "reject": (
            lambda row: reject_member(membership=row, by=user, reason=reason),
            _("Refused: %(names)s. A mail with your reason is on its way."),
        ),
        "reopen": (lambda row: reopen_member(membership=row, by=user), _("Waiting again: %(names)s.")),
    }
    if action not in acts:
        raise Http404
    rows = _members(user, membership)
    if action != "reopen":
        # An answer is for who waits or was refused; shutting somebody out who is in is on the page of people.
        rows = [row for row in rows if row.user.approval_status != ApprovalStatus.APPROVED]
    found = [row for row in rows if row.pk in chosen]
    if not found:
        messages.warning(request, _("Choose at least one person who waits."))
        return redirect("organization_approvals")
    act, words = acts[action]
    _each(request, found, act, words)
    return redirect("organization_approvals")


def _ids(texts: Iterable[str]) -> set[int]:
    return {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19}


def _each(request: HttpRequest, rows: list[Membership], act: Act, words: str) -> None:
    """Does it for each; one that is refused is said by name and does not stop the others."""
    done: list[str] = []
    for row in rows:
        name = row.user.get_full_name()
        try:
            act(row)
        except PortalError as refusal:
            messages.error(request, f"{name}: {refusal}")
        else:
            done.append(name)
    if done:
        names = ", ".join(done[:5])
        messages.success(request, words % {"names": f"{names}, …" if len(done) > 5 else names})


@require_http_methods(["GET", "HEAD", "POST"])
def people_list(request: HttpRequest) -> HttpResponse:
    """Who is in the organization, with which role; a POST changes one or many of them."""
    membership, user = admin_membership_of(request), signed_in(request)
    if request.method == "POST":
        return _change(request, user)
    context = {
        "organization": membership.organization,
        "members": people.members_of(_members(user, membership)),
        "self": membership,
        "zone": membership.organization.distributor.zone,
    }
    return render(request, "dashboards/organization/people.html", context)


def _change(request: HttpRequest, user: User) -> HttpResponse:
    action, chosen = request.POST.get("action", ""), _ids(request.POST.getlist("ids") + request.POST.getlist("id"))
    reason = request.POST.get("reason", "").strip()[:REASON_LENGTH]
    acts: dict[str, tuple[Act, str]] = {
        "promote": (lambda row: promote_member(membership=row, by=user), _("Admin now: %(names)s.")),
        "demote": (lambda row: demote_member(membership=row, by=user), _("Member now: %(names)s.")),
        "remove": (
            lambda row: remove_member(membership=row, by=user, reason=reason),
            _("Removed: %(names)s. A mail is on its way."),
        ),
    }
    if action not in acts:
        raise Http404
    inside = people.memberships_for(user).filter(user__approval_status=ApprovalStatus.APPROVED)
    found = list(inside.filter(pk__in=chosen))
    if not found and "id" in request.POST:
        raise Http404
    if not found:
        messages.warning(request, _("Choose at least one person."))
        return redirect("organization_people")
    _each(request, found, *acts[action])
    # Whoever gave up the own role may not see this page any more.
    still = Membership.objects.filter(user=user, role="admin").exists()
    return redirect("organization_people" if still else "home")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Ends the reader's own membership."""
    membership, user = membership_of(request), signed_in(request)
    try:
        leave_organization(user=user)
    except PortalError as refusal:
        messages.error(request, str(refusal))
        return redirect("organization_home")
    words = _("You have left %(name)s. Your account is one for your home now.")
    messages.success(request, words % {"name": membership.organization.name})
    return redirect("home")
