"""Standing wishes of who has meters: "never on Sundays"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Entity, User
from dashboards.selectors.organization import meters_of
from dashboards.views.readers import signed_in
from events.answers import may_answer
from events.errors import BadWish
from events.models import OptSchedule, Program
from events.services.opt_schedules import add_opt_schedule, end_opt_schedule
from events.wish_words import wish_words
from events.wishes import MIDNIGHT
from meters.models import Meter
from organizations.access import Role, holder_id_of, role_of

_WEEKDAYS = [
    ("0", gettext_lazy("Monday")),
    ("1", gettext_lazy("Tuesday")),
    ("2", gettext_lazy("Wednesday")),
    ("3", gettext_lazy("Thursday")),
    ("4", gettext_lazy("Friday")),
    ("5", gettext_lazy("Saturday")),
    ("6", gettext_lazy("Sunday")),
]
ALL = "all"


@dataclass(frozen=True)
class Said:
    """A wish as the form says it, not kept yet."""

    weekdays: str
    hours_from: time | None
    hours_to: time | None
    first_day: date | None
    last_day: date | None


class WishForm(forms.Form):
    """When events are skipped; the meter and the program are asked only where there are several."""

    meter = forms.ChoiceField(label=gettext_lazy("Meter"))
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("On which days?"),
        choices=_WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one day of the week.")},
    )
    hours_from = forms.TimeField(
        label=gettext_lazy("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    hours_to = forms.TimeField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("Leave both empty for the whole day. 12 am, or 00:00, is midnight."),
    )
    first_day = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Leave both empty for always."),
    )
    program = forms.ChoiceField(label=gettext_lazy("Program"), required=False)

    def __init__(self, *args: Any, meters: Sequence[Meter], programs: Sequence[Program], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.meters, self.programs = {str(m.pk): m for m in meters}, {str(p.pk): p for p in programs}
        several = [(ALL, _("all of them"))] if len(self.meters) > 1 else []
        self._choose("meter", [*several, *((pk, meter.label) for pk, meter in self.meters.items())])
        self._choose("program", [("", _("all programs")), *((pk, row.name) for pk, row in self.programs.items())])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        if len(choices) == 1 or (name == "program" and len(choices) == 2):
            field.widget, field.initial = forms.HiddenInput(), choices[0][0]

    def said(self) -> Said:
        """What was chosen; one end of the hours alone reaches to the end of its day."""
        data = self.cleaned_data
        start, end = data["hours_from"], data["hours_to"]
        if start is not None or end is not None:
            start, end = start or time.min, MIDNIGHT if end in (None, time.min) else end
        return Said("".join(sorted(data["weekdays"])), start, end, data["first_day"], data["last_day"])

    def chosen_meters(self) -> list[Meter]:
        """Of which meters."""
        chosen = self.cleaned_data["meter"]
        return list(self.meters.values()) if chosen == ALL else [self.meters[chosen]]

    def chosen_program(self) -> Program | None:
        """Of which program only."""
        return self.programs.get(self.cleaned_data["program"])


@require_http_methods(["GET", "HEAD", "POST"])
def wishes(request: HttpRequest) -> HttpResponse:
    """The wishes that last, and a form for one more; it can be read as a sentence before it is kept."""
    user = _holder(request)
    meters = list(meters_of(user))
    if request.method == "POST" and not may_answer(user):
        raise PermissionDenied
    programs = Program.objects.visible_to(user).order_by("name")
    form = WishForm(request.POST or None, meters=meters, programs=list(programs)) if meters else None
    preview = ""
    if form is not None and request.method == "POST" and form.is_valid():
        if request.POST.get("action") == "preview":
            preview = _sentence(form)
        elif _keep(request, user, form):
            return redirect("opt_schedules")
    rows = OptSchedule.objects.visible_to(user).lasting().select_related("meter", "program")
    context = {
        "rows": [_row(row) for row in rows.order_by("meter__number", "id")],
        "form": form if may_answer(user) else None,
        "several": len(meters) > 1,
        "preview": preview,
        "may_change": may_answer(user),
    }
    return render(request, "dashboards/wishes.html", context)


@require_POST
def wish_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a wish back."""
    user = _holder(request)
    schedule = get_object_or_404(OptSchedule.objects.visible_to(user), pk=pk)
    if not may_answer(user):
        raise PermissionDenied
    end_opt_schedule(schedule=schedule, by=user)
    messages.success(request, _("Taken back. Events announced from now on ask you again."))
    return redirect("opt_schedules")


def _holder(request: HttpRequest) -> User:
    user = signed_in(request)
    role = role_of(user)
    if role is not Role.RESIDENT and not role.is_member:
        raise Http404
    return user


def _sentence(form: WishForm) -> str:
    program = form.chosen_program()
    return wish_words(form.said(), program.name if program else "")


def _keep(request: HttpRequest, user: User, form: WishForm) -> bool:
    """Whether it is kept; else the form says why not."""
    said, meters = form.said(), form.chosen_meters()
    hours = (said.hours_from, said.hours_to) if said.hours_from is not None and said.hours_to is not None else None
    holder = Entity.objects.get(pk=holder_id_of(user))
    try:
        with transaction.atomic():
            for meter in meters:
                add_opt_schedule(
                    meter=meter,
                    holder=holder,
                    program=form.chosen_program(),
                    weekdays=said.weekdays,
                    hours=hours,
                    days=(said.first_day, said.last_day),
                    by=user,
                )
    except BadWish as refusal:
        form.add_error(None, str(refusal))
        return False
    kept = ngettext("Kept for %(count)d meter.", "Kept for %(count)d meters.", len(meters)) % {"count": len(meters)}
    messages.success(request, f"{kept} {_sentence(form)}")
    return True


def _row(schedule: OptSchedule) -> dict[str, Any]:
    program = schedule.program.name if schedule.program is not None else ""
    return {
        "wish": schedule,
        "sentence": wish_words(schedule, program),
        "meter": schedule.meter.label,
        "dialog_id": f"end-{schedule.pk}",
    }
