"""Integrity flags: found in sealed runs, decided by people. They change no amount."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.intervals import clock_minute, clock_slot, local_day
from common.money import parse_fraction
from events.holiday_calendar import holiday_days
from events.models import Event, Participation
from events.models.participation import NOT_COUNTED
from settlement.baselines import Flag, Preset, day_type
from settlement.errors import FlagDecided
from settlement.integrity import high_pool, old_pool, record_delivery, window_load
from settlement.models import (
    FlagCheck,
    FlagKind,
    FlagState,
    IntegrityFlag,
    LineStatus,
    RunKind,
    SettlementLine,
    SettlementRun,
)
from settlement.own_rules import frozen_rule
from settlement.placebo.load import Hours, Load, in_day, taken
from settlement.selectors import newest_lines
from settlement.services.freeze import plan_of
from settlement.services.membership import programs_at
from settlement.services.placebo.fetch import fetch_load
from settlement.traces import opened

CHECKED_KINDS = (RunKind.PRELIMINARY, RunKind.FINAL)
HISTORY = timedelta(days=60)
# Runs from before there were flags are left alone.
RECENT = timedelta(days=7)
CHUNK = 100
LONGEST_NOTE = 300
# With one of these the hours before the event moved nothing.
UNCOMPARED = {Flag.WINDOW_INCOMPLETE.value, Flag.WINDOW_NOT_USUAL.value}
_MEASURED = (LineStatus.OK, LineStatus.NO_NOMINATION)

Found = Iterator[tuple[SettlementLine, FlagKind, dict[str, Any]]]


@dataclass(frozen=True)
class _Scene:
    """What the lines of one run share."""

    run: SettlementRun
    event: Event
    rule: Preset
    hours: Hours
    holidays: frozenset[date]


def check_due_runs() -> int:
    """How many flags were found in the runs that nobody has looked at yet."""
    runs = SettlementRun.objects.sealed().filter(
        kind__in=CHECKED_KINDS, flag_check__isnull=True, sealed_at__gte=timezone.now() - RECENT
    )
    return sum(check_run(run=run) for run in runs.order_by("pk"))


@transaction.atomic
def check_run(*, run: SettlementRun) -> int:
    """How many flags the run got; zero if it was looked at before, is not sealed or pays nobody."""
    locked = SettlementRun.objects.select_for_update().get(pk=run.pk)
    if locked.sealed_at is None or locked.kind not in CHECKED_KINDS:
        return 0
    if FlagCheck.objects.filter(run=locked).exists():
        return 0
    known = _decided(locked)
    flags = [_flag(line, kind, numbers, known) for line, kind, numbers in _search(locked)]
    IntegrityFlag.objects.bulk_create(flags, batch_size=500)
    FlagCheck.objects.create(run=locked, found=len(flags))
    return len(flags)


@transaction.atomic
def decide_flag(*, flag: IntegrityFlag, state: str, note: str, by: User) -> IntegrityFlag:
    """The flag, cleared, confirmed or open again. Callers check `managed_by`.

    Raises:
        FlagDecided: It is in that state already, or the note is missing or too long.
    """
    locked = IntegrityFlag.objects.select_for_update().get(pk=flag.pk)
    note = note.strip()
    if state not in FlagState.values or locked.state == state:
        raise FlagDecided(_("This was decided meanwhile: look at it again."))
    if not note:
        raise FlagDecided(_("Write a note: whoever asks later reads why."))
    if len(note) > LONGEST_NOTE:
        raise FlagDecided(_("The note is too long: 300 characters at most."))
    opened_again = state == FlagState.OPEN
    with deed("flag.decide", by=by, reason=note):
        locked.state, locked.note = state, note
        locked.decided_by, locked.decided_at = (None, None) if opened_again else (by, timezone.now())
        locked.save(update_fields=["state", "note", "decided_by", "decided_at"])
    return locked


def _decided(run: SettlementRun) -> dict[tuple[int, str], IntegrityFlag]:
    """(meter, kind) -> the newest decision on an earlier run of the same event."""
    rows = IntegrityFlag.objects.filter(line__run__event=run.event_id).exclude(state=FlagState.OPEN)
    return {(row.line.meter_id, row.kind): row for row in rows.select_related("line").order_by("decided_at", "pk")}


def _flag(
    line: SettlementLine, kind: FlagKind, numbers: dict[str, Any], known: dict[tuple[int, str], IntegrityFlag]
) -> IntegrityFlag:
    flag = IntegrityFlag(line=line, kind=kind, numbers=numbers)
    before = known.get((line.meter_id, kind.value))
    if before is not None and before.numbers == numbers:
        # A person has looked at exactly this.
        flag.state, flag.note = before.state, before.note
        flag.decided_by_id, flag.decided_at = before.decided_by_id, before.decided_at
    return flag


def _search(run: SettlementRun) -> Found:
    scene = _scene(run)
    lines = list(
        run.lines.filter(status__in=_MEASURED, baseline_wh__isnull=False)
        .select_related("meter", "run")
        .order_by("meter__interval_minutes", "pk")
    )
    for at in range(0, len(lines), CHUNK):
        yield from _among(scene, lines[at : at + CHUNK])


def _scene(run: SettlementRun) -> _Scene:
    event = Event.objects.select_related("program__distributor", "version").get(pk=run.event_id)
    zone = event.program.zone
    day = local_day(event.start, zone)
    minutes = int((event.end - event.start).total_seconds() // 60)
    hours = Hours(day, clock_minute(event.start, zone), minutes)
    return _Scene(run, event, frozen_rule(event.version), hours, holiday_days(event.version, day - HISTORY, day))


def _among(scene: _Scene, lines: Sequence[SettlementLine]) -> Found:
    yield from _from_readings(scene, lines)
    yield from _records(scene, lines)
    yield from _two_programs(scene, lines)


def _from_readings(scene: _Scene, lines: Sequence[SettlementLine]) -> Found:
    by_length: dict[int, list[SettlementLine]] = defaultdict(list)
    for line in lines:
        by_length[line.meter.interval_minutes].append(line)
    for group in by_length.values():
        first, last = scene.hours.day - HISTORY, scene.hours.day
        load = fetch_load(meters=[line.meter for line in group], first=first, last=last, zone=scene.event.program.zone)
        like = _like_days(scene, load)
        window, usual = _windows(scene, load, like), _usual(scene, load, like)
        days = [load.day(int(at)) for at in like]
        for row, line in enumerate(group):
            yield from _of_line(scene, line, days, window[row], usual[row])


def _like_days(scene: _Scene, load: Load) -> np.ndarray[Any, np.dtype[np.intp]]:
    """The days before the event that are of its kind, and last the event day itself."""
    weekends = scene.rule.weekends
    kind = day_type(scene.hours.day, scene.holidays, weekends)
    places = range(load.day_count - 1)
    like = [at for at in places if day_type(load.day(at), scene.holidays, weekends) is kind]
    return np.array([*like, load.day_count - 1], dtype=np.intp)


def _windows(scene: _Scene, load: Load, like: Any) -> Any:
    """(meters, days): Wh in the hours that the rule compared; no columns where it has none."""
    offsets = _window_offsets(scene, load)
    if not offsets.size:
        return np.full((len(load.energy), 0), np.nan)
    return _usable(load, like, taken(load.energy, like, offsets).sum(axis=2))


def _window_offsets(scene: _Scene, load: Load) -> Any:
    """The slots of the window as it was, moved before a late notice, counted from the start of the event's day."""
    zone = scene.event.program.zone
    plan = plan_of(scene.event, scene.rule, load.minutes)
    starts = () if plan is None else plan.window
    places = [
        (local_day(start, zone) - scene.hours.day).days * load.per_day + clock_slot(start, zone, load.minutes)
        for start in starts
    ]
    return np.array(places, dtype=np.intp)


