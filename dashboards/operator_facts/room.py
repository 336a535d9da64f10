"""The live room of an event: everything on its page that changes while it goes on, and how to see that it did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.intervals import local_day
from common.speech import language, number_words
from dashboards.charts.room import room_columns, room_plot, room_rows
from dashboards.live import ELSE_SECONDS, IN_EVENT_SECONDS, PAST_SECONDS
from dashboards.operator_facts import event as facts
from dashboards.operator_facts import room_devices, room_log, room_looks, room_meters, room_numbers
from dashboards.operator_facts.room_devices import Devices
from dashboards.operator_facts.room_log import Entry
from dashboards.operator_facts.room_looks import Delivered
from dashboards.selectors.event_watch import Answer, Watch, answers_in, is_ready, watch
from dashboards.times import hour_zone_words, length_words, moment_words, zone_words
from events.models import Event, EventState
from events.room_parts import RoomPart, parts_of
from settlement.models import RunKind, SettlementRun

MAPS = ("state", "kw", "list")
SOON = timedelta(minutes=10)
# Raised when the same facts shall look different, so that no browser keeps an old page.
FORMAT = 1


class Phase(StrEnum):
    """What a room is for at a moment."""

    PLANNED = "planned"
    COMING = "coming"
    RUNNING = "running"
    OVER = "over"
    CANCELLED = "cancelled"


def phase_of(event: Event, now: datetime) -> Phase:
    """By the clock, whether or not the clock's job has moved the event on."""
    if event.state == EventState.CANCELLED:
        return Phase.CANCELLED
    if event.state in (EventState.DRAFT, EventState.SCHEDULED):
        return Phase.PLANNED
    if now < event.start:
        return Phase.COMING
    return Phase.RUNNING if now < event.end else Phase.OVER


