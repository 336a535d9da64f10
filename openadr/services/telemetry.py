"""What VENs report, for many of them in one call: readings, power, states, and the newest value of each point."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from common.errors import PortalError
from common.retry import retried
from openadr.errors import InvalidData
from openadr.models import EnergyPart, Measure, PowerSample, RequestState
from openadr.services.changes import announce_changes
from openadr.services.energy import Amount, store_energy
from openadr.services.newest import Statement, store_newest, store_samples, store_statements
from openadr.services.points import Point, Requested, points_of, requests_of
from openadr.services.quantities import energy_of_power, number_of, scaled

__all__ = ["SentReport", "SentValue", "Taken", "sweep_telemetry", "take_reports"]

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
# Clocks of devices are never quite right.
AHEAD = timedelta(seconds=60)
MOST_WATTS = 2_000_000_000
BAD_QUALITY = ("No ", "Quality Bad")
KEPT = timedelta(days=3)
_CHUNK = 5_000


@dataclass(frozen=True)
class SentValue:
    """One value as sent: `number` is text, or empty for a state; `fault` says why it cannot be read at all.

    Attributes:
        at: its start, to the second; None where it has none.
        seconds: how long it is; None for what was asked for.
        status: what a resource says of itself: "online", "overridden", and further values by name.
    """

    r_id: str
    at: datetime | None = None
    seconds: int | None = None
    number: str = ""
    status: dict[str, object] | None = None
    quality: str = ""
    fault: str = ""


@dataclass(frozen=True)
class SentReport:
    """One oadrReport of an oadrUpdateReport."""

    ven_pk: int
    request_id: str
    values: tuple[SentValue, ...] = ()


@dataclass
class Taken:
    """What became of one report: whether the request is known, how many values are kept, and what is refused, why."""

    is_known: bool = False
    kept: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass
class _Work:
    """What one batch comes to, before it is written."""

    now: datetime
    amounts: list[Amount] = field(default_factory=list)
    powers: dict[tuple[int, datetime], int] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    newest: dict[int, tuple[datetime, float]] = field(default_factory=dict)


def take_reports(batch: Sequence[SentReport]) -> list[Taken]:
    """What became of each report, in their order, once all of it is committed; repeated reports change nothing.

    A value that cannot be true is refused alone. Energy becomes a reading only from the source of its meter, and
    where the VEN has an owner, only for the time in which the owner holds the meter. Where something stands against
    one of the reports in the database, each gets a transaction of its own.
    """
    if not batch:
        return []
    try:
        return _take(batch)
    except (IntegrityError, DataError, PortalError):
        if len(batch) == 1:
            raise
        return [taken for report in batch for taken in _take([report])]


def sweep_telemetry() -> int:
    """How many samples of power and parts of intervals were removed because they are older than three days."""
    before, count = timezone.now() - KEPT, 0
    for model in (PowerSample, EnergyPart):
        while chunk := list(model._default_manager.filter(at__lt=before).values_list("pk", flat=True)[:_CHUNK]):
            count += model._default_manager.filter(pk__in=chunk).delete()[0]
    return count


@retried
@transaction.atomic
def _take(batch: Sequence[SentReport]) -> list[Taken]:
    requests = requests_of({report.request_id for report in batch})
    known = [_request(requests, report) for report in batch]
    points = points_of({request.report_pk for request in known if request is not None})
    work, outcome = _Work(timezone.now()), []
    for report, request in zip(batch, known, strict=True):
        taken = Taken(is_known=request is not None)
        outcome.append(taken)
        if request is not None:
            _read(work, report, request, points[request.report_pk], taken)
    store_energy(work.amounts, now=int(work.now.timestamp()))
    store_samples(work.powers)
    store_statements(work.statements)
    store_newest(work.newest)
    _note_heard([request for request in known if request is not None], work.now)
    return outcome


def _request(requests: dict[str, Requested], report: SentReport) -> Requested | None:
    request = requests.get(report.request_id)
    return request if request is not None and request.ven_pk == report.ven_pk else None


def _read(work: _Work, report: SentReport, request: Requested, points: dict[str, Point], taken: Taken) -> None:
    for value in report.values:
        try:
            _value(work, value, request, points.get(value.r_id), taken)
            taken.kept += 1
        except InvalidData as problem:
            shown = value.at.strftime("%Y-%m-%dT%H:%M:%SZ") if value.at else ""
            taken.refused.append(" ".join(part for part in (value.r_id[:40], shown, str(problem)) if part))


def _value(work: _Work, value: SentValue, request: Requested, point: Point | None, taken: Taken) -> None:
    if value.fault:
        raise InvalidData(value.fault)
    if point is None:
        raise InvalidData("is no rID of this report")
    at = _time(value.at, work.now)
    if value.status is not None:
        _must_be_there(point)
        if point.resource_id is not None:
            work.statements.append(Statement(point.resource_id, at, value.status))
        return
    if value.quality.startswith(BAD_QUALITY):
        raise InvalidData(f"says of itself: {value.quality[:60]}")
    number = number_of(value.number)
    _measured(work, point, Sent(at, number, _length(value, request, point), value, taken))
    kept = work.newest.get(point.pk)
    if kept is None or kept[0] <= at:
        work.newest[point.pk] = (at, float(number))


def _length(value: SentValue, request: Requested, point: Point) -> int | None:
    """How long a value holds; None where neither the VEN nor what it was asked for says it.

    Clients of openleadr send every rID with every request, and no lengths.
    """
    if value.seconds is not None:
        return value.seconds
    return request.granularity_seconds if point.pk in request.point_pks else None


@dataclass(frozen=True)
class Sent:
    """A number with its time, and how long it holds in seconds, as far as that is known."""

    at: datetime
    number: Decimal
    seconds: int | None
    value: SentValue
    taken: Taken


def _measured(work: _Work, point: Point, sent: Sent) -> None:
    if point.measure == Measure.ENERGY:
        _energy(work, point, sent, scaled(sent.number, point.exponent))
    elif point.measure == Measure.POWER:
        power_w = scaled(sent.number, point.exponent)
        if point.gives_energy and sent.seconds is not None and sent.seconds == point.meter_seconds:
            _energy(work, point, sent, energy_of_power(power_w, sent.seconds))
        else:
            _must_be_there(point)
            _power(work, point, sent.at, round(power_w))
    elif point.resource_id is not None:
        _must_be_there(point)
        said = {"value": float(sent.number), "unit": point.unit, "at": sent.at.isoformat()}
        work.statements.append(Statement(point.resource_id, sent.at, {point.quantity or "state": said}))


def _must_be_there(point: Point) -> None:
    """What is said of now is said of the meter by a device of who has it now; energies are of their own time."""
    if point.is_away:
        raise InvalidData("is from a device whose owner does not have the meter")


def _time(at: datetime | None, now: datetime) -> datetime:
    if at is None:
        raise InvalidData("has no time")
    if at < EARLIEST:
        raise InvalidData("has a time before 1990")
    if at > now + AHEAD:
        raise InvalidData("has a time to come")
    return at


def _energy(work: _Work, point: Point, sent: Sent, energy_wh: Decimal | Fraction) -> None:
    if sent.seconds is None:
        return  # it comes again with its own request
    amount = Amount(point, sent.at, sent.seconds, energy_wh, sent.value, sent.taken)
    amount.check(int(work.now.timestamp()))
    work.amounts.append(amount)


def _power(work: _Work, point: Point, at: datetime, power_w: int) -> None:
    if abs(power_w) > MOST_WATTS:
        raise InvalidData("is more than any meter measures")
    if point.resource_id is not None and point.is_first_power:
        work.powers[point.resource_id, at] = power_w


def _note_heard(requests: list[Requested], now: datetime) -> None:
    """The reports run, also where the VEN never said that they will."""
    if not requests:
        return
    rows = requests[0].model.objects.filter(pk__in={request.pk for request in requests})
    rows.update(last_report_at=now)
    started = [request for request in requests if request.state in (RequestState.WANTED, RequestState.ASKED)]
    if started:
        rows.filter(pk__in=[each.pk for each in started]).update(state=RequestState.RUNNING, answered_at=now)
        announce_changes({each.ven_pk for each in started})
