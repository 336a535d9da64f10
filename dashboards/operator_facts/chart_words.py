"""Heads of the tables under the operator's charts, and the keys of the meter chart."""

from django.utils.translation import gettext as _


def use_columns() -> list[str]:
    """The table under the meter chart."""
    return [_("Time"), _("Measured, kWh"), _("Expected, kWh"), _("Likely range, kWh"), _("Remark")]


def use_keys() -> list[dict[str, str]]:
    """What the lines and areas of the meter chart mean."""
    return [
        {"kind": "reading", "label": _("Measured")},
        {"kind": "expected", "label": _("Expected, with its likely range")},
        {"kind": "event", "label": _("Event")},
        {"kind": "gap", "label": _("No data")},
    ]


def correlation_columns() -> list[str]:
    """The table under the correlation chart."""
    return [
        _("Hours later"),
        _("Autocorrelation"),
        _("Partial autocorrelation"),
        _("Autocorrelation is"),
        _("Partial one is"),
    ]


def map_columns() -> list[str]:
    """The table under the map."""
    return [_("Rank"), _("Meter"), _("Kind"), _("Feeder"), _("Saved in events"), _("Participation")]
