"""The part of a form that asks for an area of the map: a circle, or the corners of a polygon."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.errors import PortalError
from events.targets import Area, read_area

NO_AREA, CIRCLE, POLYGON = "", "circle", "polygon"
AREA_FIELDS = ("area", "area_name", "latitude", "longitude", "radius_m", "corners")
_CIRCLE = ("latitude", "longitude", "radius_m")


def _degrees(label: Any) -> forms.FloatField:
    return forms.FloatField(label=label, required=False, widget=forms.NumberInput({"step": "any"}))


class AreaFields(forms.Form):
    """One area at most. A click on the map fills the fields; they alone count."""

    area = forms.ChoiceField(
        label=_("An area of the map"),
        required=False,
        choices=[(NO_AREA, _("none")), (CIRCLE, _("a circle")), (POLYGON, _("a shape with corners"))],
        help_text=_("Click into the map, or write the figures."),
    )
    area_name = forms.CharField(label=_("What you call it"), required=False, max_length=60)
    latitude = _degrees(_("Latitude of the middle"))
    longitude = _degrees(_("Longitude of the middle"))
    radius_m = forms.FloatField(label=_("Radius, metres"), required=False, widget=forms.NumberInput({"step": "any"}))
    corners = forms.CharField(
        label=_("Corners"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("One per line: latitude, longitude."),
    )

    def area_values(self, areas: Sequence[Area]) -> dict[str, Any]:
        """An area as the fields show it."""
        if not areas:
            return {}
        area = areas[0]
        if area.center is not None:
            lat, lon = area.center
            return {
                "area": CIRCLE,
                "area_name": area.name,
                "latitude": lat,
                "longitude": lon,
                "radius_m": area.radius_m,
            }
        rows = "\n".join(f"{lat}, {lon}" for lat, lon in area.points)
        return {"area": POLYGON, "area_name": area.name, "corners": rows}

    def areas_of(self, cleaned: dict[str, Any]) -> tuple[Area, ...] | None:
        """The area that the fields say, if any; None where they are wrong, which then stands in the form."""
        kind = cleaned.get("area", "")
        if not kind:
            return ()
        missing = [name for name in _CIRCLE if kind == CIRCLE and cleaned.get(name) is None]
        if missing:
            self.add_error(missing[0], _("Write the middle and the radius, or click into the map."))
            return None
        try:
            return (read_area(_text(kind, cleaned)),)
        except PortalError as refusal:
            self.add_error("corners" if kind == POLYGON else "latitude", str(refusal))
            return None


def _text(kind: str, cleaned: dict[str, Any]) -> str:
    name = str(cleaned.get("area_name", "")).strip()
    if kind == CIRCLE:
        return f"circle:{','.join(repr(cleaned[part]) for part in _CIRCLE)}:{name}"
    rows = [row.strip() for row in str(cleaned.get("corners", "")).splitlines() if row.strip()]
    return f"polygon:{';'.join(rows)}:{name}"
