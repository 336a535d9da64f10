"""The pages of import and export of a list in the admin."""

from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import deed
from accounts.errors import UnusableFile
from accounts.exchange.files import csv_answer, dataset_of, json_answer, text_of
from accounts.exchange.preview import Preview, run
from accounts.exchange.resource import TenantResource
from accounts.models import Entity, Kind, User
from accounts.tenant_admin import TenantAdmin

KEPT_FOR = 60 * 60
SHOWN = 200


class UploadForm(forms.Form):
    """The file, and for a platform operator whose it is."""

    distributor = forms.ModelChoiceField(
        label=gettext_lazy("Distributor"), queryset=Entity.objects.none(), required=True
    )
    file = forms.FileField(
        label=gettext_lazy("CSV file"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"})
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user.is_superuser:
            rows = Entity.objects.filter(kind=Kind.DISTRIBUTOR).select_related("as_distributor")
            self.fields["distributor"].queryset = rows  # type: ignore[attr-defined]  # a model choice
        else:
            del self.fields["distributor"]


class Upload(NamedTuple):
    """A file that was looked at and waits for the word."""

    text: str
    name: str
    distributor_id: int


class ExportAdmin(TenantAdmin):
    """A list that can be taken away as CSV or JSON, filtered as it is shown."""

    resource_class: type[TenantResource]
    change_list_template = "admin/exchange/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        return [
            self._path("export.csv", "export_csv", self.export_csv),
            self._path("export.json", "export_json", self.export_json),
            *super().get_urls(),
        ]

    def _path(self, address: str, name: str, view: Callable[..., HttpResponse]) -> URLPattern:
        full = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(address, self.admin_site.admin_view(view), name=full)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        query = request.GET.urlencode()
        extra = {"export_query": f"?{query}" if query else "", "may_import": False}
        return super().changelist_view(request, extra | (extra_context or {}))

    def export_csv(self, request: HttpRequest) -> HttpResponse:
        """The list as CSV."""
        return csv_answer(*self._export(request))

    def export_json(self, request: HttpRequest) -> HttpResponse:
        """The list as JSON."""
        return json_answer(*self._export(request))

    def _export(self, request: HttpRequest) -> tuple[str, list[str], list[list[str]]]:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        assert isinstance(request.user, User)
        shown = self.get_changelist_instance(request).get_queryset(request)
        resource = self.resource_class(user=request.user, distributor_id=None)
        columns = resource.columns()
        rows = [[column.cell(row) for column in columns] for row in self.export_rows(resource, shown)]
        name = get_valid_filename(str(self.opts.verbose_name_plural))
        return name, [column.column_name for column in columns], rows

    def export_rows(self, resource: TenantResource, shown: Any) -> Any:
        """The resource's rows for the rows that the list shows."""
        return resource.get_queryset().filter(pk__in=shown.order_by().values("pk"))


class ImportAdmin(ExportAdmin):
    """A list that also comes in: a file is looked at first, and taken as a whole or not at all."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self._path("import/", "import", self.import_view),
            self._path("template.csv", "template", self.template_view),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may = {"may_import": self.has_add_permission(request)}
        return super().changelist_view(request, may | (extra_context or {}))

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """An empty list with one filled row as an example."""
        resource = self._resource(request, None)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        names = [column.column_name for column in resource.columns()]
        example = [resource.example.get(name, "") for name in names]
        return csv_answer(f"{get_valid_filename(str(self.opts.verbose_name_plural))}-template", names, [example])

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Asks for a file; shows what it would change; does it once that is confirmed."""
        resource = self._resource(request, None)
        assert isinstance(request.user, User)
        if request.method == "POST" and "token" in request.POST:
            return self._confirmed(request)
        form = UploadForm(request.user, request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            return self._looked_at(request, form)
        return self._page(request, "upload.html", {"form": form, "columns": resource.columns()})

    def _resource(self, request: HttpRequest, distributor_id: int | None) -> TenantResource:
        if not isinstance(request.user, User) or not self.has_add_permission(request):
            raise PermissionDenied
        return self.resource_class(user=request.user, distributor_id=distributor_id)

    def _looked_at(self, request: HttpRequest, form: UploadForm) -> HttpResponse:
        assert isinstance(request.user, User)
        chosen = form.cleaned_data.get("distributor")
        distributor_id = chosen.pk if chosen is not None else request.user.distributor_id
        file = form.cleaned_data["file"]
        try:
            upload = Upload(text_of(file), str(file.name)[:80], distributor_id)
            preview = self._run(request, upload, dry=True)
        except UnusableFile as refusal:
            form.add_error("file", str(refusal))
            columns = self._resource(request, None).columns()
            return self._page(request, "upload.html", {"form": form, "columns": columns})
        return self._preview_page(request, upload, preview)

    def _run(self, request: HttpRequest, upload: Upload, *, dry: bool) -> Preview:
        resource = self._resource(request, upload.distributor_id)
        columns = resource.columns()
        required = [column.column_name for column in columns if column.required]
        dataset, numbers = dataset_of(upload.text, [column.column_name for column in columns], required)
        act = deed(f"{resource.noun}.imported", by=resource.user, reason=upload.name)
        with act, transaction.atomic():
            return run(resource, dataset, numbers, dry=dry)

    def _preview_page(self, request: HttpRequest, upload: Upload, preview: Preview) -> HttpResponse:
        token = ""
        if preview.is_good and preview.changes_something:
            token = token_urlsafe(16)
            cache.set(self._key(request, token), tuple(upload), KEPT_FOR)
        context = {
            "preview": preview,
            "token": token,
            "file_name": upload.name,
            "shown": preview.told[:SHOWN],
            "more": max(0, len(preview.told) - SHOWN),
        }
        return self._page(request, "preview.html", context)

    def _confirmed(self, request: HttpRequest) -> HttpResponse:
        key = self._key(request, request.POST["token"][:40])
        kept = cache.get(key)
        if kept is None:
            self.message_user(request, _("That was too long ago. Choose the file again."), level=messages.ERROR)
            return redirect(request.path)
        # Taken away first: pressed twice, it is imported once.
        cache.delete(key)
        upload = Upload(*kept)
        preview = self._run(request, upload, dry=False)
        if not preview.is_good:
            words = _("Meanwhile something changed, so nothing was imported. See what is in the way.")
            self.message_user(request, words, level=messages.ERROR)
            return self._preview_page(request, upload, preview)
        words = _("Imported: %(new)d new, %(update)d changed, %(skip)d as they were.") % preview.counts
        self.message_user(request, words)
        return redirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def _key(self, request: HttpRequest, token: str) -> str:
        """A file waits for the person who sent it, and for this list."""
        return f"import:{self.opts.label_lower}:{request.user.pk}:{token}"

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {
            **self.admin_site.each_context(request),
            "title": _("Import %(what)s") % {"what": self.opts.verbose_name_plural},
            "opts": self.opts,
            "is_nav_sidebar_enabled": False,
        }
        return TemplateResponse(request, f"admin/exchange/{template}", shared | context)
