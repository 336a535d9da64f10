"""Whose pages these are: the distributor in view, and what the reader may do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import User
from organizations.access import Role, role_of
from organizations.models import Distributor

SESSION_KEY = "operator-distributor"
P = ParamSpec("P")


@dataclass(frozen=True)
class Scope:
    """The reader and the distributor in view; a platform operator chooses among `distributors`."""

    user: User
    distributor: Distributor
    distributors: Sequence[Distributor] = ()

    @property
    def may_manage(self) -> bool:
        """Whether the reader may change anything; staff and auditors read."""
        return self.user.may_manage


OperatorView = Callable[Concatenate[HttpRequest, Scope, P], HttpResponse]


def operator_page(view: OperatorView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view with its scope, on the distributor's clock; only for a distributor's people and the platform's."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        scope = _scope(request)
        if scope is None:
            return render(request, "dashboards/operator/no_distributor.html")
        with timezone.override(scope.distributor.zone):
            return view(request, scope, *args, **kwargs)

    return page


def _scope(request: HttpRequest) -> Scope | None:
    """None where a platform operator looks at an installation without any distributor.

    Raises:
        PermissionDenied: for customers.
    """
    user, role = request.user, role_of(request.user)
    if not isinstance(user, User) or not (role.is_staff or role is Role.PLATFORM):
        raise PermissionDenied
    visible = Distributor.objects.visible_to(user).order_by("name")
    if role.is_staff:
        return Scope(user, visible.get())
    found = list(visible)
    return Scope(user, _chosen(request, found), found) if found else None


def _chosen(request: HttpRequest, found: list[Distributor]) -> Distributor:
    """The distributor asked for, and remembered from then on; else the one remembered; else the first."""
    asked = request.GET.get("distributor", "")
    if asked:
        match = next((row for row in found if str(row.pk) == asked), None)
        if match is None:
            raise Http404
        request.session[SESSION_KEY] = match.pk
        return match
    remembered = request.session.get(SESSION_KEY)
    return next((row for row in found if row.pk == remembered), found[0])
