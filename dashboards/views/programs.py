"""Programs for residents and organizations: the terms, joining, and one's own part."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from common.errors import PortalError
from common.speech import plain_words
from dashboards.selectors import nominations
from dashboards.selectors import programs as selectors
from dashboards.selectors.programs import Part
from dashboards.views.readers import signed_in
from events import services
from events.agreement import terms_hash
from events.gate_words import gate_words
from events.models import Consent, Enrollment, EnrollmentState, Program, ProgramVersion
from events.services import Agreement, check_gates, needs_nomination
from events.term_words import differences, plain_facts
from meters.models import Meter
from organizations.access import Role, role_of

MAY_ACT = (Role.RESIDENT, Role.ORGANIZATION_ADMIN)


class JoinForm(forms.Form):
    """Which meters, how many kW where the terms need it, and the consent."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    agree = forms.BooleanField(
        label=gettext_lazy("I have read the terms and agree to them."),
        error_messages={"required": gettext_lazy("Without your consent you cannot join.")},
    )

    def __init__(
        self,
        *args: Any,
        meters: Sequence[Meter],
        version: ProgramVersion,
        delivered: Mapping[int, Decimal] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = terms_hash(version)
        self.meters, self.delivered = meters, delivered or {}
        if len(meters) > 1:
            self.fields["meters"] = forms.MultipleChoiceField(
                label=_("Meters"),
                choices=[(str(meter.pk), meter.label) for meter in meters],
                initial=[str(meter.pk) for meter in meters],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": _("Tick at least one meter.")},
            )
        if needs_nomination(version):
            self._ask_kw()
        self.order_fields(["meters", *(f"kw-{meter.pk}" for meter in meters), "agree"])

    def _ask_kw(self) -> None:
        for meter in self.meters:
            label = _("How many kW can you do without?")
            self.fields[f"kw-{meter.pk}"] = forms.DecimalField(
                label=label if len(self.meters) == 1 else _("kW, %(meter)s") % {"meter": meter.label},
                min_value=0,
                max_digits=10,
                decimal_places=3,
                initial=meter.contracted_kw if meter.contracted_kw is not None else self.delivered.get(meter.pk),
                required=len(self.meters) == 1,
                help_text=self._kw_help(meter),
            )

    def _kw_help(self, meter: Meter) -> str:
        """What past events suggest, and that nothing is forever."""
        words = []
        if meter.pk in self.delivered:
            kw = plain_words(self.delivered[meter.pk])
            words.append(_("In past events you delivered %(kw)s kW on average.") % {"kw": kw})
        if len(self.meters) == 1:
            words.append(_("You can change it later."))
        return " ".join(words)

    def chosen(self) -> list[Meter]:
        """The meters of a valid form."""
        ticked = self.cleaned_data.get("meters")
        return [meter for meter in self.meters if ticked is None or str(meter.pk) in ticked]

    def agreement(self) -> Agreement:
        """What a valid form agrees to."""
        kw = {meter.pk: self.cleaned_data.get(f"kw-{meter.pk}") for meter in self.meters}
        return Agreement(
            sha256=self.cleaned_data["seen"], kw={pk: value for pk, value in kw.items() if value is not None}
        )


@require_GET
def program_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The terms of a program in plain words, and how the reader stands to it."""
    user = signed_in(request)
    role = role_of(user)
    program = _program_or_404(user, pk)
    if role.is_staff or role is Role.PLATFORM:
        return redirect("operator_program", pk=pk)
    part = _part_or_404(user, program)
    context = {
        "program": program,
        "part": part,
        "badge": part.badge,
        "plain": plain_facts(part.version),
        "terms_text": part.version.terms_text,
        "rows": [_own(row, part) for row in part.enrollments],
        "changes": _changes(part) if part.unagreed else [],
        "seen": terms_hash(part.version),
        "may_act": role in MAY_ACT,
        "may_join": role in MAY_ACT and bool(part.free),
        "is_member": role.is_member,
        "chance": selectors.chance_of(part.version, part.free, user) if part.free else None,
        "steps": selectors.what_follows(part.version),
        "promises": nominations.promises_of(part.lasting) if _nominates(part) else [],
        "from_when": nominations.from_when(program, part.version),
    }
    return render(request, "dashboards/programs/detail.html", context)


def _nominates(part: Part) -> bool:
    return bool(part.lasting) and needs_nomination(part.version)


def _own(row: Enrollment, part: Part) -> dict[str, Any]:
    return {"enrollment": row, "text": part.words_of(row), **part.badge_of(row)}


def _changes(part: Part) -> list[Any]:
    """What is new since the terms that were agreed to last."""
    consents = Consent.objects.filter(enrollment__in=part.unagreed).select_related("version")
    last = consents.order_by("-given_at", "-pk").first()
    if last is None:
        return []
    last.version.program = part.program
    return [each for each in differences(last.version, part.version) if each.is_material]


@require_http_methods(["GET", "POST"])
def program_join(request: HttpRequest, pk: int) -> HttpResponse:
    """The terms, the consent and one button; a POST joins with one's meters."""
    user = signed_in(request)
    program = _program_or_404(user, pk)
    if role_of(user) not in MAY_ACT:
        raise PermissionDenied
    part = _part_or_404(user, program)
    if not part.free:
        messages.info(request, _("There is no meter of yours that could join."))
        return redirect("program_detail", pk=pk)
    delivered = nominations.delivered_before(part.free, user) if needs_nomination(part.version) else {}
    form = JoinForm(request.POST or None, meters=part.free, version=part.version, delivered=delivered)
    if request.method == "POST" and form.is_valid() and _join(request, program, form, user):
        return redirect("program_detail", pk=pk)
    context = {
        "program": program,
        "part": part,
        "form": form,
        "plain": plain_facts(part.version),
        "terms_text": part.version.terms_text,
        "gates": _gates(part),
        "chance": selectors.chance_of(part.version, part.free, user),
        "steps": selectors.what_follows(part.version),
    }
    return render(request, "dashboards/programs/join.html", context)


def _gates(part: Part) -> list[dict[str, str]]:
    """What is missing before the meters can be measured; empty where nothing is."""
    found = check_gates(version=part.version, meters=part.free)
    return [
        {"label": meter.label, "value": gate_words(found[meter.pk].data())}
        for meter in part.free
        if not found[meter.pk].is_enough
    ]


def _join(request: HttpRequest, program: Program, form: JoinForm, user: User) -> bool:
    """Whether the meters joined; else the form says why not."""
    try:
        rows = services.apply(program=program, meters=form.chosen(), agreement=form.agreement(), by=user)
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return False
    count = sum(row.state == EnrollmentState.ACTIVE for row in rows)
    if count == len(rows):
        messages.success(request, _("You take part in %(program)s.") % {"program": program.name})
    else:
        messages.success(request, _("Your wish is noted. See below what comes next."))
    return True


def _program_or_404(user: User, pk: int) -> Program:
    return get_object_or_404(Program.objects.visible_to(user).select_related("distributor"), pk=pk)


def _part_or_404(user: User, program: Program) -> Part:
    """How the reader stands to a program that was ever published, and is open or has a meter of theirs."""
    if not program.versions.published().exists():
        raise Http404
    part = selectors.part_of(user, program)
    if not program.is_open and not part.enrollments:
        raise Http404
    return part


@require_POST
def program_part(request: HttpRequest, pk: int) -> HttpResponse:
    """Agrees to new terms, pauses, goes on, leaves, or promises other kW; with one meter or all of one's own."""
    user = signed_in(request)
    program = _program_or_404(user, pk)
    if role_of(user) not in MAY_ACT:
        raise PermissionDenied
    part = _part_or_404(user, program)
    act = ACTIONS.get(request.POST.get("action", ""))
    chosen = request.POST.get("enrollment", "")
    rows = [row for row in part.lasting if chosen in ("", str(row.pk))]
    if act is None or not rows:
        raise Http404
    try:
        messages.success(request, act(request, rows, user))
    except PortalError as refusal:
        messages.error(request, str(refusal))
    back = "organization_program" if request.POST.get("back") == "organization" else "program_detail"
    return redirect(back, pk=pk)


def _agree(request: HttpRequest, rows: Sequence[Enrollment], user: User) -> str:
    services.agree(enrollments=rows, agreement=Agreement(sha256=request.POST.get("seen", "")[:64]), by=user)
    return _("Noted: you agree to the new terms, and take part as before.")


def _those(rows: Sequence[Enrollment], state: EnrollmentState) -> Sequence[Enrollment]:
    """Of several meters those in a state; of a single one it is said why it cannot be."""
    return rows if len(rows) == 1 else [row for row in rows if row.state == state]


def _pause(request: HttpRequest, rows: Sequence[Enrollment], user: User) -> str:
    with transaction.atomic():
        for row in _those(rows, EnrollmentState.ACTIVE):
            services.pause_enrollment(enrollment=row, by=user)
    return _("Paused. You are asked for no events until you go on.")


def _resume(request: HttpRequest, rows: Sequence[Enrollment], user: User) -> str:
    with transaction.atomic():
        for row in _those(rows, EnrollmentState.PAUSED):
            services.resume_enrollment(enrollment=row, by=user)
    return _("You are asked again, also for events to come that the pause skipped.")


def _leave(request: HttpRequest, rows: Sequence[Enrollment], user: User) -> str:
    with transaction.atomic():
        for row in rows:
            services.end_enrollment(enrollment=row, by=user, reason="left by its holder")
    return _("You left. What you have earned stays yours, and you can join again at any time.")


def _nominate(request: HttpRequest, rows: Sequence[Enrollment], user: User) -> str:
    """Takes every figure that was typed and is another one; all or none."""
    changed = 0
    for row, kw in _figures(request, rows):
        count = row.nominations.count()
        services.nominate(enrollment=row, kw=kw, source=services.said_by(services.PORTAL, user), by=user)
        changed += row.nominations.count() - count
    words = ngettext("%(count)d figure is noted.", "%(count)d figures are noted.", changed) % {"count": changed}
    return words if changed else _("Nothing was changed.")


def _figures(request: HttpRequest, rows: Sequence[Enrollment]) -> list[tuple[Enrollment, Decimal]]:
    field = forms.DecimalField(min_value=0, max_digits=10, decimal_places=3, required=False)
    found = []
    for row in rows:
        text = request.POST.get(f"kw-{row.pk}", "")
        try:
            kw = field.clean(text)
        except forms.ValidationError as refusal:
            words = _("%(meter)s: “%(text)s” cannot be kept. %(reason)s")
            reason = " ".join(refusal.messages)
            raise PortalError(words % {"meter": row.meter.label, "text": text[:20], "reason": reason}) from None
        if kw is not None:
            found.append((row, kw))
    return found


Act = Callable[[HttpRequest, Sequence[Enrollment], User], str]
ACTIONS: dict[str, Act] = {
    "agree": _agree,
    "pause": _pause,
    "resume": _resume,
    "leave": _leave,
    "nominate": _nominate,
}
