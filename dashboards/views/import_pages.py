"""What the pages of imports have in common for a distributor's people and for organizations."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import PortalError
from dashboards import import_facts as facts
from dashboards.import_form import ImportForm
from meters.models import BatchSource, BatchState, ImportBatch, Meter
from meters.services import batches
from organizations.access import Role, role_of
from organizations.models import Distributor, Organization

PER_PAGE = 25


@dataclass(frozen=True)
class Place:
    """Whose imports these are: `route` begins the names of the routes, `base` is the page around."""

    user: User
    distributor: Distributor
    route: str
    base: str
    examples: tuple[str, ...]
    organization: Organization | None = None
    scope: Any = None

    @property
    def may_manage(self) -> bool:
        """Whether the reader may bring files and decide on them."""
        return role_of(self.user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN, Role.ORGANIZATION_ADMIN)

    @property
    def rows(self) -> QuerySet[ImportBatch]:
        """The imports that the reader may see here."""
        return ImportBatch.objects.visible_to(self.user).filter(distributor=self.distributor)

    @property
    def meters(self) -> QuerySet[Meter]:
        """The meters that a file may speak of."""
        own = Meter.objects.filter(distributor=self.distributor)
        if self.organization is None:
            return own
        return own.filter(pk__in=Meter.objects.visible_to(self.user).values("pk"))

    def context(self, **more: Any) -> dict[str, Any]:
        """What every one of the pages needs."""
        return {
            "scope": self.scope,
            "place": self,
            "base": self.base,
            "list_route": f"{self.route}s",
            "new_route": f"{self.route}_new",
            "page_route": self.route,
            "errors_route": f"{self.route}_errors",
            "file_route": f"{self.route}_file",
            "progress_route": f"{self.route}_progress",
            "template_route": f"{self.route}_template",
            **more,
        }


def list_page(request: HttpRequest, place: Place, tabs: Sequence[dict[str, Any]] = ()) -> HttpResponse:
    """The imports, newest first, by state; `tabs` lead to the pages beside this one."""
    state = request.GET.get("state", "")
    found = place.rows.filter(state=state) if state else place.rows
    found = found.select_related("organization", "created_by").order_by("-created_at", "-pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    zone = place.distributor.zone
    context = place.context(
        page_obj=page,
        tabs=tabs,
        columns=facts.columns(),
        rows=facts.rows(list(page.object_list), zone, place.route),
        states=[(value.value, str(value.label).capitalize()) for value in BatchState],
        state=state,
    )
    return render(request, "dashboards/imports/list.html", context)


def new_page(request: HttpRequest, place: Place) -> HttpResponse:
    """The form for a file; a POST takes it."""
    if not place.may_manage:
        raise PermissionDenied
    form = ImportForm(request.POST or None, request.FILES or None, meters=place.meters)
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES, meters=place.meters)
        if form.is_valid() and (taken := _take(place, form)):
            messages.success(request, _("The file is here. Nothing is stored yet: it is being checked."))
            return redirect(place.route, pk=taken.pk)
    return render(request, "dashboards/imports/new.html", place.context(form=form))


def _take(place: Place, form: ImportForm) -> ImportBatch | None:
    """The new import; None where the form says why there is none."""
    file = form.cleaned_data["file"]
    try:
        return batches.take_file(
            distributor=place.distributor,
            source=BatchSource.PAGE,
            name=file.name,
            stream=file,
            options={name: form.cleaned_data[name] for name in ("unit", "zone", "meter")},
            by=place.user,
            organization=place.organization,
        )
    except PortalError as refusal:
        form.add_error("file", str(refusal))
        return None


def batch_of(place: Place, pk: int) -> ImportBatch:
    """One of the imports; 404 for any other."""
    people = ("organization", "created_by", "stored_by", "undo_asked_by", "undone_by")
    visible = ImportBatch.objects.visible_to(place.user).select_related("distributor", *people)
    return get_object_or_404(visible, pk=pk)


def batch_page(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """One import in full; a POST does one step."""
    batch = batch_of(place, pk)
    if request.method == "POST":
        return _act(request, place, batch)
    zone = place.distributor.zone
    twin = batches.twin_of(batch)
    context = place.context(
        batch=batch,
        badge=facts.badge_of(batch),
        progress=facts.progress(batch),
        facts=facts.facts(batch, zone),
        tiles=facts.tiles(batch),
        span=facts.span_words(batch, zone),
        failure=facts.failure(batch),
        notes=facts.notes(batch),
        problems=facts.problems(batch),
        left_out=batch.totals.get("refused", 0) + batch.totals.get("unknown", 0),
        has_errors_file=batches.errors_of(batch).is_file(),
        top=facts.top_meters(batch),
        settled=facts.settled(batch, may_open=place.organization is None),
        twin=twin if batch.state != BatchState.STORED else None,
        actions=_actions(place, batch),
        waits_for_distributor=batch.state == BatchState.CHECKED and batches.needs_distributor(batch),
        has_upload=_may_fetch(place) and batches.upload_of(batch).is_file(),
    )
    return render(request, "dashboards/imports/detail.html", context)


def progress_answer(place: Place, pk: int) -> HttpResponse:
    """How far the work on it is, for the page's script."""
    return JsonResponse(facts.progress(batch_of(place, pk)), headers={"Cache-Control": "private, no-store"})


