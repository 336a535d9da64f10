"""Pages of an organization: everything for its members, approvals and people for its admins."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import ApprovalStatus, User
from dashboards.selectors import calls, organization, people, rewards, savings
from dashboards.selectors.organization import DAYS, Fleet
from dashboards.times import days_before, length_words, moment_words, zone_words
from dashboards.views.readers import membership_of, signed_in
from dashboards.views.resident import reward_context
from dashboards.words import kwh, money
from meters.models import Meter
from organizations.errors import OrganizationError
from organizations.models import Membership
from organizations.services import (
    approve_member,
    demote_member,
    promote_member,
    reject_member,
    remove_member,
)

REASON_LENGTH = 500


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Who we are, what runs now, what was saved and earned, and which meter saved most."""
    membership, user, now = membership_of(request), signed_in(request), timezone.now()
    fleet = _fleet(user, membership)
    call = calls.next_call(user=user, now=now)
    may_answer = membership.is_admin
    lines = list(rewards.lines_for(user))
    context = {
        "membership": membership,
        "organization": membership.organization,
        "event_card": calls.event_card(call, may_answer=may_answer, nominated=None) if call else None,
        "fleet": fleet,
        "fresh": _fresh(fleet, membership),
        "load": _load(user, fleet, membership),
        "stats": _stats(fleet, lines, membership),
        "saved": savings.saved_facts(
            fleet.saved_in_total.saved_wh, fleet.total, period=_("last %(days)s days") % {"days": DAYS}
        ),
        "chart": organization.rank_chart(fleet, membership.organization.name),
        "rank_url": reverse("chart_rank", args=[membership.organization_id]),
        "ledger": rewards.event_items(lines)[:4],
        "waiting": len(_requests(user, membership)) if membership.is_admin else 0,
    }
    return render(request, "dashboards/organization/home.html", context)


def _fleet(user: User, membership: Membership) -> Fleet:
    meters = organization.meters_of(user)
    holder_id = membership.organization_id
    return organization.fleet_of(user=user, holder_id=holder_id, meters=meters, now=timezone.now())


def _fresh(fleet: Fleet, membership: Membership) -> dict[str, str]:
    zone = membership.organization.distributor.zone
    newest = fleet.freshest
    if newest is None:
        return {"text": _("No readings in the last %(days)s days.") % {"days": DAYS}, "tone": "attention"}
    age = fleet.now - newest
    words = {"until": moment_words(newest, zone), "age": length_words(age)}
    old = age > organization.STALE_AFTER
    text = _("Readings up to %(until)s, %(age)s ago.") % words
    return {"text": text, "tone": "attention" if old else ""}


def _load(user: User, fleet: Fleet, membership: Membership) -> dict[str, str]:
    zone = membership.organization.distributor.zone
    load = organization.load_since(user=user, meters=fleet.meters, start=days_before(fleet.now, 0, zone))
    expected = load.expected_wh
    note = _("no forecast yet") if expected is None else _("%(kwh)s kWh expected") % {"kwh": kwh(expected)}
    return {"value": kwh(load.energy_wh), "note": note}


def _stats(fleet: Fleet, lines: list[Any], membership: Membership) -> list[dict[str, Any]]:
    currency = membership.organization.distributor.currency
    sums, total = rewards.sums_of(lines), fleet.saved_in_total
    url = reverse("organization_rewards")
    events = ngettext("%(count)s event", "%(count)s events", sums.events) % {"count": sums.events}
    share = savings.share_words(fleet.total.participation)
    period = _("last %(days)s days") % {"days": DAYS}
    stats = [
        {"label": _("Saved in events"), "value": kwh(total.saved_wh), "unit": "kWh", "note": events},
        {"label": _("Earned"), "value": money(sums.final, currency), "note": _("final"), "url": url},
        {"label": _("Participation"), "value": share, "note": period},
    ]
    if sums.estimate:
        estimate = {"label": _("Earned"), "value": money(sums.estimate, currency), "state": "estimate", "url": url}
        stats.insert(2, estimate)
    return stats


@require_http_methods(["GET", "HEAD", "POST"])
def approvals(request: HttpRequest) -> HttpResponse:
    """Who waits for an answer; a POST answers one or many."""
    membership, user = _admin_of(request), signed_in(request)
    if request.method == "POST":
        return _decide(request, user, membership)
    memberships = _members(user, membership)
    zone = membership.organization.distributor.zone
    now = timezone.now()
    requests = _requests(user, membership, memberships)
    context = {
        "organization": membership.organization,
        "requests": requests,
        "unverified": _unverified(memberships, requests),
        "refused": people.refused_of(memberships),
        "zone": zone_words(now, zone),
    }
    return render(request, "dashboards/organization/approvals.html", context)


def _admin_of(request: HttpRequest) -> Membership:
    """The reader's membership as an admin; members may not come here."""
    membership = membership_of(request)
    if not membership.is_admin:
        raise PermissionDenied
    return membership


