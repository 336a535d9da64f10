"""What the charts' script says by itself, in the reader's language: no sentence stands in a script file."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def script_words() -> dict[str, str]:
    """Name -> sentence; `{…}` is filled by the script."""
    return {
        "signed_out": _("You may be signed out. Reload the page to sign in again."),
        "gone": _("This chart is no longer here. Reload the page."),
        "no_answer": _("The portal could not answer. We try again by ourselves; if it lasts, reload the page."),
        "unreachable": _("The portal cannot be reached. Check your connection; we try again by ourselves."),
        "not_drawn": _("The chart could not be drawn. Reload the page; the table below has the figures."),
        "stale": _("Not up to date since {time}. {why}"),
        "keys": _("Arrow keys move in time, plus and minus zoom, Home goes back."),
        "cells": _("Arrow keys go from hour to hour; each is read out with its value."),
        "all_times": _("All times"),
        "cut": _("The first {shown} of {all} rows are shown."),
        "noon": _("noon"),
        "range": _("%(low)s to %(high)s") % {"low": "{low}", "high": "{high}"},
        "hours": pgettext("hours of a day", "%(first)s to %(last)s") % {"first": "{first}", "last": "{last}"},
    }
