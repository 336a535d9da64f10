"""The settlement of an event: written part by part, sealed last, and never changed from then on.

Each part is a transaction of its own, in which the event is locked: whoever is killed in the middle, or works on the
same event at the same time, goes on where the last part ended. A part remembers what it rested on besides the rule;
before the run is sealed all parts are looked at once more, and those that no longer hold are written again. So a run
never mixes what was known before a correction with what was known after it.
"""

from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.models import Event
from events.services import lock_for_settlement, mark_measured
from settlement.baselines import RewardStatus, rule_hash
from settlement.canonical import digest
from settlement.errors import EstimateAfterFinal, StillArriving
from settlement.models import LineStatus, RunKind, SettlementLine, SettlementRun
from settlement.services.decisions import authors_of
from settlement.services.lines import common_of, lines_of, unmeasured_of
from settlement.services.measuring.case import Case, Participant, open_case
from settlement.services.measuring.inputs import again, ground_data, header_data, participant_digest, run_digest
from settlement.services.measuring.participants import (
    Range,
    digest_of_states,
    read_participants,
    read_states,
    states_of,
)
from settlement.services.measuring.work import Measurement
from settlement.services.paying import PayCase, open_pay
from settlement.services.posting import lock_books
from settlement.services.progress import OPEN, data_through
from settlement.services.store import insert_rows

# Participants per transaction. From 1000 meters in an IN list on MariaDB reads each meter’s whole history.
PART = 500
# Looks at all parts before giving up on readings that keep changing.
LOOKS = 8


class _Gone(Exception):
    """Somebody else found that nothing has changed, and threw the open run away."""


class _Work:
    """A settlement under way in this process: what was asked for, and how the event stands."""

    def __init__(self, event: Event, preset: str | None, kind: RunKind | None, by: User | None) -> None:
        self.event, self.preset, self.kind, self.by = event, preset, kind, by
        self.run_id: int | None = None
        with transaction.atomic():
            self.refresh()

    def refresh(self) -> None:
        """Locks the event and takes rule, prices and calendar as they are now.

        Raises:
            EstimateAfterFinal: What is asked for is an estimate, and the event is settled.
        """
        locked = lock_for_settlement(event=self.event)
        self.case: Case = open_case(event=locked, preset=self.preset, kind=self.kind)
        finals = SettlementRun.objects.sealed().filter(event=locked, kind=RunKind.FINAL)
        if self.case.kind == RunKind.PRELIMINARY and finals.exists():
            raise EstimateAfterFinal(_("The event is settled already; an estimate would say less."))
        self.pay: PayCase = open_pay(locked)
        self.measurement = Measurement(self.case)
        self.ground = digest(ground_data(self.case, self.pay))


def settle(
    *, event: Event, preset: str | None = None, kind: RunKind | None = None, by: User | None = None
) -> SettlementRun:
    """The run of what is known now: the newest one if it rests on the same inputs, else the next number.

    Under the rule of the event's version the run is FINAL and moves the event on, or an estimate (PRELIMINARY) if
    that is asked for; under another rule it is a TRIAL. Trials and estimates are kept and never paid. Who skipped
    the event or was held out has no line. A run that was begun and not finished is finished.

    Raises:
        WrongState: The event is not over, was cancelled, or is closed.
        UnknownPreset: No rule has this name.
        RuleChanged: The version's rule is not what it was.
        NotSettleable: The event does not fall on whole intervals of a meter.
        EstimateAfterFinal: An estimate of what is final already.
        StillArriving: Readings kept changing while they were settled; what is written so far is kept.
    """
    work = _Work(event, preset, kind, by)
    newest = _sealed(work.case).last()
    if newest is not None and _is_unchanged(newest, work):
        return newest
    with deed("event.settle", by=by):
        while True:
            try:
                return _written(work)
            except _Gone:
                newest = _sealed(work.case).last()
                if newest is not None:
                    return newest


def begin_run(*, event: Event, by: User | None = None) -> SettlementRun:
    """An open final run without lines, or the one that is open already; `settle` by any process finishes it.

    Raises:
        WrongState: The event is not over, was cancelled, or is closed.
        RuleChanged: The version's rule is not what it was.
    """
    work = _Work(event, None, RunKind.FINAL, by)
    with deed("event.settle", by=by), transaction.atomic():
        return _open_run(work)


