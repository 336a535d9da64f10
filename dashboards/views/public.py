"""Pages for everyone."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from dashboards import public_facts
from dashboards.context import distributor_of
from dashboards.views import resident
from organizations.access import Role, role_of


@login_not_required
@require_GET
def landing(request: HttpRequest) -> HttpResponse:
    """What this is, and what it has done so far."""
    distributor = distributor_of(request)
    context = {
        "distributor": distributor.name if distributor else None,
        "programs": public_facts.open_programs(distributor),
        "stats": public_facts.season(distributor),
    }
    return render(request, "dashboards/landing.html", context)


@login_not_required
@require_GET
def how_it_works(request: HttpRequest) -> HttpResponse:
    """An event from the first word to the money."""
    return render(request, "dashboards/how_it_works.html")


@login_not_required
@require_GET
def programs(request: HttpRequest) -> HttpResponse:
    """What can be joined."""
    context = {"programs": public_facts.open_programs(distributor_of(request))}
    return render(request, "dashboards/programs.html", context)


@login_not_required
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept about people."""
    return render(request, "dashboards/privacy.html")


@login_not_required
@require_GET
def accessibility(request: HttpRequest) -> HttpResponse:
    """How the portal can be used by everyone."""
    return render(request, "dashboards/accessibility.html")


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """A resident's home; everybody else is led to the page of their role."""
    role = role_of(request.user)
    if role.is_member:
        return redirect("organization_home")
    if role.is_staff or role is Role.PLATFORM:
        return redirect("operator_home")
    page: HttpResponse = resident.home(request)
    return page
