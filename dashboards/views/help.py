"""Answers, by who asks."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from organizations.access import Role, role_of


@dataclass(frozen=True)
class Part:
    """The questions of one kind of people."""

    anchor: str
    title: str | Promise

    @property
    def template(self) -> str:
        """Where they are answered."""
        return f"dashboards/help/{self.anchor}.html"


PARTS = (
    Part("resident", _("At home")),
    Part("organization", _("In an organization")),
    Part("everybody", _("Your account")),
    Part("partner", _("Partners and programs")),
    Part("staff", _("Working for a distributor")),
)


@login_not_required
@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    """Questions of residents, organizations, staff and partners, the reader's own first; and whom to ask."""
    own = _own_part(role_of(request.user))
    parts = sorted(PARTS, key=lambda part: part.anchor != own)
    return render(request, "dashboards/help.html", {"parts": parts, "own": own})


def _own_part(role: Role) -> str:
    if role.is_member:
        return "organization"
    return "staff" if role.is_staff or role is Role.PLATFORM else "resident"