@dataclass(frozen=True, slots=True)
class Known:
    """What is read at each question, however often it comes: few rows, no readings."""

    event: Event
    now: datetime
    phase: Phase
    answers: tuple[Answer, ...]
    delivered: Delivered
    parts: Sequence[RoomPart]
    log: Sequence[Entry]
    map_mode: str
    may_manage: bool = False
    is_ready: bool = True
    devices: Devices | None = None

    @property
    def tag(self) -> str:
        """Equal as long as the room looks the same."""
        event = self.event
        said = [FORMAT, language(), self.may_manage, self.map_mode, event.pk, event.modification_number, event.state]
        said += [event.start, event.end, event.target_kw, event.expected_kw, self.phase, self.delivered, self.parts]
        # The minutes left are shown.
        said += [self.is_ready, self.log, self.answers, int(self.now.timestamp()) // 60]
        said.append(self.devices.tag if self.devices else None)
        return blake2b(repr(said).encode(), digest_size=12).hexdigest()

    @property
    def seconds(self) -> int:
        """Until the next question; 0 where nothing changes any more."""
        if not self.is_ready:
            return IN_EVENT_SECONDS
        if self.phase == Phase.RUNNING or (self.phase == Phase.COMING and self.event.start - self.now < SOON):
            return IN_EVENT_SECONDS
        if self.devices is not None and self.devices.power is not None:
            return IN_EVENT_SECONDS
        if self.phase == Phase.OVER:
            open_states = (EventState.NOTIFIED, EventState.ACTIVE, EventState.COMPLETED, EventState.MEASURED)
            return PAST_SECONDS if self.event.state in open_states else 0
        return ELSE_SECONDS if self.phase != Phase.CANCELLED else 0


def known_of(event: Event, now: datetime, map_mode: str = "state", *, may_manage: bool = False) -> Known:
    """Five queries, some more where devices were told, and those of the parts of other rooms."""
    answers = answers_in(event)
    return Known(
        event=event,
        now=now,
        phase=phase_of(event, now),
        answers=answers,
        delivered=room_looks.delivered_of(event),
        parts=parts_of(event),
        log=room_log.entries_of(event, most=room_log.SHORT),
        map_mode=map_mode if map_mode in MAPS else MAPS[0],
        may_manage=may_manage,
        is_ready=is_ready(event, answers, now),
        devices=room_devices.devices_of(event, now),
    )


def live_context(known: Known) -> dict[str, Any]:
    """The parts of the page that are asked for again and again."""
    event = known.event
    # Before it is announced nothing is measured for an event, and one that is called off has no reduction.
    seen = watch(event, known.answers, known.now) if _is_watched(known) else None
    parts = list(known.parts)
    return {
        "event": event,
        "phase": known.phase.value,
        "clock": clock_of(known, seen),
        "answers": facts.answers_of(known.answers, event),
        "looks": room_looks.looks_of(
            seen, known.delivered, parts, room_looks.messages_url(event) if known.may_manage else ""
        ),
        "look_facts": room_looks.looks_facts(seen, known.delivered, parts, event),
        "log": room_log.log_items(event, known.log, known.now),
        "log_zone": zone_words(known.now, event.program.zone),
        "live_url": f"{reverse('operator_event_live', args=[event.pk])}?map={known.map_mode}",
        "live_seconds": known.seconds,
        "tag": known.tag,
        **room_devices.card_of(known.devices, event, known.now),
        **(_measured_context(known, seen) if seen else {}),
    }


def _is_watched(known: Known) -> bool:
    is_measured = known.phase in (Phase.COMING, Phase.RUNNING, Phase.OVER)
    return bool(known.answers) and is_measured and known.is_ready


def _measured_context(known: Known, seen: Watch) -> dict[str, Any]:
    event, zone = known.event, known.event.program.zone
    figures, series = room_numbers.figures_of(seen), room_numbers.series_of(seen)
    doings = room_meters.doing_of(seen)
    has_lines = bool(seen.comparable.any())
    return {
        "tiles": room_numbers.tiles_of(figures, event) if known.phase != Phase.COMING else None,
        "say": room_numbers.sentence_of(figures, event),
        "has_lines": has_lines,
        "plot": room_plot(series, zone, known.now) if has_lines else None,
        "plot_target": _target_words(figures.target_kw),
        "plot_columns": room_columns(zone_words(event.start, zone)),
        "plot_rows": room_rows(series, zone) if has_lines else [],
        "map_keys": room_meters.keys_of(doings),
        "map_modes": _modes(known.map_mode),
        "map": None if known.map_mode == "list" else room_meters.map_of(seen, doings, by_kw=known.map_mode == "kw"),
        "meter_list": room_meters.list_of(seen, doings) if known.map_mode == "list" else None,
    }


def _target_words(target_kw: float | None) -> str:
    return _("%(kw)s kW less") % {"kw": number_words(round(target_kw))} if target_kw else ""


def _modes(current: str) -> list[dict[str, Any]]:
    names = dict(zip(MAPS, (_("By state"), _("By kW"), _("As a list")), strict=True))
    return [{"label": label, "url": f"?map={mode}#map", "current": mode == current} for mode, label in names.items()]


def clock_of(known: Known, seen: Watch | None) -> dict[str, Any]:
    """The bar of the event's time, and how fresh the figures are."""
    event, zone, now = known.event, known.event.program.zone, known.now
    whole = event.end - event.start
    ran = min(max((now - event.start) / whole, 0.0), 1.0)
    return {
        "share": f"{100 * ran:.2f}%",
        "start": hour_zone_words(event.start, zone),
        "end": hour_zone_words(event.end, zone),
        "words": _left_words(event, known.phase, now),
        "label": _("%(ran)d of %(whole)d minutes have run.")
        % {"ran": ran * whole / timedelta(minutes=1), "whole": whole / timedelta(minutes=1)},
        "fresh": _fresh_words(known, seen),
    }


def _left_words(event: Event, phase: Phase, now: datetime) -> str:
    if phase == Phase.RUNNING:
        left = -(-int((event.end - now).total_seconds()) // 60)
        return ngettext("%(count)d minute left", "%(count)d minutes left", left) % {"count": left}
    if phase == Phase.COMING:
        return _("begins in %(time)s") % {"time": length_words(event.start - now)}
    return _("over") if phase == Phase.OVER else ""


def _fresh_words(known: Known, seen: Watch | None) -> str:
    if not known.is_ready:
        return _("The usual use of these meters is being worked out; it stands here within a minute.")
    if seen is None:
        return ""
    zone, latest = known.event.program.zone, seen.latest
    words = {"shown": hour_zone_words(known.now, zone)}
    if latest is None:
        return _("No readings of these hours yet, shown %(shown)s") % words
    until = seen.grid.moment(latest + 1)
    is_today = local_day(until, zone) == local_day(known.now, zone)
    words["until"] = (hour_zone_words if is_today else moment_words)(until, zone)
    return _("Measured up to %(until)s, shown %(shown)s") % words


def result_steps(event: Event) -> list[dict[str, Any]]:
    """After the event: from its end to the money, with what is known of each step. One query."""
    runs = list(SettlementRun.objects.sealed().filter(event=event).exclude(kind=RunKind.TRIAL).select_related("batch"))
    zone = event.program.zone
    estimate = next((row for row in runs if row.kind == RunKind.PRELIMINARY), None)
    final = next((row for row in reversed(runs) if row.kind == RunKind.FINAL), None)
    batch = getattr(final, "batch", None) if final else None
    whens = [
        moment_words(event.end, zone),
        _through_words(estimate, zone),
        moment_words(final.sealed_at or final.created_at, zone) if final else "",
        moment_words(batch.posted_at, zone) if batch else "",
    ]
    done = [event.state != EventState.ACTIVE, bool(estimate or final), bool(final), bool(batch)]
    labels = [_("Ended"), _("Estimate"), _("Final"), _("Paid")]
    current = next((place for place, is_done in enumerate(done) if not is_done), None)
    return [
        {"label": label, "when": when, "done": is_done, "current": place == current}
        for place, (label, when, is_done) in enumerate(zip(labels, whens, done, strict=True))
    ]


def _through_words(estimate: SettlementRun | None, zone: Any) -> str:
    if estimate is None:
        return ""
    if estimate.data_through is None:
        return moment_words(estimate.created_at, zone)
    return _("data in up to %(time)s") % {"time": moment_words(estimate.data_through, zone)}
