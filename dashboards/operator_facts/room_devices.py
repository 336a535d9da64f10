"""The devices of an event in its live room: who was told, who answered what, and what they draw now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import float_words, hour_words, number_words
from dashboards.charts.room import RoomSeries, kw_words, room_plot
from dashboards.selectors.device_power import STEP, DevicePower, event_power
from dashboards.times import zone_words
from events.models import Event
from openadr.models import EventDelivery, Opt

# From so long before its start until so long after its end an event's devices are watched by the second.
BEFORE, AFTER = timedelta(minutes=10), timedelta(hours=1)
MOST_NAMED = 5
MOST_ROWS = 60
ANSWERS = ("in", "acknowledged", "pending", "out", "unreached", "cancelled")


@dataclass(frozen=True, slots=True)
class Devices:
    """What is known of an event's devices; equal as long as the card looks the same."""

    told: int
    counts: tuple[tuple[str, int], ...]
    unreached: tuple[tuple[int, str], ...]
    power: DevicePower | None

    @property
    def tag(self) -> str:
        """For the room's own."""
        newest = (self.power.newest, self.power.now_kw, self.power.speaking) if self.power else None
        return repr((self.told, self.counts, self.unreached, newest))


_ACKNOWLEDGED = Q(acknowledged_modification=F("modification_number"))


def condition(answer: str) -> Q:
    """Deliveries of one answer; every delivery has exactly one.

    Whoever has not acknowledged what it was told last is pending or not reached, whatever it answered before.
    """
    conditions = {
        "cancelled": Q(is_cancelled=True),
        "in": Q(is_cancelled=False, opt=Opt.IN) & _ACKNOWLEDGED,
        "out": Q(is_cancelled=False, opt=Opt.OUT) & _ACKNOWLEDGED,
        "unreached": Q(is_cancelled=False, unreachable_at__isnull=False) & _pending(),
        "acknowledged": Q(is_cancelled=False, opt=Opt.NONE) & _ACKNOWLEDGED,
        "pending": Q(is_cancelled=False, unreachable_at=None) & _pending(),
    }
    return conditions[answer]


def _pending() -> Q:
    return Q(acknowledged_modification=None) | ~_ACKNOWLEDGED


def answer_words() -> dict[str, str]:
    """What each answer is called."""
    return {
        "in": _("Take part"),
        "acknowledged": _("Heard, no answer yet"),
        "pending": _("Pending"),
        "out": _("Opted out"),
        "unreached": _("Not reached"),
        "cancelled": _("Called off"),
    }


def devices_of(event: Event, now: datetime) -> Devices | None:
    """None where the event was told to no device. One query; two more with devices, and three with their power."""
    rows = EventDelivery.objects.filter(event=event).order_by()
    found = rows.aggregate(told=Count("pk"), **{name: Count("pk", filter=condition(name)) for name in ANSWERS})
    if not found["told"]:
        return None
    lost = rows.filter(condition("unreached")).order_by("ven__name") if found["unreached"] else rows.none()
    return Devices(
        told=found["told"],
        counts=tuple((name, found[name]) for name in ANSWERS),
        unreached=tuple(lost.values_list("ven_id", "ven__name")[:MOST_NAMED]),
        power=event_power(event.pk, now) if event.start - BEFORE <= now < event.end + AFTER else None,
    )


def card_of(devices: Devices | None, event: Event, now: datetime) -> dict[str, Any]:
    """What the templates of the room's devices take; empty without devices."""
    if devices is None:
        return {}
    return {
        "devices": {
            "told": _told_words(devices.told),
            "facts": _facts(devices, event),
            "unreached": [{"name": name, "url": reverse("operator_ven", args=[pk])} for pk, name in devices.unreached],
            "more": dict(devices.counts)["unreached"] - len(devices.unreached),
            "url": _url(event),
            "csv_url": reverse("operator_event_devices_csv", args=[event.pk]),
        },
        **_power_context(devices.power, event, now),
    }


def _told_words(told: int) -> str:
    return ngettext("%(count)s told", "%(count)s told", told) % {"count": number_words(told)}


def _facts(devices: Devices, event: Event) -> list[dict[str, str]]:
    words = answer_words()
    return [
        {"label": words[name], "value": number_words(count), "url": f"{_url(event)}?answer={name}" if count else ""}
        for name, count in devices.counts
        if count or name != "cancelled"
    ]


def _url(event: Event) -> str:
    return reverse("operator_event_devices", args=[event.pk])


def _power_context(power: DevicePower | None, event: Event, now: datetime) -> dict[str, Any]:
    if power is None:
        return {}
    zone = event.program.zone
    if power.now_kw is None:
        return {"power": {"say": _("The devices have not said what they draw in the last half hour.")}}
    series = _series(power, event)
    return {
        "power": {
            "say": _say(power, event, zone),
            "kw": kw_words(power.now_kw),
            "plot": room_plot(series, zone, now) | {"x_ticks": _ticks(series, zone)},
            "has_event": series.event[0] < series.event[1],
            "columns": [_("Time (%(zone)s)") % {"zone": zone_words(now, zone)}, _("Power, kW")],
            "rows": _rows(series, zone),
        }
    }


def _say(power: DevicePower, event: Event, zone: ZoneInfo) -> str:
    """The newest power, against the mean of the minutes before the event."""
    assert power.newest is not None
    assert power.now_kw is not None
    words = {
        "kw": kw_words(power.now_kw),
        "some": number_words(power.speaking),
        "all": number_words(power.devices),
        "time": _clock(power.newest.astimezone(zone)),
    }
    said = _("%(kw)s kW at %(time)s, from %(some)s of %(all)s devices.") % words
    before = _before(power, event)
    if before is None or power.newest <= event.start:
        return said
    less = before - power.now_kw
    text = _("%(kw)s kW less than before the event.") if less >= 0 else _("%(kw)s kW more than before the event.")
    return f"{said} {text % {'kw': kw_words(abs(less))}}"


def _before(power: DevicePower, event: Event) -> float | None:
    """The mean of the window's cells before the event; None where it has fewer than a minute of them."""
    stop = int((event.start - power.start).total_seconds()) // STEP
    known = power.kw[: max(stop, 0)]
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) * STEP >= 60 else None


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}"


def _series(power: DevicePower, event: Event) -> RoomSeries:
    cells = len(power.kw)
    ends = [(moment - power.start).total_seconds() / STEP for moment in (event.start, event.end)]
    first, stop = (min(max(round(place), 0), cells) for place in ends)
    nothing = np.full(cells, np.nan)
    return RoomSeries(power.start, STEP, nothing, power.kw, nothing, (first, stop), None)


def _ticks(series: RoomSeries, zone: ZoneInfo) -> list[dict[str, str]]:
    """Every ten minutes of the clock."""
    ticks = []
    for place in range(1, len(series)):
        local = series.moment(place).astimezone(zone)
        if local.minute % 10 == 0 and local.second < STEP:
            at = f"{100 * place / len(series):.2f}%"
            ticks.append({"at": at, "label": hour_words(local, minutes=True), "anchor": "middle"})
    return ticks


def _rows(series: RoomSeries, zone: ZoneInfo) -> list[list[str]]:
    """The table twin, newest first."""
    known = [place for place in range(len(series)) if not np.isnan(series.measured_kw[place])]
    return [
        [_clock(series.moment(place + 1).astimezone(zone)), float_words(float(series.measured_kw[place]), 2)]
        for place in reversed(known[-MOST_ROWS:])
    ]
