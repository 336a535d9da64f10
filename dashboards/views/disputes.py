"""Objecting to an amount: the form, one's disputes, and each with what was said and its clock."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from common.errors import PortalError
from dashboards.selectors import disputes as facts
from dashboards.selectors.rewards import Reward, amount_words
from dashboards.times import day_words
from dashboards.views.readers import signed_in
from organizations.access import Role, role_of
from settlement.evidence.bundle import reward_lines
from settlement.models import Dispute, DisputeCategory, SettlementLine
from settlement.services import open_dispute, withdraw_dispute, write_in_dispute
from settlement.services.disputes import MOST_WORDS

PER_PAGE = 50


class DisputeForm(forms.Form):
    """What somebody says is wrong; the words may be left out."""

    category = forms.ChoiceField(label=gettext_lazy("What is wrong?"), widget=forms.RadioSelect)
    words = forms.CharField(
        label=gettext_lazy("In your words"),
        required=False,
        max_length=MOST_WORDS,
        widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy("You may leave this empty. A person reads it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(value, str(label)[:1].upper() + str(label)[1:]) for value, label in DisputeCategory.choices]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]  # a choice


@require_http_methods(["GET", "HEAD", "POST"])
def reward_dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks what is wrong with an amount; a POST opens the dispute."""
    user = _customer(request)
    related = "run__event__program__distributor", "run__event__version", "meter"
    line = get_object_or_404(SettlementLine.objects.visible_to(user).select_related(*related), pk=pk)
    if not facts.may_object(user):
        raise PermissionDenied
    lines = reward_lines(line) or [line]
    found = facts.objecting(user, lines[0])
    if found["dispute"] is not None and found["dispute"].is_undecided:
        return redirect("dispute", pk=found["dispute"].pk)
    form = DisputeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            opened = open_dispute(line=lines[0], by=user, **form.cleaned_data)
        except PortalError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("We got it. A person looks at it and answers."))
            return redirect("dispute", pk=opened.pk)
    return render(request, "dashboards/disputes/new.html", _form_context(user, lines, found, form))


def _form_context(user: User, lines: list[SettlementLine], found: dict[str, Any], form: DisputeForm) -> dict[str, Any]:
    event = lines[0].run.event
    day = day_words(event.start, event.program.zone)
    return {
        **found,
        "form": form,
        "amount": amount_words(Reward(tuple(lines))),
        "day": day,
        "line": lines[0],
        "back_url": reverse("reward_why", args=[lines[0].pk]),
        "crumbs": [_rewards_crumb(user), {"label": day, "url": reverse("reward_why", args=[lines[0].pk])}],
    }


@require_GET
def dispute_list(request: HttpRequest) -> HttpResponse:
    """The disputes of the reader, or of the organization, newest first."""
    user = _customer(request)
    rows = Dispute.objects.visible_to(user).select_related(*facts.RELATED).order_by("-opened_at", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    with_meter = role_of(user).is_member
    context = {
        "page_obj": page,
        "columns": facts.dispute_columns(with_meter=with_meter),
        "rows": facts.dispute_rows(list(page.object_list), with_meter=with_meter),
        "crumbs": [_rewards_crumb(user)],
        "rewards_url": _rewards_crumb(user)["url"],
    }
    return render(request, "dashboards/disputes/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """One dispute with all that was said; a POST writes or withdraws."""
    user = _customer(request)
    found = get_object_or_404(Dispute.objects.visible_to(user).select_related(*facts.RELATED), pk=pk)
    if request.method == "POST":
        if not facts.may_object(user):
            raise PermissionDenied
        return _act(request, user, found)
    context = {
        "dispute": found,
        "badge": facts.badge_of(found),
        "event": facts.event_words(found),
        "clock": facts.clock_words(found, facts.zone_of(found)),
        "thread": facts.thread_of(found, for_operator=False),
        "remedies": facts.remedy_words(found),
        "may_write": facts.may_object(user) and found.is_undecided,
        "most": MOST_WORDS,
        "crumbs": [_rewards_crumb(user), {"label": _("Disputes"), "url": reverse("disputes")}],
    }
    return render(request, "dashboards/disputes/detail.html", context)


def _act(request: HttpRequest, user: User, found: Dispute) -> HttpResponse:
    try:
        if request.POST.get("action") == "withdraw":
            withdraw_dispute(dispute=found, by=user)
            messages.success(request, _("Withdrawn. The amount stays as it is."))
        else:
            write_in_dispute(dispute=found, words=request.POST.get("words", ""), by=user)
            messages.success(request, _("Sent. You are told when there is an answer."))
    except PortalError as refusal:
        messages.error(request, str(refusal))
    return redirect("dispute", pk=found.pk)


def _customer(request: HttpRequest) -> User:
    """The reader, who may be owed rewards.

    Raises:
        Http404: for the distributor's people, who have a queue of their own.
    """
    user = signed_in(request)
    role = role_of(user)
    if role is not Role.RESIDENT and not role.is_member:
        raise Http404
    return user


def _rewards_crumb(user: User) -> dict[str, str]:
    return {"label": _("Rewards"), "url": reverse("organization_rewards" if role_of(user).is_member else "rewards")}
