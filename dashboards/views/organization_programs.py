"""An organization's programs: what there is, which of its meters take part, and what they promise."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dashboards.selectors import nominations
from dashboards.selectors import programs as selectors
from dashboards.selectors.programs import Part
from dashboards.views.readers import membership_of, signed_in
from events.models import Program
from events.services import needs_nomination


@require_GET
def programs(request: HttpRequest) -> HttpResponse:
    """Every program that is open, or that a meter of the organization is in."""
    membership, user = membership_of(request), signed_in(request)
    parts = selectors.parts_of(user)
    offers = [
        {**selectors.offer(part), "url": reverse("organization_program", args=[part.program.pk])} for part in parts
    ]
    context = {"organization": membership.organization, "offers": offers}
    return render(request, "dashboards/organization/programs.html", context)


@require_GET
def program(request: HttpRequest, pk: int) -> HttpResponse:
    """One program with the organization's meters: state, promise, and what can be done."""
    membership, user = membership_of(request), signed_in(request)
    visible = Program.objects.visible_to(user).filter(versions__published_at__isnull=False).distinct()
    found = get_object_or_404(visible, pk=pk)
    part = selectors.part_of(user, found)
    context = {
        "organization": membership.organization,
        "is_admin": membership.is_admin,
        "program": found,
        "part": part,
        "badge": part.badge,
        "rows": _rows(part),
        "columns": [{"label": _("Meter")}, {"label": _("State")}, {"label": _("What comes next")}],
        "promises": nominations.promises_of(part.lasting) if needs_nomination(part.version) else [],
        "from_when": nominations.from_when(found, part.version),
        "crumbs": [
            {"label": _("Programs"), "url": reverse("organization_programs")},
            {"label": found.name, "url": ""},
        ],
    }
    return render(request, "dashboards/organization/program.html", context)


def _rows(part: Part) -> list[dict[str, Any]]:
    return [
        {
            "cells": [
                {"text": row.meter.label, "sub": row.meter.number},
                {"label": _("State"), **part.badge_of(row)},
                {"label": _("What comes next"), "text": part.words_of(row)},
            ]
        }
        for row in part.enrollments
    ]
