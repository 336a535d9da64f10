"""Who would take part in an event that does not exist yet."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dashboards.operator_facts.event import kw_words
from dashboards.operator_facts.holders import holder_names
from events.models import Program
from events.selectors import meters_taking_part, nominations_at
from events.targets import EVERYBODY, Targets
from meters.selectors import holders_at

SHOWN = 100


@dataclass(frozen=True)
class Preview:
    """The meters of a coming event: how many, whose, what they promise together, and the first of them."""

    meters: int
    households: int
    without_nomination: int
    kw: Decimal
    rows: list[dict[str, Any]]

    @property
    def kw_words(self) -> str:
        """The promised power in all."""
        return kw_words(self.kw)

    @property
    def words(self) -> str:
        """Meters, households and power in one sentence."""
        if not self.meters:
            return _("Nobody: no meter that is asked is enrolled in this program.")
        meters = ngettext("%(count)d meter", "%(count)d meters", self.meters) % {"count": self.meters}
        homes = ngettext("%(count)d household", "%(count)d households", self.households) % {"count": self.households}
        words = {"meters": meters, "households": homes, "kw": self.kw_words}
        return _("%(meters)s would take part, %(households)s among them; together they promised %(kw)s.") % words


def preview(program: Program, start: datetime, targets: Targets = EVERYBODY) -> Preview:
    """What scheduling the event now would fix. Seven queries, however many meters."""
    meters = list(meters_taking_part(program=program, at=start, targets=targets).order_by("number"))
    nominated = nominations_at(program_id=program.pk, at=start)
    kws = {meter.pk: nominated[meter.pk].kw if meter.pk in nominated else None for meter in meters}
    first = meters[:SHOWN]
    holders = holders_at(meter_ids=[meter.pk for meter in meters], at=start)
    homes = User.objects.filter(pk__in=set(holders.values()), membership=None).count() if holders else 0
    names = holder_names({holders[meter.pk] for meter in first if meter.pk in holders})
    rows = [
        {
            "cells": [
                {"text": meter.label, "sub": meter.number},
                {"label": _("Holder"), "text": names.get(holders.get(meter.pk, 0), "–")},
                {"label": _("Nominated"), "text": kw_words(kws[meter.pk]), "numeric": True},
            ]
        }
        for meter in first
    ]
    known = [kw for kw in kws.values() if kw is not None]
    return Preview(len(meters), homes, len(meters) - len(known), sum(known, Decimal(0)), rows)


def columns() -> list[dict[str, Any]]:
    """The columns of the preview's rows."""
    return [{"label": _("Meter")}, {"label": _("Holder")}, {"label": _("Nominated"), "numeric": True}]
