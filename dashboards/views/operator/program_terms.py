"""The terms of a program: its draft, and what differs between two versions."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from dashboards.operator_facts import programs as facts
from dashboards.views.operator.programs import crumbs, manage, program_or_404
from dashboards.views.operator.scope import Scope, operator_page
from events.models import Program, ProgramVersion
from events.services import save_draft
from events.term_form import TermsForm
from events.term_words import differences, plain_facts
from events.terms import Terms
from events.version_hash import version_sha256


@require_http_methods(["GET", "POST"])
@operator_page
def program_draft(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The draft's terms by groups, and how a resident will read them; a POST keeps it."""
    program = program_or_404(scope, pk)
    manage(scope, program)
    form = TermsForm(request.POST or None)
    form.use(program.distributor)
    version, draft = facts.in_force(program), facts.draft_of(program)
    start = draft or version
    if start is not None:
        form.show(Terms.of(start))
    if request.method == "POST" and form.is_valid():
        try:
            save_draft(program=program, terms=form.terms, by=scope.user)
        except PortalError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Kept. Nobody sees it before you publish it."))
            return redirect(f"{reverse('operator_program_draft', args=[pk])}#preview")
    context = {
        "scope": scope,
        "program": program,
        "form": form,
        "draft": draft,
        "draft_sha256": version_sha256(draft) if draft else "",
        "plain": plain_facts(draft) if draft else [],
        "differences": differences(version, draft) if version and draft else [],
        "version": version,
        "crumbs": [*crumbs(), _link(program), {"label": _("Draft"), "url": ""}],
    }
    return render(request, "dashboards/operator/program_draft.html", context)


def _link(program: Program) -> dict[str, str]:
    return {"label": program.name, "url": reverse("operator_program", args=[program.pk])}


@require_GET
@operator_page
def program_versions(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """What one published version says, and what differs from another, by default from the one before."""
    program = program_or_404(scope, pk)
    published = list(program.versions.published().order_by("number"))
    for each in published:
        each.program = program
    if not published:
        raise Http404
    new = _numbered(published, request.GET.get("new", ""), published[-1])
    before = published[max(0, published.index(new) - 1)]
    old = _numbered(published, request.GET.get("old", ""), before)
    context = {
        "scope": scope,
        "program": program,
        "versions": published,
        "old": old,
        "new": new,
        "differences": differences(old, new),
        "groups": facts.groups_of(new),
        "plain": plain_facts(new),
        "crumbs": [*crumbs(), _link(program), {"label": _("Versions"), "url": ""}],
    }
    return render(request, "dashboards/operator/program_versions.html", context)


def _numbered(versions: list[ProgramVersion], asked: str, otherwise: ProgramVersion) -> ProgramVersion:
    if not asked:
        return otherwise
    found = next((each for each in versions if str(each.number) == asked), None)
    if found is None:
        raise Http404
    return found
