"""Pages that belong together under one entry of the operators' navigation, as tabs."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

# Which entry of the navigation stands for which pages; the first is where it leads.
SECTIONS = {
    "meters": ("operator_meters", "operator_map"),
    "settlement": (
        "operator_settlement",
        "operator_months",
        "operator_ledger",
        "operator_flags",
        "operator_disputes",
        "operator_adjustments",
    ),
    "programs": ("operator_programs", "operator_insights", "operator_wholesale"),
    "devices": ("operator_vens", "operator_ven_messages", "operator_upstreams"),
    # The second one in the demonstration only.
    "messages": ("operator_messages", "operator_mail"),
    "data": ("operator_imports", "operator_quality", "operator_quality_hits", "operator_outages"),
}


def urls_of(entry: str) -> list[str]:
    """The addresses of the pages that the entry leading to `entry` stands for."""
    names = next((names for names in SECTIONS.values() if names[0] == entry), (entry,))
    return [reverse(name) for name in names]


def section_tabs(name: str, current: str, counts: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """The tabs of a section, for components/tabs.html; `current` is the name of the page that is shown."""
    labels = _labels()
    return [
        {"label": labels[page], "url": reverse(page), "current": page == current, "count": (counts or {}).get(page, 0)}
        for page in SECTIONS[name]
    ]


def _labels() -> dict[str, str]:
    return {
        "operator_meters": _("List"),
        "operator_map": _("Map"),
        "operator_settlement": _("Events"),
        "operator_months": _("Standing by"),
        "operator_ledger": _("Ledger"),
        "operator_disputes": _("Disputes"),
        "operator_adjustments": _("Adjustments"),
        "operator_flags": _("What looks odd"),
        "operator_programs": _("List"),
        "operator_insights": _("Results"),
        "operator_wholesale": _("Wholesale"),
        "operator_vens": _("List"),
        "operator_ven_messages": _("Messages"),
        "operator_messages": _("Messages"),
        "operator_mail": _("Sent mail"),
        "operator_imports": _("Imports"),
        "operator_quality": _("Completeness"),
        "operator_quality_hits": _("What looks wrong"),
        "operator_upstreams": _("VTNs above"),
        "operator_outages": _("Outages"),
    }
