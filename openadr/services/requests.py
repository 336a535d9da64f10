"""Requests for reports: keeping them as they are wanted."""

from collections.abc import Collection

from django.conf import settings
from django.db.models import QuerySet

from openadr.ids import new_id
from openadr.models import Report, ReportPoint, ReportRequest, RequestState
from openadr.services.planning import Offered, Wish, grouped, wishes_of

__all__ = ["open_requests", "sync_requests", "wishes_of_ven"]

_FIELDS = (
    "pk", "report__name", "measure", "resource_id", "resource__is_source", "resource__ended_at",
    "resource__meter__interval_minutes", "resource__meter__reading_kind", "reading_type", "min_seconds",
    "max_seconds",
)  # fmt: skip


def wishes_of_ven(*, ven_pk: int) -> list[Wish]:
    """What is wanted of each point that a VEN offers now, or why nothing is; in the order of their keys."""
    rows = ReportPoint.objects.filter(report__ven_id=ven_pk, report__ended_at__isnull=True).order_by("pk")
    offered = [_offered(*row) for row in rows.values_list(*_FIELDS)]
    return wishes_of(offered, power_seconds=max(settings.VTN_POLL_SECONDS, 1))


def open_requests(ven_pks: Collection[int] | None) -> "QuerySet[ReportRequest]":
    """The requests of VENs (None: of all) that have not ended."""
    rows: QuerySet[ReportRequest] = ReportRequest.objects.exclude(state=RequestState.ENDED)
    return rows if ven_pks is None else rows.filter(report__ven_id__in=ven_pks)


def sync_requests(ven_pk: int, *, tells: bool) -> bool:
    """Whether requests of a locked VEN changed: those that fit what is wanted stay, others end, missing ones are made.

    Args:
        tells: whether the VEN must be told that requests end; where it registers its reports it is told all anew.
    """
    wishes = wishes_of_ven(ven_pk=ven_pk)
    offered = ReportPoint.objects.filter(report__ven_id=ven_pk, report__ended_at__isnull=True)
    reports = dict(offered.values_list("pk", "report_id"))
    wanted = grouped(wishes, reports)
    kept: set[tuple[int, int]] = set()
    ended = []
    for request in open_requests([ven_pk]).exclude(state=RequestState.ENDING).prefetch_related("points"):
        key = (request.report_id, request.granularity_seconds)
        fits = key not in kept and wanted.get(key) == frozenset(point.pk for point in request.points.all())
        kept |= {key} if fits else set()
        ended += [] if fits else [request]
    _end(ended, tells=tells)
    new = [_request(report, seconds, points) for (report, seconds), points in wanted.items()
           if (report, seconds) not in kept]  # fmt: skip
    return bool(ended or new)


def _offered(
    pk: int, report_name: str, measure: str, resource_id: int | None, is_source: bool | None, ended_at: object,
    minutes: int | None, kind: str | None, reading_type: str, low: int | None, high: int | None,
) -> Offered:  # fmt: skip
    is_ours = resource_id is not None and ended_at is None
    return Offered(
        pk=pk,
        report_name=report_name,
        measure=measure,
        resource_id=resource_id if is_ours else None,
        meter_seconds=minutes * 60 if is_ours and is_source and minutes and kind == "interval" else None,
        is_mean=reading_type == "Mean",
        min_seconds=low,
        max_seconds=high,
    )


def _end(requests: list[ReportRequest], *, tells: bool) -> None:
    for request in requests:
        knows = tells and request.state != RequestState.WANTED
        request.state = RequestState.ENDING if knows else RequestState.ENDED
        request.asks, request.asked_at = 0, None
    ReportRequest.objects.bulk_update(requests, ["state", "asks", "asked_at"])


def _request(report_id: int, seconds: int, points: frozenset[int]) -> ReportRequest:
    request = ReportRequest.objects.create(
        report=Report(pk=report_id),
        request_id=new_id("request"),
        granularity_seconds=seconds,
        report_back_seconds=seconds,
    )
    request.points.set(points)
    return request
