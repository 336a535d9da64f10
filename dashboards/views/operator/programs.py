"""Programs: the list, a new one, one in full, and what may be done with it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from dashboards.operator_facts import programs as facts
from dashboards.sections import section_tabs
from dashboards.views.operator.scope import Scope, operator_page
from events.models import Program
from events.services import discard_draft, open_program, publish_draft, start_program
from events.term_templates import BY_KEY, TEMPLATES
from events.term_words import plain_facts
from events.version_hash import version_sha256


class NewProgramForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Name and kind of a new program; the kind says which terms its draft starts with."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Start from"),
        widget=forms.RadioSelect,
        initial=TEMPLATES[0].key,
        help_text=gettext_lazy("Every term can be changed before it is published."),
    )

    class Meta:
        model = Program
        fields = ["name", "description", "is_exclusive"]
        widgets = {"description": forms.Textarea({"rows": 3})}
        help_texts = {"description": gettext_lazy("What you would say on the phone: for whom it is, and why.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [(each.key, f"{each.title}: {each.words}") for each in TEMPLATES]
        self.order_fields(["name", "kind"])

    def clean(self) -> dict[str, Any]:
        """Refuses a name that the distributor's programs have already."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.instance.name = cleaned.get("name", "")
        try:
            self.instance.validate_constraints()
        except ValidationError as refusal:
            self.add_error("name" if "name" in cleaned else None, refusal.messages)
        return cleaned


@require_GET
@operator_page
def programs(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The distributor's programs with state, season, enrolled meters, events and budget."""
    found = list(facts.programs_of(scope.distributor))
    context = {
        "scope": scope,
        "tabs": section_tabs("programs", "operator_programs"),
        "columns": facts.columns(),
        "rows": facts.rows(found),
    }
    return render(request, "dashboards/operator/programs.html", context)


@require_http_methods(["GET", "POST"])
@operator_page
def program_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    """A name and a kind; then the draft of the terms."""
    if not scope.may_manage:
        raise PermissionDenied
    form = NewProgramForm(request.POST or None, instance=Program(distributor=scope.distributor))
    if request.method == "POST" and form.is_valid():
        template = BY_KEY[form.cleaned_data["kind"]]
        try:
            start_program(program=form.instance, terms=template.terms, by=scope.user)
        except PortalError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Made. Nobody sees it before you publish its terms."))
            return redirect("operator_program_draft", pk=form.instance.pk)
    context = {"scope": scope, "form": form, "crumbs": crumbs(_("New program"))}
    return render(request, "dashboards/operator/program_new.html", context)


@require_http_methods(["GET", "POST"])
@operator_page
def program(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One program; POST publishes or discards its draft, opens or closes it."""
    found = program_or_404(scope, pk)
    if request.method == "POST":
        return _act(request, scope, found)
    return render(request, "dashboards/operator/program.html", _context(scope, found))


def program_or_404(scope: Scope, pk: int) -> Program:
    """A program that the reader may see, with its counts."""
    visible = Program.objects.visible_to(scope.user).filter(pk=pk)
    distributor = get_object_or_404(visible.select_related("distributor")).distributor
    return facts.programs_of(distributor).get(pk=pk)


def manage(scope: Scope, program: Program) -> None:
    """Passes whoever may change the program.

    Raises:
        PermissionDenied: for readers.
    """
    if not Program.objects.managed_by(scope.user).filter(pk=program.pk).exists():
        raise PermissionDenied


def crumbs(*names: str) -> list[dict[str, str]]:
    """The way to a page below the list."""
    return [
        {"label": _("Programs"), "url": reverse("operator_programs")},
        *({"label": each, "url": ""} for each in names),
    ]


def _context(scope: Scope, found: Any) -> dict[str, object]:
    version, draft = facts.in_force(found), facts.draft_of(found)
    published = found.versions.published().select_related("published_by").order_by("-number")
    return {
        "scope": scope,
        "program": found,
        "version": version,
        "draft": draft,
        "draft_sha256": version_sha256(draft) if draft else "",
        "badge": facts.state_badge(found, version),
        "budget": facts.budget_words(found, version),
        "plain": plain_facts(version) if version else [],
        "groups": facts.groups_of(version) if version else [],
        "columns": facts.version_columns(),
        "rows": facts.version_rows(list(published), found),
        "crumbs": crumbs(found.name),
    }


def _publish(request: HttpRequest, scope: Scope, program: Program) -> str:
    version = publish_draft(program=program, by=scope.user, seen=request.POST.get("seen", ""))
    if version.number == 1:
        open_program(program=program, is_open=True, by=scope.user)
        return _("Published, and the program is open: people can join.")
    return _("Published. Whoever takes part is told now.")


def _discard(request: HttpRequest, scope: Scope, program: Program) -> str:
    discard_draft(program=program, by=scope.user)
    return _("The draft is gone. The terms in force stay as they are.")


def _open(request: HttpRequest, scope: Scope, program: Program) -> str:
    open_program(program=program, is_open=True, by=scope.user)
    return _("Open: people can join, and it can have events.")


def _close(request: HttpRequest, scope: Scope, program: Program) -> str:
    open_program(program=program, is_open=False, by=scope.user)
    return _("Closed: nobody can join, and no new events can be made. Whoever is in it stays.")


ACTIONS: dict[str, Callable[[HttpRequest, Scope, Program], str]] = {
    "publish": _publish,
    "discard": _discard,
    "open": _open,
    "close": _close,
}


def _act(request: HttpRequest, scope: Scope, program: Program) -> HttpResponse:
    manage(scope, program)
    act = ACTIONS.get(request.POST.get("action", ""))
    if act is None:
        messages.error(request, _("There is no such action."))
        return redirect("operator_program", pk=program.pk)
    try:
        messages.success(request, act(request, scope, program))
    except PortalError as refusal:
        messages.error(request, str(refusal))
    return redirect("operator_program", pk=program.pk)
