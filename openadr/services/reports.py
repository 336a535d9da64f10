"""Reports of VENs: what they offer, what is wanted of it, and the requests on their way (wanted → asked → running)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from common.retry import retried
from openadr.errors import UnknownReport
from openadr.models import Measure, Report, ReportPoint, ReportRequest, RequestState, Resource, Ven, VenState
from openadr.services.changes import announce_changes, announce_later
from openadr.services.requests import open_requests, sync_requests

__all__ = [
    "OfferedPoint",
    "OfferedReport",
    "ReportAsk",
    "agree_requests",
    "confirm_ended",
    "end_requests",
    "note_asked",
    "register_reports",
    "replan_reports",
    "running_asks",
    "vens_with_report_messages",
    "wanted_asks",
]

# A request that was not answered is repeated, but not for ever: the operator sees how often it was.
ASK_AGAIN = timedelta(seconds=60)
MOST_ASKS = 20
MOST_POINTS = 2_000
MOST_ENDED = 20
LONGEST_ID = 128


@dataclass(frozen=True)
class OfferedPoint:
    """One rID of the metadata that a VEN sends; `resource_name` is what it calls the resource, or empty."""

    r_id: str
    resource_name: str = ""
    measure: str = Measure.OTHER
    quantity: str = ""
    unit: str = ""
    exponent: int = 0
    reading_type: str = ""
    min_seconds: int | None = None
    max_seconds: int | None = None


@dataclass(frozen=True)
class OfferedReport:
    """One report of the metadata; `name` is without "METADATA_"."""

    specifier_id: str
    name: str
    points: tuple[OfferedPoint, ...] = ()


@dataclass(frozen=True)
class ReportAsk:
    """One request as the VEN is told it; `points` are pairs of rID and readingType."""

    ven_pk: int
    request_id: str
    specifier_id: str
    granularity_seconds: int
    report_back_seconds: int
    state: str
    points: tuple[tuple[str, str], ...] = ()


@retried
def register_reports(*, ven_pk: int, reports: Sequence[OfferedReport]) -> list[ReportAsk]:
    """Keeps what a VEN offers now, and returns all requests that it is to answer, those that run already among them.

    The newest registration counts: a report that it leaves out ends (the newest of those stay for a while, lest a VEN
    that names its reports anew at each start fills the tables), and a point that it leaves out is forgotten. The
    requests of reports that stay the same stay too, with their IDs, so that a restart on either side loses nothing.
    Points are matched to the VEN's resources by name; a point of another name is kept without one.

    Raises:
        UnknownReport: An ID is empty, too long, or there twice, or there are too many points.
    """
    _check(reports)
    with transaction.atomic():
        Ven.objects.select_for_update().get(pk=ven_pk)
        resources = _resources(ven_pk)
        kept = {report.specifier_id: report for report in Report.objects.filter(ven_id=ven_pk)}
        for offered in reports:
            _keep(ven_pk, kept.get(offered.specifier_id), offered, resources)
        gone = [kept[name].pk for name in kept.keys() - {report.specifier_id for report in reports}]
        Report.objects.filter(pk__in=gone, ended_at__isnull=True).update(ended_at=timezone.now())
        ReportRequest.objects.filter(report_id__in=gone).update(state=RequestState.ENDED)
        _forget_ended(ven_pk)
        sync_requests(ven_pk, tells=False)
        announce_changes([ven_pk])
    return running_asks(ven_pk=ven_pk)


@retried
def replan_reports(*, ven_pk: int) -> None:
    """Matches points to resources anew and asks for what is wanted now; call it when resources or meters changed."""
    with transaction.atomic():
        Ven.objects.select_for_update().get(pk=ven_pk)
        resources = _resources(ven_pk)
        points = list(ReportPoint.objects.filter(report__ven_id=ven_pk, report__ended_at__isnull=True))
        if not points:
            return
        changed = [point for point in points if point.resource_id != resources.get(point.resource_name)]
        for point in changed:
            point.resource_id = resources.get(point.resource_name)
        ReportPoint.objects.bulk_update(changed, ["resource"])
        if sync_requests(ven_pk, tells=True):
            # Meters may change by the thousand in one transaction.
            announce_later([ven_pk])


def running_asks(*, ven_pk: int) -> list[ReportAsk]:
    """The requests that a VEN is to answer: what an oadrRegisteredReport carries."""
    return _asks(open_requests([ven_pk]).exclude(state=RequestState.ENDING))


def wanted_asks(*, ven_pk: int) -> list[ReportAsk]:
    """The requests that a VEN must still be told of, or told to end (`state` ENDING), at its next poll."""
    return _asks(open_requests([ven_pk]).filter(_due(timezone.now())))


def vens_with_report_messages(ven_pks: Collection[int] | None) -> set[int]:
    """Which of the VENs (None: of all) have something of that kind, now or within a minute. One query for many."""
    rows = open_requests(ven_pks).filter(_waiting(), report__ven__state=VenState.REGISTERED)
    return set(rows.values_list("report__ven_id", flat=True))


def note_asked(*, request_ids: Collection[str]) -> None:
    """Notes that a VEN is being told of these requests; they stay open until it answers."""
    with transaction.atomic():
        rows = list(ReportRequest.objects.select_for_update().filter(request_id__in=request_ids).order_by("pk"))
        for row in rows:
            row.asks, row.asked_at = min(row.asks + 1, 30_000), timezone.now()
            row.state = RequestState.ASKED if row.state == RequestState.WANTED else row.state
        ReportRequest.objects.bulk_update(rows, ["asks", "asked_at", "state"])


@retried
def agree_requests(*, ven_pk: int, request_ids: Collection[str]) -> None:
    """The VEN said which reports it will send (oadrCreatedReport): these run.

    What was asked and it leaves out stays asked, and is asked again; unknown names among them are passed over, as a
    VEN may have requests of an older registration.
    """
    with transaction.atomic():
        rows = open_requests([ven_pk]).filter(request_id__in=[each for each in request_ids if len(each) <= 64])
        waiting = rows.filter(state__in=(RequestState.WANTED, RequestState.ASKED))
        if waiting.update(state=RequestState.RUNNING, answered_at=timezone.now()):
            announce_changes([ven_pk])


@retried
def end_requests(*, ven_pk: int, request_ids: Collection[str]) -> list[str]:
    """Ends requests because the VEN does so, or confirms that it did; the requests that go on.

    Raises:
        UnknownReport: One of them was never a request to this VEN.
    """
    with transaction.atomic():
        rows = ReportRequest.objects.filter(
            report__ven_id=ven_pk, request_id__in=[e for e in request_ids if len(e) <= 64]
        )
        known = set(rows.values_list("request_id", flat=True))
        if set(request_ids) - known:
            raise UnknownReport(_("There is no such report request."))
        if rows.exclude(state=RequestState.ENDED).update(state=RequestState.ENDED, answered_at=timezone.now()):
            announce_changes([ven_pk])
        going_on = open_requests([ven_pk]).filter(state=RequestState.RUNNING)
        return list(going_on.values_list("request_id", flat=True))


@retried
def confirm_ended(*, ven_pk: int, going_on: Collection[str]) -> None:
    """The VEN took note of our oadrCancelReport: what it was told to end has ended, unless it says that it goes on."""
    with transaction.atomic():
        rows = (
            open_requests([ven_pk])
            .filter(state=RequestState.ENDING, asks__gt=0)
            .exclude(request_id__in=[each for each in going_on if len(each) <= 64])
        )
        if rows.update(state=RequestState.ENDED, answered_at=timezone.now()):
            announce_changes([ven_pk])


def _waiting() -> Q:
    unanswered = Q(state__in=(RequestState.WANTED, RequestState.ASKED, RequestState.ENDING))
    return unanswered & Q(asks__lt=MOST_ASKS)


def _due(now: datetime) -> Q:
    return _waiting() & (Q(asked_at__isnull=True) | Q(asked_at__lt=now - ASK_AGAIN))


def _asks(rows: "QuerySet[ReportRequest]") -> list[ReportAsk]:
    asks: dict[int, ReportAsk] = {}
    fields = (
        "pk", "report__ven_id", "request_id", "report__specifier_id", "granularity_seconds", "report_back_seconds",
        "state", "points__r_id", "points__reading_type",
    )  # fmt: skip
    for pk, *head, r_id, reading_type in rows.order_by("pk", "points__pk").values_list(*fields):
        ask = asks.get(pk) or ReportAsk(*head)
        asks[pk] = ask if r_id is None else replace(ask, points=(*ask.points, (r_id, reading_type)))
    return list(asks.values())


def _check(reports: Sequence[OfferedReport]) -> None:
    names = [report.specifier_id for report in reports]
    r_ids = [[point.r_id for point in report.points] for report in reports]
    if any(len(set(each)) != len(each) for each in [names, *r_ids]):
        raise UnknownReport(_("An ID is there twice."))
    if any(not 0 < len(each) <= LONGEST_ID for each in chain(names, *r_ids)):
        raise UnknownReport(_("IDs have 1 to %(most)s characters.") % {"most": LONGEST_ID})
    if sum(len(each) for each in r_ids) > MOST_POINTS:
        raise UnknownReport(_("There are more than %(most)s points.") % {"most": MOST_POINTS})


def _resources(ven_pk: int) -> dict[str, int]:
    rows = Resource.objects.filter(ven_id=ven_pk, ended_at__isnull=True)
    found = dict(rows.values_list("name", "pk"))
    # Who names no resource means the only one.
    return found | ({"": next(iter(found.values()))} if len(found) == 1 else {})


def _forget_ended(ven_pk: int) -> None:
    ended = Report.objects.filter(ven_id=ven_pk, ended_at__isnull=False).order_by("-ended_at", "-pk")
    Report.objects.filter(pk__in=list(ended.values_list("pk", flat=True)[MOST_ENDED:])).delete()


def _keep(ven_pk: int, known: Report | None, offered: OfferedReport, resources: dict[str, int]) -> None:
    report = known or Report(ven_id=ven_pk, specifier_id=offered.specifier_id)
    if known is None or known.ended_at is not None:
        report.registered_at, report.ended_at = timezone.now(), None
    report.name = offered.name
    report.save()
    old = {point.r_id: point for point in report.points.all()}
    report.points.filter(pk__in=[old[r_id].pk for r_id in old.keys() - {p.r_id for p in offered.points}]).delete()
    rows = [_point(report, old.get(point.r_id), point, resources) for point in offered.points]
    ReportPoint.objects.bulk_create([row for row in rows if row.pk is None])
    ReportPoint.objects.bulk_update([row for row in rows if row.pk is not None], _SAID)


_SAID = [
    "resource_name", "resource", "measure", "quantity", "unit", "exponent", "reading_type", "min_seconds",
    "max_seconds",
]  # fmt: skip


def _point(report: Report, known: ReportPoint | None, offered: OfferedPoint, resources: dict[str, int]) -> ReportPoint:
    row = known or ReportPoint(report=report, r_id=offered.r_id)
    for name in _SAID:
        if name != "resource":
            setattr(row, name, getattr(offered, name))
    row.resource_id = resources.get(offered.resource_name)
    return row
