"""Residents link their meter, and say that they move out."""

from datetime import date
from typing import Any

from allauth.core.internal.ratelimit import get_ip
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from common.intervals import local_day
from dashboards.selectors.moving import Residence, days_to_leave, residence_of
from dashboards.selectors.organization import meters_of
from dashboards.views.meter_asked import visible_meter
from dashboards.views.readers import signed_in
from meters.errors import ClaimRefused, HoldsAnother, MapRefused, TooManyClaims
from meters.models import MeterMap
from meters.services import claim_meter, keep_meter, leave_meter
from organizations.access import Role, role_of

TOO_MANY = 429


class ClaimForm(forms.Form):
    """Number and code, as they stand on the bill."""

    number = forms.CharField(label=gettext_lazy("Meter number"), max_length=40, strip=True)
    code = forms.CharField(
        label=gettext_lazy("Claim code"),
        max_length=40,
        help_text=gettext_lazy("Twelve letters and digits. Dashes and capitals do not matter."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        self.fields["code"].widget.attrs |= {"class": "code-input", "placeholder": "XXXX-XXXX-XXXX"}


class MoveOutForm(forms.Form):
    """The first day on which the meter is no longer the resident's."""

    day = forms.DateField(
        label=gettext_lazy("From which day is this meter no longer yours?"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, days: tuple[date, date], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.days = days
        first, last = (formats.date_format(day, "DATE_FORMAT") for day in days)
        field = self.fields["day"]
        field.help_text = _("From %(first)s to %(last)s.") % {"first": first, "last": last}
        field.widget.attrs |= {"min": days[0].isoformat(), "max": days[1].isoformat()}
        self.initial.setdefault("day", max(today, days[0]))

    def clean_day(self) -> date:
        """A day that may be chosen."""
        day: date = self.cleaned_data["day"]
        if not self.days[0] <= day <= self.days[1]:
            raise forms.ValidationError(_("Choose a day within these bounds."))
        return day


@never_cache
@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest) -> HttpResponse:
    """Links a meter to the resident by its number and claim code."""
    user = signed_in(request)
    if role_of(user) is not Role.RESIDENT:
        raise PermissionDenied
    form = ClaimForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _claim(request, user, form)
    return _claim_page(request, user, form)


def _claim(request: HttpRequest, user: User, form: ClaimForm) -> HttpResponse:
    typed = form.cleaned_data
    # Of an IPv6 address the network: one household has more addresses than anybody can count.
    address, end_old = get_ip(request), request.POST.get("end_old") == "yes"
    try:
        row = claim_meter(user=user, number=typed["number"], code=typed["code"], address=address, end_old=end_old)
    except HoldsAnother as asks:
        context = {"old": asks.meter, "day": asks.day, "crumbs": _crumbs(_("Moving house")), **typed}
        return render(request, "dashboards/resident/claim_moving.html", context)
    except ClaimRefused as refused:
        form.add_error(None, str(refused))
        status = TOO_MANY if isinstance(refused, TooManyClaims) else 200
        return _claim_page(request, user, form, status=status)
    messages.success(request, _claimed_words(row))
    return redirect("home")


def _claimed_words(row: MeterMap) -> str:
    day = formats.date_format(local_day(row.valid_from, row.meter.zone), "DATE_FORMAT")
    words = {"meter": row.meter.label, "day": day}
    if row.valid_from > timezone.now():
        return _("The meter %(meter)s is yours from %(day)s on. It appears here on that day.") % words
    return _("The meter %(meter)s is yours: you see it from %(day)s on.") % words


def _claim_page(request: HttpRequest, user: User, form: ClaimForm, status: int = 200) -> HttpResponse:
    meters = meters_of(user)
    context = {"form": form, "crumbs": _crumbs(_("Link your meter")), "moving": meters[0] if meters else None}
    return render(request, "dashboards/resident/claim.html", context, status=status)


def _crumbs(*labels: str) -> list[dict[str, str]]:
    return [{"label": _("Home"), "url": reverse("home")}, *({"label": label, "url": ""} for label in labels)]


@never_cache
@require_http_methods(["GET", "POST"])
def move_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a resident's time with a meter on a day that they choose, or takes that back until the day."""
    user = signed_in(request)
    meter = visible_meter(user, pk)
    if role_of(user) is not Role.RESIDENT:
        raise PermissionDenied
    residence = residence_of(user, meter)
    if residence is None:
        raise Http404
    if request.method == "POST" and request.POST.get("action") == "stay":
        return _stay(request, user, residence)
    today = local_day(timezone.now(), meter.zone)
    form = MoveOutForm(request.POST or None, days=days_to_leave(user, residence), today=today)
    if request.method == "POST" and form.is_valid():
        answer = _leave(request, user, residence, form)
        if answer is not None:
            return answer
    context = {"meter": meter, "form": form, "until": residence.until, "crumbs": _way_to(residence)}
    return render(request, "dashboards/resident/move_out.html", context)


def _leave(request: HttpRequest, user: User, residence: Residence, form: MoveOutForm) -> HttpResponse | None:
    day = form.cleaned_data["day"]
    try:
        leave_meter(user=user, meter=residence.meter, day=day)
    except MapRefused as refused:
        form.add_error(None, str(refused))
        return None
    words = {"meter": residence.meter.label, "day": formats.date_format(day, "DATE_FORMAT")}
    messages.success(request, _("From %(day)s on the meter %(meter)s is no longer yours.") % words)
    return redirect("home")


def _stay(request: HttpRequest, user: User, residence: Residence) -> HttpResponse:
    try:
        keep_meter(user=user, meter=residence.meter)
    except MapRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, _("The meter stays yours. It takes part in coming events again; skip what does not suit you.")
        )
    return redirect("meter_detail", pk=residence.meter.pk)


def _way_to(residence: Residence) -> list[dict[str, str]]:
    home, here = _crumbs(_("Moving out"))
    meter = {"label": residence.meter.label, "url": reverse("meter_detail", args=[residence.meter.pk])}
    return [home, meter, here]