def _usual(scene: _Scene, load: Load, like: Any) -> Any:
    """(meters, days): mean Wh per slot in the event's hours."""
    return _usable(load, like, taken(load.energy, like, in_day(load, scene.hours)).mean(axis=2))


def _usable(load: Load, like: Any, values: Any) -> Any:
    """The same without extraordinary days; the event day, the last one, stays."""
    out = load.excluded[:, like].copy()
    out[:, -1] = False
    return np.where(out, np.nan, values)


def _of_line(scene: _Scene, line: SettlementLine, days: Sequence[date], window: Any, usual: Any) -> Found:
    """What one line's readings say.

    Args:
        days: of the columns of window and usual; the event's own is the last.
    """
    trace = opened(line)
    compared = not UNCOMPARED.intersection(trace.get("flags", ()))
    if compared and window.size and not np.isnan(window[-1]):
        numbers = window_load(float(window[-1]), window[:-1][~np.isnan(window[:-1])].tolist())
        if numbers:
            yield line, FlagKind.WINDOW_LOAD, numbers
    # The pool is all the days that were gathered, and not only those of them that a rule averages.
    pool = {date.fromisoformat(row["day"]): row["mean_wh"] for row in trace.get("days", []) if row["mean_wh"]}
    numbers = old_pool(scene.hours.day, list(pool))
    if numbers:
        yield line, FlagKind.OLD_POOL, numbers
    before = [float(wh) for day, wh in zip(days[:-1], usual[:-1], strict=True) if day not in pool and not np.isnan(wh)]
    numbers = high_pool([float(parse_fraction(mean)) for mean in pool.values()], before)
    if numbers:
        yield line, FlagKind.HIGH_POOL, numbers


def _records(scene: _Scene, lines: Sequence[SettlementLine]) -> Found:
    """Lines above everything that the meter delivered in earlier events, in kW on average."""
    earlier: dict[int, dict[int, float]] = defaultdict(dict)
    rows = newest_lines(SettlementLine.objects.all()).filter(
        meter__in=[line.meter_id for line in lines],
        status__in=_MEASURED,
        baseline_wh__isnull=False,
        run__event__start__lt=scene.event.start,
    )
    columns = "meter_id", "run__event_id", "run__event__start", "run__event__end", "delivered_wh"
    for meter_id, event_id, start, end, wh in rows.order_by().values_list(*columns):
        earlier[meter_id][event_id] = max(earlier[meter_id].get(event_id, 0.0), _kw(wh, end - start))
    for line in lines:
        kw = _kw(line.delivered_wh, scene.event.end - scene.event.start)
        numbers = record_delivery(kw, list(earlier[line.meter_id].values()))
        if numbers:
            yield line, FlagKind.RECORD, numbers


def _kw(wh: int, length: timedelta) -> float:
    return wh / 1000 / (length.total_seconds() / 3600)


def _two_programs(scene: _Scene, lines: Sequence[SettlementLine]) -> Found:
    """Lines of meters that took part in another program when the event began."""
    event, ids = scene.event, [line.meter_id for line in lines]
    names = programs_at(event.start, ids, besides=event.program_id)
    overlapping = Participation.objects.filter(meter__in=ids, event__start__lt=event.end, event__end__gt=event.start)
    elsewhere = overlapping.exclude(event__program=event.program_id).exclude(state__in=NOT_COUNTED)
    called = set(elsewhere.values_list("meter_id", flat=True))
    for line in lines:
        if line.meter_id in names:
            yield line, FlagKind.TWO_PROGRAMS, {"programs": names[line.meter_id], "called": line.meter_id in called}
