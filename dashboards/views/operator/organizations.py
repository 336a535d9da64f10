"""Organizations of a distributor, and requests to register one."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import allow
from accounts.models import ApprovalStatus, User
from common.errors import PortalError
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.views.organization_invitations import PER_HOUR, report
from meters.models import MeterMap
from organizations.guest_forms import InviteForm
from organizations.models import Organization, OrganizationRequest
from organizations.services import approve_request, invite_many, refuse_request

PER_PAGE = 50
REASON_LENGTH = 500


class RefusalForm(forms.Form):
    """Why a request is refused; the person reads it."""

    reason = forms.CharField(
        max_length=REASON_LENGTH, error_messages={"required": gettext_lazy("Say why: the person reads it.")}
    )


def refuse_readers(scope: Scope) -> None:
    """Raises PermissionDenied for staff and auditors, who change nothing."""
    if not scope.may_manage:
        raise PermissionDenied


@require_http_methods(["GET", "HEAD"])
@operator_page
def organizations(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The organizations with their people and meters, and who asks to register one."""
    refuse_readers(scope)
    find = request.GET.get("find", "").strip()
    page = Paginator(_organizations(scope, find), PER_PAGE).get_page(request.GET.get("page"))
    asking = OrganizationRequest.objects.managed_by(scope.user).to_decide()
    context = {
        "scope": scope,
        "requests": _doubted(asking.filter(distributor=scope.distributor).select_related("person")),
        "page_obj": page,
        "find": find,
    }
    return render(request, "dashboards/operator/organizations.html", context)


def _organizations(scope: Scope, find: str) -> QuerySet[Organization]:
    """With counts of members, of who waits, and of meters in force, in one query."""
    members = Q(memberships__user__approval_status=ApprovalStatus.APPROVED)
    waiting = Q(memberships__user__approval_status=ApprovalStatus.PENDING)
    meters = MeterMap.objects.open().filter(entity_id=OuterRef("pk")).values("entity_id")
    found: QuerySet[Organization] = Organization.objects.visible_to(scope.user).filter(distributor=scope.distributor)
    if find:
        found = found.filter(name__icontains=find)
    return found.annotate(
        member_count=Count("memberships", filter=members, distinct=True),
        admin_count=Count("memberships", filter=members & Q(memberships__role="admin"), distinct=True),
        waiting_count=Count("memberships", filter=waiting, distinct=True),
        has_meters=Exists(meters),
    ).order_by("name")


def _doubted(requests: QuerySet[OrganizationRequest]) -> list[OrganizationRequest]:
    """The requests, each with `doubts`: what to check before deciding."""
    rows = list(requests)
    names = {row.name.casefold() for row in rows}
    taken = Organization.objects.filter(distributor_id__in={row.distributor_id for row in rows})
    similar = [name for name in taken.values_list("name", flat=True) if _is_like(name, names)] if rows else []
    for row in rows:
        near = [name for name in similar if _is_like(name, {row.name.casefold()})]
        words = _("There is %(names)s already.") % {"names": ", ".join(f"“{name}”" for name in near[:3])}
        row.doubts = [words] if near else []  # type: ignore[attr-defined]  # for the template alone
    return rows


def _is_like(name: str, wanted: set[str]) -> bool:
    """Whether one of the names holds the other."""
    own = name.casefold()
    return any(own in other or other in own for other in wanted)


@require_POST
@operator_page
def decide(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Registers the organization, or refuses with a reason."""
    refuse_readers(scope)
    found = get_object_or_404(OrganizationRequest.objects.managed_by(scope.user), pk=pk)
    action = request.POST.get("action", "")
    try:
        if action == "approve":
            made = approve_request(request=found, by=scope.user)
            words = _("%(name)s is registered, and %(person)s is its admin. A mail is on its way.")
            messages.success(request, words % {"name": made.name, "person": found.person.get_full_name()})
        elif action == "refuse":
            _refuse(request, found, scope.user)
        else:
            raise Http404
    except PortalError as refusal:
        messages.error(request, str(refusal))
    return redirect("operator_organizations")


def _refuse(request: HttpRequest, found: OrganizationRequest, by: User) -> None:
    form = RefusalForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["reason"])))
        return
    refuse_request(request=found, by=by, reason=form.cleaned_data["reason"])
    messages.success(request, _("Refused. A mail with your reason is on its way."))


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def invite_into(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Invites people into one organization, such as its first admin."""
    refuse_readers(scope)
    own = Organization.objects.managed_by(scope.user).select_related("distributor")
    organization = get_object_or_404(own, pk=pk)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if allow("invitation", str(organization.pk), amount=PER_HOUR, seconds=3600):
            report(request, invite_many(organization=organization, guests=form.guests(), by=scope.user))
        else:
            messages.error(request, _("Too many invitations in a short time. Nothing was sent; try again in an hour."))
        return redirect("operator_organizations")
    context = {"scope": scope, "organization": organization, "form": form}
    return render(request, "dashboards/operator/organization_invite.html", context)
