"""Inviting people into an organization: one, many, or a file."""

from collections.abc import Sequence

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import allow
from accounts.models import User
from common.errors import PortalError
from dashboards.times import day_words
from dashboards.views.organization_people import admin_membership_of, tabs_of, waiting_for
from dashboards.views.readers import signed_in
from organizations.guest_file import FileFault, Row, read_guests
from organizations.guest_forms import FileForm, InviteForm
from organizations.models import Invitation, InvitationState, Membership, Organization
from organizations.services import Guest, Outcome, invite_many, resend_invitation, withdraw_invitation

# Forms that one organization may send in an hour; each may hold a whole file.
PER_HOUR = 30
SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: HttpRequest) -> HttpResponse:
    """Who is invited, and inviting more; a POST sends, sends again or withdraws."""
    membership, user = admin_membership_of(request), signed_in(request)
    action = request.POST.get("action", "invite") if request.method == "POST" else ""
    if action in ("resend", "withdraw"):
        return _change(request, user, action)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _send(request, membership.organization, form.guests(), user)
    return _page(request, membership, user, form)


def _page(request: HttpRequest, membership: Membership, user: User, form: InviteForm) -> HttpResponse:
    now, zone = timezone.now(), membership.organization.distributor.zone
    sent = Invitation.objects.visible_to(user).filter(organization_id=membership.organization_id)
    rows = [
        {
            "invitation": row,
            "state": row.state_at(now).value,
            "state_words": row.state_at(now).label,
            "sent": day_words(row.created_at, zone),
            "until": day_words(row.expires_at, zone),
            "is_unused": row.state_at(now) in (InvitationState.OPEN, InvitationState.EXPIRED),
        }
        for row in sent.select_related("invited_by").order_by("-created_at", "-pk")[:SHOWN]
    ]
    context = {
        "organization": membership.organization,
        "tabs": tabs_of("organization_invitations", waiting=waiting_for(user, membership), membership=membership),
        "form": form,
        "file_form": FileForm(),
        "rows": rows,
    }
    return render(request, "dashboards/organization/invitations.html", context)


def _send(request: HttpRequest, organization: Organization, guests: Sequence[Guest], user: User) -> HttpResponse:
    if _is_allowed(request, organization):
        report(request, invite_many(organization=organization, guests=guests, by=user))
    return redirect("organization_invitations")


def _is_allowed(request: HttpRequest, organization: Organization) -> bool:
    if allow("invitation", str(organization.pk), amount=PER_HOUR, seconds=3600):
        return True
    messages.error(request, _("Too many invitations in a short time. Nothing was sent; try again in an hour."))
    return False


def report(request: HttpRequest, outcomes: Sequence[Outcome]) -> None:
    """Says how many invitations left, and of each other address why not."""
    sent = sum(not outcome.refusal for outcome in outcomes)
    if sent:
        words = ngettext("%(count)s invitation is on its way.", "%(count)s invitations are on their way.", sent)
        messages.success(request, words % {"count": sent})
    refused = [outcome for outcome in outcomes if outcome.refusal]
    for outcome in refused[:20]:
        messages.error(request, f"{outcome.email}: {outcome.refusal}")
    if len(refused) > 20:
        messages.error(request, _("%(count)s more were not invited.") % {"count": len(refused) - 20})


def _change(request: HttpRequest, user: User, action: str) -> HttpResponse:
    text = request.POST.get("id", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    own = Invitation.objects.managed_by(user).select_related("organization")
    found = get_object_or_404(own, pk=int(text))
    try:
        if action == "withdraw":
            withdraw_invitation(invitation=found, by=user)
            messages.success(request, _("Withdrawn. The link opens nothing any more."))
        elif _is_allowed(request, found.organization):
            resend_invitation(invitation=found, by=user)
            messages.success(request, _("Sent again. Only the newest link is valid."))
    except PortalError as refusal:
        messages.error(request, str(refusal))
    return redirect("organization_invitations")


@require_POST
def invitations_file(request: HttpRequest) -> HttpResponse:
    """What a file would do, row by row; then, with `rows`, doing it."""
    membership, user = admin_membership_of(request), signed_in(request)
    organization = membership.organization
    if "rows" in request.POST:
        return _send(request, organization, _checked(request, organization), user)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors.get("file", [_("Choose a file.")]))))
        return redirect("organization_invitations")
    try:
        rows = read_guests(form.cleaned_data["file"].read(), organization=organization)
    except FileFault as fault:
        messages.error(request, str(fault))
        return redirect("organization_invitations")
    good = [row for row in rows if row.guest is not None]
    context = {
        "organization": organization,
        "good": good,
        "bad": [row for row in rows if row.guest is None],
        "signed": signing.dumps(_packed(good), salt=_salt(organization), compress=True),
    }
    return render(request, "dashboards/organization/invitations_file.html", context)


def _salt(organization: Organization) -> str:
    return f"invitations-{organization.pk}"


def _packed(rows: Sequence[Row]) -> list[list[str]]:
    guests = [row.guest for row in rows if row.guest is not None]
    return [[guest.email, guest.role, guest.first_name, guest.last_name] for guest in guests]


def _checked(request: HttpRequest, organization: Organization) -> list[Guest]:
    """The rows that the preview showed: signed, so that what is sent is what was seen."""
    try:
        rows = signing.loads(request.POST["rows"], salt=_salt(organization), max_age=3600)
    except signing.BadSignature:
        raise Http404 from None
    return [Guest(*row) for row in rows]