def _members(user: User, membership: Membership) -> list[Membership]:
    return list(people.memberships_for(user).filter(organization_id=membership.organization_id))


def _requests(user: User, membership: Membership, memberships: list[Membership] | None = None) -> list[people.Request]:
    known = _members(user, membership) if memberships is None else memberships
    verified = people.verified_ids(known)
    zone = membership.organization.distributor.zone
    return people.requests_of(known, verified=verified, now=timezone.now(), zone=zone)


def _unverified(memberships: list[Membership], requests: list[people.Request]) -> int:
    waiting = [row for row in memberships if row.user.approval_status == ApprovalStatus.PENDING]
    return len(waiting) - len(requests)


def _decide(request: HttpRequest, user: User, membership: Membership) -> HttpResponse:
    """Approves or refuses the chosen people: those of the organization who are not in."""
    action = request.POST.get("action", "")
    if action not in ("approve", "reject"):
        raise Http404
    chosen = {int(text) for text in request.POST.getlist("ids") if text.isascii() and text.isdigit()}
    outside = [row for row in _members(user, membership) if row.user.approval_status != ApprovalStatus.APPROVED]
    found = [row for row in outside if row.pk in chosen]
    if not found:
        messages.warning(request, _("Choose at least one person who waits."))
        return redirect("organization_approvals")
    reason = request.POST.get("reason", "").strip()[:REASON_LENGTH]
    for row in found:
        if action == "approve":
            approve_member(membership=row, by=user)
        else:
            reject_member(membership=row, by=user, reason=reason)
    messages.success(request, _decided_words(action, found))
    return redirect("organization_approvals")


def _decided_words(action: str, found: list[Membership]) -> str:
    names = ", ".join(row.user.get_full_name() for row in found[:5])
    names = f"{names}, …" if len(found) > 5 else names
    words = _("Approved: %(names)s. A mail is on its way.")
    if action == "reject":
        words = _("Refused: %(names)s. A mail with your reason is on its way.")
    return words % {"names": names}


PEOPLE_ACTIONS = ("promote", "demote", "remove")


@require_http_methods(["GET", "HEAD", "POST"])
def people_list(request: HttpRequest) -> HttpResponse:
    """Who is in the organization, with which role; a POST changes one of them."""
    membership, user = _admin_of(request), signed_in(request)
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
    action, text = request.POST.get("action", ""), request.POST.get("id", "")
    if action not in PEOPLE_ACTIONS or not (text.isascii() and text.isdigit()):
        raise Http404
    inside = people.memberships_for(user).filter(user__approval_status=ApprovalStatus.APPROVED)
    changed = get_object_or_404(inside, pk=int(text))
    try:
        words = _actions(user)[action](changed)
    except OrganizationError as refusal:
        messages.error(request, str(refusal))
        return redirect("organization_people")
    messages.success(request, words)
    # Whoever gave up the own role may not see this page any more.
    return redirect("home" if changed.user_id == user.pk and action != "promote" else "organization_people")


def _actions(user: User) -> dict[str, Callable[[Membership], str]]:
    def promote(membership: Membership) -> str:
        promote_member(membership=membership)
        return _("%(name)s is an admin now.") % {"name": membership.user.get_full_name()}

    def demote(membership: Membership) -> str:
        demote_member(membership=membership)
        return _("%(name)s is a member now.") % {"name": membership.user.get_full_name()}

    def remove(membership: Membership) -> str:
        remove_member(membership=membership, by=user)
        return _("%(name)s was removed. A mail is on its way.") % {"name": membership.user.get_full_name()}

    return {"promote": promote, "demote": demote, "remove": remove}


@require_GET
def meter_list(request: HttpRequest) -> HttpResponse:
    """The organization's meters; `?open=` leads on to one of them."""
    membership, user = membership_of(request), signed_in(request)
    wanted = request.GET.get("open", "")
    if wanted.isascii() and wanted.isdigit():
        meter = get_object_or_404(Meter.objects.visible_to(user), pk=int(wanted))
        return redirect("meter_detail", pk=meter.pk)
    fleet = _fleet(user, membership)
    context = {
        "organization": membership.organization,
        "fleet": fleet,
        "fresh": _fresh(fleet, membership),
        "columns": organization.meter_columns(),
        "rows": organization.meter_rows(fleet),
        "days": DAYS,
    }
    return render(request, "dashboards/organization/meters.html", context)


@require_GET
def reward_list(request: HttpRequest) -> HttpResponse:
    """What the organization earned, by event and meter."""
    membership, user = membership_of(request), signed_in(request)
    lines = list(rewards.lines_for(user))
    context = {"organization": membership.organization, **reward_context(lines, with_meter=True)}
    return render(request, "dashboards/organization/rewards.html", context)
