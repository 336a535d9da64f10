"""Messages in the admin: to read. A mail's text may hold a link that opens an account, so only its subject shows."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import ReadOnlyAdmin, ReadOnlyInline, actor, run_each
from delivery.attention import undelivered
from delivery.jobs import resend_message
from delivery.models import Attempt, Message


class AttemptInline(ReadOnlyInline):
    """What was tried."""

    model = Attempt
    fields = ["at", "error"]
    readonly_fields = ["at", "error"]


class UndeliveredFilter(admin.SimpleListFilter):
    """What did not arrive."""

    title = _("arrival")
    parameter_name = "undelivered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("not arrived for an hour, or given up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(undelivered()) if self.value() == "yes" else queryset


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages, for those who run the distributor."""

    list_display = ["created_at", "kind", "recipient", "subject", "state", "finished_at"]
    list_filter = [UndeliveredFilter, "state", "created_at"]
    search_fields = ["recipient", "kind"]
    search_help_text = _("Recipient or kind")
    ordering = ["-id"]
    inlines = [AttemptInline]
    actions = ["resend"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.may_manage

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        names = ["kind", "recipient", "subject", "state", "created_at", "next_attempt_at", "finished_at"]
        return [*names, "text"] if settings.DEMO else names

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.get_fields(request, obj)

    @admin.display(description=_("subject"))
    def subject(self, message: Message) -> str:
        return str(message.payload.get("subject", ""))

    @admin.display(description=_("text"))
    def text(self, message: Message) -> str:
        return str(message.payload.get("text", "")) if settings.DEMO else ""

    @admin.action(description=_("Send again"))
    def resend(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        run_each(self, request, queryset, lambda row: resend_message(message=row, by=actor(request)), name=_named)


def _named(message: Message) -> str:
    return f"{message.kind} {message.recipient}"