def errors_answer(place: Place, pk: int) -> HttpResponse:
    """The rows left out, as CSV."""
    batch = batch_of(place, pk)
    return _file(batches.errors_of(batch), f"errors-{batch.pk}.csv", "text/csv; charset=utf-8")


def file_answer(place: Place, pk: int) -> HttpResponse:
    """The file as it was uploaded."""
    if not _may_fetch(place):
        raise PermissionDenied
    batch = batch_of(place, pk)
    return _file(batches.upload_of(batch), batch.file_name, "application/octet-stream")


def template_answer(place: Place, name: str) -> HttpResponse:
    """A file to begin with."""
    rows = batches.example_rows(name, place.meters) if name in place.examples else None
    if rows is None:
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    csv.writer(response).writerows(rows)
    return response


def _file(path: Any, name: str, kind: str) -> HttpResponse:
    try:
        answer = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=kind)
    except OSError:
        raise Http404 from None
    # The stubs know a streamed answer only as the base of answers; views and middleware take it like any other.
    return cast(HttpResponse, answer)


def _may_fetch(place: Place) -> bool:
    return place.may_manage


def _undo(request: HttpRequest, place: Place, batch: ImportBatch) -> ImportBatch:
    return batches.ask_undo(batch=batch, by=place.user, reason=request.POST.get("reason", ""))


Step = Callable[[HttpRequest, Place, ImportBatch], ImportBatch]
ACTIONS: dict[str, Step] = {
    "store": lambda request, place, batch: batches.store_batch(batch=batch, by=place.user),
    "drop": lambda request, place, batch: batches.drop_batch(batch=batch, by=place.user),
    "undo": _undo,
    "confirm": lambda request, place, batch: batches.confirm_undo(batch=batch, by=place.user),
    "refuse": lambda request, place, batch: batches.refuse_undo(batch=batch, by=place.user),
}


def _actions(place: Place, batch: ImportBatch) -> set[str]:
    """What the reader may do to the import as it is now."""
    if not place.may_manage:
        return set()
    state = BatchState(batch.state)
    mine = batch.undo_asked_by_id == place.user.pk
    of_organization = place.organization is not None
    allowed = {
        "store": (state is BatchState.CHECKED and not (of_organization and batches.needs_distributor(batch)))
        or (state is BatchState.FAILED and bool(batch.totals)),
        "drop": state in (BatchState.UPLOADED, BatchState.CHECKED, BatchState.WAITING, BatchState.FAILED),
        "undo": state is BatchState.STORED,
        "confirm": state is BatchState.UNDO_ASKED and not mine and not of_organization,
        "refuse": state is BatchState.UNDO_ASKED and (mine or not of_organization),
    }
    return {name for name, may in allowed.items() if may}


def _act(request: HttpRequest, place: Place, batch: ImportBatch) -> HttpResponse:
    if not ImportBatch.objects.managed_by(place.user).filter(pk=batch.pk).exists():
        raise PermissionDenied
    name = request.POST.get("action", "")
    if name not in ACTIONS:
        raise Http404
    try:
        done = ACTIONS[name](request, place, batch)
    except PortalError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _done_words(name, done))
    return redirect(place.route, pk=batch.pk)


def _done_words(name: str, batch: ImportBatch) -> str:
    if name == "undo" and batch.state == BatchState.UNDO_ASKED:
        return _("Asked. Another admin of %(distributor)s has to confirm it.") % {"distributor": batch.distributor.name}
    return {
        "store": _("The readings will be stored in a moment."),
        "drop": _("Dropped. Nothing of the file was stored."),
        "undo": _("The readings will be taken back in a moment."),
        "confirm": _("Confirmed. The readings will be taken back in a moment."),
        "refuse": _("The import stays as it is."),
    }[name]