@transaction.atomic
def drop_open_run(*, event: Event) -> None:
    """Throws away the event's open final run, if there is one; in whatever state the event is by now."""
    Event.objects.select_for_update().get(pk=event.pk)
    for run in SettlementRun.objects.filter(event=event, kind=RunKind.FINAL, sealed_at__isnull=True):
        _throw_away(run)


def _runs_of(case: Case) -> QuerySet[SettlementRun]:
    runs = SettlementRun.objects.filter(event=case.event, kind=case.kind, preset=case.preset.name)
    return runs.order_by("number")


def _sealed(case: Case) -> QuerySet[SettlementRun]:
    return _runs_of(case).filter(sealed_at__isnull=False)


def _is_unchanged(newest: SettlementRun, work: _Work) -> bool:
    """Whether everything that goes in now is what went into this run; ends at the first difference."""
    known = dict(newest.lines.order_by().values_list("meter_id", "inputs_sha256"))
    found: list[tuple[str, str]] = []
    given_up, after = False, 0
    while people := read_participants(event=work.case.event, within=Range(after, None), most=PART):
        for row in work.measurement.rows(people):
            sha256 = participant_digest(row, work.pay)
            if known.get(row.participant.meter_id) != sha256:
                return False
            given_up = given_up or row.reward_status is RewardStatus.UNMEASURED
            found.append((row.participant.meter.number, sha256))
        after = people[-1].meter_id
    sha256 = run_digest(header_data(work.case, work.pay, given_up=given_up), found)
    return newest.inputs_sha256 in (sha256, again(sha256, newest.number))


def _written(work: _Work) -> SettlementRun:
    """The sealed run, all of its parts written."""
    for _look in range(LOOKS):
        while _write_next(work):
            pass
        run = _seal(work)
        if run is not None:
            return run
    raise StillArriving(_("Readings of this event keep changing. Wait until they are in, then settle it again."))


def _open_run(work: _Work) -> SettlementRun:
    """The run under way, with the event locked; what another rule, price or calendar wrote is thrown away.

    Raises:
        _Gone: Another process threw it away.
    """
    lock_for_settlement(event=work.event)
    runs = SettlementRun.objects.filter(pk=work.run_id) if work.run_id else _runs_of(work.case)
    run = runs.first() if work.run_id else runs.filter(sealed_at__isnull=True).first()
    if run is None:
        if work.run_id:
            raise _Gone
        run = _new_run(work)
    work.run_id = run.pk
    if run.sealed_at is None:
        _sign(run, work.by)
    if run.sealed_at is None and run.common["ground"] != work.ground:
        _begin_again(run, work)
    return run


def _new_run(work: _Work) -> SettlementRun:
    """An unsealed run without lines; it gets its number in the event's row when it is sealed."""
    case = work.case
    last = SettlementRun.objects.filter(event=case.event, number__gte=OPEN).aggregate(last=Max("number"))["last"]
    return SettlementRun.objects.create(
        event=case.event,
        number=OPEN if last is None else last + 1,
        kind=case.kind,
        preset=case.preset.name,
        rule_sha256=rule_hash(case.preset),
        common=_begun(work),
        created_by=work.by,
    )


def _sign(run: SettlementRun, by: User | None) -> None:
    """Keeps that somebody else goes on with the run: none of its authors approves it."""
    if by is None or by.pk in authors_of(run):
        return
    if run.created_by_id is None:
        run.created_by = by
    else:
        run.common["also_by"] = [*run.common.get("also_by", ()), by.pk]
    SettlementRun.objects.filter(pk=run.pk).update(created_by=run.created_by, common=run.common)


def _begun(work: _Work) -> dict[str, Any]:
    return common_of(work.case) | {"ground": work.ground, "parts": []}


def _begin_again(run: SettlementRun, work: _Work) -> None:
    """Throws the lines away if they rest on other ground than the event stands on now."""
    # Another process may have seen a later state than this one did.
    work.refresh()
    if run.common["ground"] != work.ground:
        _delete_lines(run, Range(0, None))
        signed = {key: value for key, value in run.common.items() if key == "also_by"}
        run.rule_sha256, run.common = rule_hash(work.case.preset), _begun(work) | signed
        SettlementRun.objects.filter(pk=run.pk).update(rule_sha256=run.rule_sha256, common=run.common)


