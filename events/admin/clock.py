"""What the admins of this room share: the distributor's clock."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tenant_admin import TenantAdmin
from common.errors import PortalError
from organizations.models import Distributor


class LocalTimesAdmin(TenantAdmin):
    """Times on the clock of the user's distributor; a service's refusal is a message, never a fault."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._on_local_clock(request, super().changelist_view, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._on_local_clock(request, super().changeform_view, *args, **kwargs)

    def _on_local_clock(self, request: HttpRequest, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        tenant = Distributor.objects.filter(pk=getattr(request.user, "tenant_id", None) or 0).first()
        with timezone.override(tenant.zone if tenant else None):
            try:
                response = view(request, *args, **kwargs)
            except PortalError as refusal:
                self.message_user(request, str(refusal), level=messages.ERROR)
                return self._back_to_list()
            # A lazy response would be rendered after the clock is put back.
            return response.render() if hasattr(response, "render") else response

    def _back_to_list(self) -> HttpResponse:
        return redirect(reverse(f"admin:events_{self.model._meta.model_name}_changelist"))


def by_of(request: HttpRequest) -> User | None:
    """Who acts."""
    return request.user if isinstance(request.user, User) else None
