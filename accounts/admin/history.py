"""The history of changes in the admin: to read."""

from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit_words import act_words, lines_of, told
from accounts.models import AuditEntry, User
from accounts.tenant_admin import ReadOnlyAdmin
from common.numbers_in_text import number_in

MOST = 60
LINES = 3


class ActFilter(admin.SimpleListFilter):
    """What was done."""

    title = _("what")
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        acts = AuditEntry.objects.visible_to(request.user).exclude(act="").order_by("act")
        return [(act, act_words(act)) for act in acts.values_list("act", flat=True).distinct()[:MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(act=self.value()) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    """What sort of row it was done to."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        entries = AuditEntry.objects.visible_to(request.user).order_by()
        kinds = ContentType.objects.filter(pk__in=entries.values("content_type").distinct())
        return sorted(((str(kind.pk), str(kind.name)) for kind in kinds), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        kind = number_in(self.value() or "")
        return queryset if kind is None else queryset.filter(content_type_id=kind)


class PersonFilter(admin.SimpleListFilter):
    """Who did it; those who work for the distributor, others are found by search."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        assert isinstance(request.user, User)
        staff = User.objects.visible_to(request.user).exclude(staff_role="").order_by("email")
        return [(str(pk), email) for pk, email in staff.values_list("pk", "email")[:MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        person = number_in(self.value() or "")
        return queryset if person is None else queryset.filter(actor_id=person)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what, when, and what changed; nobody changes or deletes it."""

    list_display = ["timestamp", "what", "changed", "object_repr", "who", "reason"]
    list_display_links = ["timestamp"]
    list_select_related = ["actor", "acting_as", "content_type"]
    list_filter = ["timestamp", ActFilter, KindFilter, PersonFilter]
    search_fields = ["actor__email", "object_repr", "act", "reason"]
    search_help_text = _("Who did it, what it was done to, or the reason")
    ordering = ["-timestamp", "-id"]
    tenant_field = "tenant"
    change_form_template = "admin/accounts/auditentry/change_form.html"

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        answer = super().changeform_view(request, object_id, form_url, extra_context)
        context = getattr(answer, "context_data", None) or {}
        if context.get("original") is not None:
            context["entries"] = [told(context["original"])]
        return answer

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["timestamp", "object_repr"]

    @admin.display(description=_("what"), ordering="act")
    def what(self, entry: AuditEntry) -> str:
        return act_words(entry.act, entry)

    @admin.display(description=_("who"))
    def who(self, entry: AuditEntry) -> str:
        words = told(entry)
        if not words.acting_as:
            return words.who
        return gettext("%(who)s as %(person)s") % {"who": words.who, "person": words.acting_as}

    @admin.display(description=_("what changed"))
    def changed(self, entry: AuditEntry) -> SafeString:
        # What a row was made with is on its own page; a list of it all would hide the changes.
        lines = lines_of(entry) if entry.action == AuditEntry.Action.UPDATE else []
        shown = ((line.label, line.old or "—", line.new or "—") for line in lines[:LINES])
        return format_html_join("", "<span class='change'>{}: {} → {}</span> ", shown)