@transaction.atomic
def _write_next(work: _Work) -> bool:
    """Writes one part: the first that no longer holds, else the next; False if there is none."""
    run = _open_run(work)
    if run.sealed_at is not None:
        return False
    parts = run.common["parts"]
    after = 0
    for part in parts:
        if not part["state"]:
            _delete_lines(run, Range(after, part["last"]))
            people = read_participants(event=work.case.event, within=Range(after, part["last"]))
            part |= _write_part(run, work, people)
            break
        after = part["last"]
    else:
        people = read_participants(event=work.case.event, within=Range(after, None), most=PART)
        if not people:
            return False
        parts.append({"last": people[-1].meter_id} | _write_part(run, work, people))
    _keep(run)
    return True


def _write_part(run: SettlementRun, work: _Work, people: list[Participant]) -> dict[str, Any]:
    """Inserts the lines of these; how many there are, and the hash of what they rest on besides readings."""
    rows = work.measurement.rows(people)
    insert_rows([line for row in rows for line in lines_of(run, work.case, row, work.pay)])
    return {"count": len(people), "state": digest_of_states(state for _id, state in states_of(people))}


def _delete_lines(run: SettlementRun, within: Range) -> None:
    lines = SettlementLine.objects.filter(run=run, meter_id__gt=within.after)
    if within.last is not None:
        lines = lines.filter(meter_id__lte=within.last)
    lines._raw_delete(lines.db)


def _keep(run: SettlementRun) -> None:
    # No entry in the change history for each part: nothing counts yet.
    SettlementRun.objects.filter(pk=run.pk).update(common=run.common)


@transaction.atomic
def _seal(work: _Work) -> SettlementRun | None:
    """The run sealed, or the one before it if nothing has changed since; None if some part no longer holds."""
    if work.pay.terms.cap_per_season is not None:
        # Whoever is sealed next sees what this run leaves of the season's cap.
        lock_for_settlement(event=work.event)
        lock_books(distributor_id=work.case.event.program.distributor_id)
    work.refresh()
    run = _open_run(work)
    if run.sealed_at is not None:
        return run
    if _mark_stale(run):
        _keep(run)
        return None
    newest = _sealed(work.case).last()
    number = 1 + (_sealed_numbers(run).aggregate(last=Max("number"))["last"] or 0)
    found = set(run.lines.order_by().values_list("meter__number", "inputs_sha256", "status"))
    given_up = any(status == LineStatus.UNMEASURED for _number, _sha256, status in found)
    header = header_data(work.case, work.pay, given_up=given_up)
    sha256 = run_digest(header, {(meter, each) for meter, each, _status in found})
    if newest is not None and newest.inputs_sha256 in (sha256, again(sha256, newest.number)):
        _throw_away(run)
        return newest
    known = SettlementRun.objects.filter(event=run.event_id, inputs_sha256=sha256).exists()
    return _sealed_as(run, work, number, again(sha256, number) if known else sha256)


def _mark_stale(run: SettlementRun) -> bool:
    """Whether a part rests on something else than what is there now, or somebody is in no part; marks such parts."""
    states = iter(read_states(run.event))
    state = next(states, None)
    stale = False
    for part in run.common["parts"]:
        mine = []
        while state is not None and state[0] <= part["last"]:
            mine.append(state[1])
            state = next(states, None)
        if digest_of_states(mine) != part["state"]:
            part["state"], stale = "", True
    return stale or state is not None


def _sealed_numbers(run: SettlementRun) -> QuerySet[SettlementRun]:
    return SettlementRun.objects.sealed().filter(event=run.event_id)


def _sealed_as(run: SettlementRun, work: _Work, number: int, sha256: str) -> SettlementRun:
    run.common = {key: value for key, value in run.common.items() if key not in ("ground", "parts")}
    run.number, run.inputs_sha256, run.sealed_at = number, sha256, timezone.now()
    if run.kind == RunKind.PRELIMINARY:
        run.data_through = data_through(run)
    run.save(update_fields=["common", "number", "inputs_sha256", "sealed_at", "data_through"])
    if run.kind == RunKind.FINAL:
        mark_measured(event=run.event, unmeasured=unmeasured_of(run))
    return run


def _throw_away(run: SettlementRun) -> None:
    _delete_lines(run, Range(0, None))
    runs = SettlementRun.objects.filter(pk=run.pk)
    runs._raw_delete(runs.db)
