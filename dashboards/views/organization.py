"""Pages of an organization that all its members read."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.models import User
from dashboards.selectors import calls, organization, reward_page, rewards, savings
from dashboards.selectors.organization import DAYS, Fleet
from dashboards.times import days_before, length_words, moment_words
from dashboards.views.organization_people import waiting_for
from dashboards.views.readers import membership_of, signed_in
from dashboards.words import kwh, money
from events.answers import may_answer
from meters.models import Meter
from organizations.models import Membership

PER_PAGE = 100


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Who we are, what runs now, what was saved and earned, and which meter saved most."""
    membership, user, now = membership_of(request), signed_in(request), timezone.now()
    fleet = _fleet(user, membership)
    call = calls.next_call(user=user, now=now)
    lines = list(rewards.lines_for(user))
    context = {
        "membership": membership,
        "organization": membership.organization,
        "event_card": calls.event_card(call, may_answer=may_answer(user), nominated=None) if call else None,
        "fleet": fleet,
        "fresh": _fresh(fleet, membership),
        "load": _load(user, fleet, membership),
        "stats": _stats(fleet, rewards.sums_of(lines, extras=rewards.extras_for(user)), membership),
        "saved": savings.saved_facts(
            fleet.saved_in_total.saved_wh, fleet.total, period=_("last %(days)s days") % {"days": DAYS}
        ),
        "chart": organization.rank_chart(fleet, membership.organization.name),
        "rank_url": reverse("chart_rank", args=[membership.organization_id]),
        "ledger": rewards.event_items(lines)[:4],
        "waiting": waiting_for(user, membership) if membership.is_admin else 0,
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


def _stats(fleet: Fleet, sums: rewards.Sums, membership: Membership) -> list[dict[str, Any]]:
    currency = membership.organization.distributor.currency
    total = fleet.saved_in_total
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


@require_GET
def meter_list(request: HttpRequest) -> HttpResponse:
    """The organization's meters; `?open=` leads on to one of them."""
    membership, user = membership_of(request), signed_in(request)
    wanted = request.GET.get("open", "")
    if wanted.isascii() and wanted.isdigit():
        meter = get_object_or_404(Meter.objects.visible_to(user), pk=int(wanted))
        return redirect("meter_detail", pk=meter.pk)
    fleet = _fleet(user, membership)
    page = Paginator(fleet.meters, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "organization": membership.organization,
        "fresh": _fresh(fleet, membership),
        "page_obj": page,
        "columns": organization.meter_columns(),
        "rows": organization.meter_rows(fleet, page.object_list),
        "days": DAYS,
    }
    return render(request, "dashboards/organization/meters.html", context)


@require_GET
def reward_list(request: HttpRequest) -> HttpResponse:
    """What the organization earned, by event and meter."""
    membership, user = membership_of(request), signed_in(request)
    found = reward_page.context_of_page(user, page=request.GET.get("page"), with_meter=True)
    context = {"organization": membership.organization, **found}
    return render(request, "dashboards/organization/rewards.html", context)
