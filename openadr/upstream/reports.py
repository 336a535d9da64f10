"""Telling a VTN what the program's meters use: offered, asked for, then said interval by interval."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from lxml import etree
from openleadr.enums import MEASUREMENTS

from openadr.models import Upstream, UpstreamReport
from openadr.upstream.messages import fine
from openadr.upstream.reading import WantedReport, ended_requests, wanted_reports
from openadr.upstream.talk import Said, Talk
from openadr.upstream.usage import Usage, Verdict, floor_of, granularity, step_seconds, usage_of

SERVICE = "EiReport"
SPECIFIER, R_ID = "program-usage", "usage"
LONGEST_SECONDS = 3600
# Of what was before a request nothing older is told, and of one message this many intervals.
BACK = timedelta(days=7)
MOST = 96
MESSAGES = 4
WHOLE, PARTLY = "Quality Good - Non Specific", "Quality Uncertain - Sub Normal"


def offer(talk: Talk) -> None:
    """Registers our report with the VTN; what it asked for before is void, what it asks for now is stored.

    Raises:
        Fault: it does not take it.
    """
    said = talk.ask(SERVICE, "oadrRegisterReport", ven_id=talk.upstream.ven_id, reports=[_offered(talk.upstream)])
    if not said.is_fine:
        raise said.fault
    with transaction.atomic():
        talk.lease.write(reports_registered_at=timezone.now())
        before = list(UpstreamReport.objects.filter(upstream=talk.upstream, ended_at__isnull=True))
        wanted = wanted_reports(said.element)
        _end(talk.upstream, {row.request_id for row in before} - {each.request_id for each in wanted})
        take_requests(talk.upstream, wanted)


def _offered(upstream: Upstream) -> dict[str, Any]:
    now = timezone.now()
    energy = MEASUREMENTS.ENERGY_REAL
    return {
        "report_name": "TELEMETRY_USAGE",
        "report_specifier_id": SPECIFIER,
        "report_request_id": "0",
        "created_date_time": now,
        "duration": BACK,
        "report_descriptions": [
            {
                "r_id": R_ID,
                "report_subject": None,
                "report_data_source": {"resource_id": upstream.ven_name},
                "report_type": "usage",
                "reading_type": "Summed",
                "measurement": {
                    "name": energy.name, "description": energy.description, "unit": energy.unit, "scale": "none",
                },
                "sampling_rate": {
                    "min_period": timedelta(seconds=step_seconds(upstream.program, now)),
                    "max_period": timedelta(seconds=LONGEST_SECONDS),
                    "on_change": False,
                },
            }
        ],
    }  # fmt: skip


def take_requests(upstream: Upstream, wanted: Iterable[WantedReport]) -> None:
    """Stores what was asked for, once; a series goes on where it ended for an earlier request."""
    now = timezone.now()
    for each in wanted:
        if (each.specifier_id, each.r_id) != (SPECIFIER, R_ID):
            continue
        seconds = granularity(upstream.program, each.granularity, now)
        UpstreamReport.objects.get_or_create(
            upstream=upstream,
            request_id=each.request_id,
            r_id=each.r_id,
            defaults={
                "specifier_id": each.specifier_id,
                "granularity_seconds": seconds,
                "report_back_seconds": each.report_back,
                "sent_until": _begin(upstream, each, seconds, now),
                "until": each.until if each.until is not None and each.until > now - BACK else None,
            },
        )


def _begin(upstream: Upstream, wanted: WantedReport, seconds: int, now: datetime) -> datetime:
    before = UpstreamReport.objects.filter(upstream=upstream, r_id=wanted.r_id, sent_until__gt=now - BACK)
    last = before.order_by("-sent_until").values_list("sent_until", flat=True).first()
    start = max(wanted.start or last or now, now - BACK)
    return floor_of(upstream.program, start, seconds)


def confirm(talk: Talk) -> None:
    """Tells the VTN which of its requests are agreed.

    Raises:
        Fault: it does not hear it.
    """
    rows = list(_open(talk.upstream).filter(confirmed_at__isnull=True))
    if not rows:
        return
    pending = [{"report_request_id": name} for name in dict.fromkeys(row.request_id for row in rows)]
    said = talk.say(
        SERVICE, "oadrCreatedReport", response=fine(""), pending_reports=pending, ven_id=talk.upstream.ven_id
    )
    if not said.is_fine:
        raise said.fault
    UpstreamReport.objects.filter(pk__in=[row.pk for row in rows]).update(confirmed_at=timezone.now())


def cancel(talk: Talk, said: Said, request_id: str) -> None:
    """Ends what an oadrCancelReport names, and says so."""
    _end(talk.upstream, ended_requests(said.element))
    pending = [{"report_request_id": row.request_id} for row in _open(talk.upstream)]
    talk.say(
        SERVICE, "oadrCanceledReport", response=fine(request_id), pending_reports=pending, ven_id=talk.upstream.ven_id
    )


def _end(upstream: Upstream, request_ids: Iterable[str]) -> None:
    _open(upstream).filter(request_id__in=list(request_ids)).update(ended_at=timezone.now())


def _open(upstream: Upstream) -> Any:
    return UpstreamReport.objects.filter(upstream=upstream, ended_at__isnull=True).order_by("pk")


def send_due(talk: Talk, now: datetime | None = None) -> int:
    """How many intervals were told: of each request those that are complete, each acknowledged one once.

    Raises:
        Fault: the VTN does not take them; the same ones are told again at the next poll.
    """
    now = now or timezone.now()
    return sum(_send(talk, row, now) for row in _open(talk.upstream).filter(confirmed_at__isnull=False))


def _send(talk: Talk, row: UpstreamReport, now: datetime) -> int:
    sent = 0
    for _number in range(MESSAGES):
        found, reached = _due(talk.upstream, row, now)
        if reached == row.sent_until:
            break
        if found:
            _say(talk, row, found, reached, now)
            sent += len(found)
        else:
            _reach(row, reached, now)
        if row.ended_at is not None:
            break
    return sent


def _due(upstream: Upstream, row: UpstreamReport, now: datetime) -> tuple[list[tuple[Usage, Verdict]], datetime]:
    """The intervals of the next message, and how far it reaches: where it began as long as it is not due."""
    _widen(upstream, row)
    count = min(max(row.report_back_seconds // row.granularity_seconds, 1), MOST)
    found: list[tuple[Usage, Verdict]] = []
    at = row.sent_until
    for _number in range(count):
        end = at + timedelta(seconds=row.granularity_seconds)
        if row.until is not None and at >= row.until:
            break
        if end > now:
            return [], row.sent_until
        usage = usage_of(upstream.program, at, row.granularity_seconds)
        if usage.left_out:
            # The next message begins here, or where this ends, with intervals in which all meters fit.
            return found, at if at > row.sent_until else end
        verdict = usage.verdict(now)
        if verdict is Verdict.WAIT:
            return [], row.sent_until
        if verdict is not Verdict.SKIP:
            found.append((usage, verdict))
        at = end
    return found, at


def _widen(upstream: Upstream, row: UpstreamReport) -> None:
    """Makes the intervals longer from where the next message begins, if meters have joined that need it."""
    seconds = granularity(upstream.program, row.granularity_seconds, row.sent_until)
    if floor_of(upstream.program, row.sent_until, seconds) == row.sent_until:
        row.granularity_seconds = seconds


def _say(talk: Talk, row: UpstreamReport, found: list[tuple[Usage, Verdict]], reached: datetime, now: datetime) -> None:
    said = talk.ask(SERVICE, "oadrUpdateReport", ven_id=talk.upstream.ven_id, reports=[_report(row, found, now)])
    if not said.is_fine:
        raise said.fault
    with transaction.atomic():
        talk.lease.write(last_ok_at=now)
        _reach(row, reached, now)
        if said.kind == "oadrUpdatedReport" and _cancels(said.element, row):
            row.ended_at = now
            row.save(update_fields=["ended_at"])


def _reach(row: UpstreamReport, reached: datetime, now: datetime) -> None:
    row.sent_until = reached
    if row.until is not None and reached >= row.until:
        row.ended_at = now
    row.save(update_fields=["sent_until", "ended_at", "granularity_seconds"])


def _cancels(element: etree._Element, row: UpstreamReport) -> bool:
    return row.request_id in ended_requests(element)


def _report(row: UpstreamReport, found: list[tuple[Usage, Verdict]], now: datetime) -> dict[str, Any]:
    first = found[0][0].start
    return {
        # The same for the same hours, so that a VTN can tell a repetition.
        "report_id": f"{row.request_id}-{first:%Y%m%dT%H%M%SZ}",
        "report_request_id": row.request_id,
        "report_specifier_id": row.specifier_id,
        "report_name": "TELEMETRY_USAGE",
        "dtstart": first,
        "created_date_time": now,
        "intervals": [_interval(row, usage, verdict) for usage, verdict in found],
    }


def _interval(row: UpstreamReport, usage: Usage, verdict: Verdict) -> dict[str, Any]:
    return {
        "dtstart": usage.start,
        "duration": timedelta(seconds=usage.seconds),
        "report_payload": {
            "r_id": row.r_id,
            "confidence": usage.confidence,
            "value": float(usage.wh),
            "data_quality": WHOLE if verdict is Verdict.SEND else PARTLY,
        },
    }
