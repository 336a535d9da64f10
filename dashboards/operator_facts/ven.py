"""One VEN as operators read it: facts, certificates, resources, reports and what it opted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import float_words, length_words, number_words
from dashboards.operator_facts.events import event_name
from dashboards.operator_facts.holders import holder_names
from dashboards.operator_facts.ven_said import said_pairs
from dashboards.operator_facts.vens import heard_words
from dashboards.selectors.ven import Thing
from dashboards.selectors.vens import heard_at
from dashboards.times import moment_words
from openadr.models import DeviceStatus, Measure, Opt, Report, ReportPoint, RequestState, Ven, VenCertificate, VenOpt

_MOST_SPANS = 3
_REQUEST_TONES = {
    RequestState.WANTED: "info",
    RequestState.ASKED: "info",
    RequestState.RUNNING: "good",
    RequestState.ENDING: "attention",
    RequestState.ENDED: "",
}


def ven_facts(ven: Ven, now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rows of components/facts.html. Two queries for the owner."""
    seen = getattr(ven, "seen", None)
    owner = holder_names({ven.owner_id}).get(ven.owner_id, "–") if ven.owner_id else _("the distributor itself")
    pairs = [
        (_("venID"), ven.ven_id),
        (_("Owner"), owner),
        (_("Last heard"), heard_words(heard_at(ven), now, zone)),
        (_("From"), getattr(seen, "address", "") or "–"),
        (_("Messages so far"), number_words(getattr(seen, "messages", 0))),
        (_("Asks every"), _("%(seconds)d s") % {"seconds": ven.poll_seconds}),
        (_("Enrolled"), moment_words(ven.created_at, zone)),
        (_("Registered"), moment_words(ven.registered_at, zone) if ven.registered_at else _("not yet")),
        (_("Signs every message"), _("yes") if ven.must_sign else _("no")),
        (_("What breaks the schema"), _("is taken all the same") if ven.is_lenient else _("is refused")),
        *said_pairs(ven),
    ]
    return [{"label": label, "value": value} for label, value in pairs]


def certificate_columns(*, may_change: bool) -> list[dict[str, Any]]:
    """The columns of `certificate_rows`."""
    names = [_("SHA-256"), _("Good"), _("State"), *([_("Revoke")] if may_change else [])]
    return [{"label": name} for name in names]


def certificate_rows(
    certificates: Sequence[VenCertificate], now: datetime, zone: ZoneInfo, *, may_change: bool
) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html."""
    return [{"cells": _certificate(row, now, zone, may_change=may_change)} for row in certificates]


def _certificate(row: VenCertificate, now: datetime, zone: ZoneInfo, *, may_change: bool) -> list[dict[str, Any]]:
    if row.revoked_at is not None:
        state = {"badge": _("Revoked"), "tone": "danger"}
    elif row.valid_to <= now:
        state = {"badge": _("Expired"), "tone": "danger"}
    else:
        state = {"badge": _("Good"), "tone": "good"}
    whose = _("issued by the portal") if row.is_ours else _("the device’s own")
    days = {name: f"{at.astimezone(zone):%Y-%m-%d}" for name, at in (("first", row.valid_from), ("last", row.valid_to))}
    cells: list[dict[str, Any]] = [
        {"template": "dashboards/vens/fingerprint.html", "value": row.fingerprint, "sub": f"{row.subject}, {whose}"},
        {"label": _("Good"), "text": _("%(first)s to %(last)s") % days},
        {"label": _("State"), **state},
    ]
    if may_change:
        revoke = {"label": _("Revoke"), "template": "dashboards/vens/revoke_button.html", "row": row}
        cells.append(revoke if row.revoked_at is None else {"label": "", "text": ""})
    return cells


def thing_columns(*, may_change: bool) -> list[dict[str, Any]]:
    """The columns of `thing_rows`."""
    names = [_("Resource"), _("Meter"), _("Power"), _("State")]
    shown = [{"label": name, "numeric": place == 2} for place, name in enumerate(names)]
    return [*shown, *([{"label": _("End it")}] if may_change else [])]


def thing_rows(things: Sequence[Thing], now: datetime, zone: ZoneInfo, *, may_change: bool) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html."""
    return [{"cells": _thing(thing, now, zone, may_change=may_change)} for thing in things]


def _thing(thing: Thing, now: datetime, zone: ZoneInfo, *, may_change: bool) -> list[dict[str, Any]]:
    row = thing.resource
    meter: dict[str, Any] = {"label": _("Meter"), "text": "–"}
    if row.meter is not None:
        source = _("its reports are the readings") if row.is_source else _("readings come another way")
        url = f"{reverse('operator_meters')}?meter={row.meter_id}"
        meter = {"label": _("Meter"), "text": row.meter.number, "sub": source, "url": url}
    cells = [
        {"text": row.name, "sub": _("ended %(when)s") % {"when": moment_words(row.ended_at, zone)}}
        if row.ended_at
        else {"text": row.name},
        meter,
        {"label": _("Power"), "numeric": True, **_power(thing, now, zone)},
        {"label": _("State"), **status_cell(getattr(row, "status", None))},
    ]
    if may_change:
        end = {"label": _("End it"), "template": "dashboards/vens/end_button.html", "row": row}
        cells.append({"label": "", "text": ""} if row.ended_at else end)
    return cells


def _power(thing: Thing, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    if thing.power_w is None or thing.power_at is None:
        return {"text": "–"}
    return {"text": power_words(thing.power_w), "sub": heard_words(thing.power_at, now, zone)}


def power_words(watts: float) -> str:
    """A power in kW.

    >>> power_words(1234.0)
    '1.23 kW'
    """
    return f"{float_words(watts / 1000, 2)} kW"


def status_cell(status: DeviceStatus | None) -> dict[str, Any]:
    """What a device said last of itself."""
    if status is None:
        return {"text": _("not said")}
    if status.is_online is False:
        return {"badge": _("Offline"), "tone": "danger"}
    if status.is_overridden:
        return {"badge": _("Overridden by hand"), "tone": "attention"}
    return {"badge": _("Online"), "tone": "good"} if status.is_online else {"text": _("not said")}


def report_cards(reports: Sequence[Report], now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Each report that is offered or was: its points in a table, and what was asked of it."""
    return [_report(report, now, zone) for report in reports]


def _report(report: Report, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    requests = list(report.requests.all())
    current = next((row for row in requests if row.state != RequestState.ENDED), None)
    asked = {point.pk for row in requests if row.state != RequestState.ENDED for point in row.points.all()}
    state = RequestState(current.state) if current else None
    return {
        "report": report,
        "badge": str(state.label).capitalize() if state else _("Not asked for"),
        "tone": _REQUEST_TONES[state] if state else "",
        "note": _request_words(current, now, zone) if current else _why_not(report),
        "columns": [{"label": name} for name in (_("Series"), _("What it says"), _("Last said"), _("Asked for"))],
        "rows": [
            {"cells": _point(point, now, zone, is_asked=point.pk in asked, is_ended=report.ended_at is not None)}
            for point in report.points.all()
        ],
    }


def _request_words(request: Any, now: datetime, zone: ZoneInfo) -> str:
    words = {"each": request.granularity_seconds, "back": request.report_back_seconds}
    told = _("Values each %(each)d s, sent each %(back)d s.") % words
    if request.last_report_at is not None:
        return f"{told} " + _("Last sent: %(ago)s.") % {"ago": heard_words(request.last_report_at, now, zone)}
    return f"{told} " + _("Nothing was sent yet.")


def _why_not(report: Report) -> str:
    if report.ended_at is not None:
        return _("The VEN does not offer it any more.")
    return _("Nothing in it is of use: no point belongs to a resource here and says energy, power or state.")


def _point(
    point: ReportPoint, now: datetime, zone: ZoneInfo, *, is_asked: bool, is_ended: bool
) -> list[dict[str, Any]]:
    said = "–"
    if point.last_value is not None:
        said = f"{float_words(point.last_value, 2)} {point.unit}".strip()
    resource = point.resource.name if point.resource is not None else _("no resource here")
    asked = {"badge": _("Yes"), "tone": "good"} if is_asked else {"text": _point_why_not(point, is_ended=is_ended)}
    return [
        {"text": point.r_id, "sub": resource},
        {"label": _("What it says"), "text": str(Measure(point.measure).label), "sub": point.quantity or " "},
        {"label": _("Last said"), "text": said, "sub": heard_words(point.last_at, now, zone)},
        {"label": _("Asked for"), **asked},
    ]


def _point_why_not(point: ReportPoint, *, is_ended: bool) -> str:
    if is_ended:
        return _("no: not offered any more")
    if point.resource is None:
        return _("no: it names no resource of this VEN; add one of its name below")
    if point.resource.ended_at is not None:
        return _("no: its resource has ended")
    if point.measure == Measure.OTHER:
        return _("no: neither energy nor power nor state")
    return _("not now")


def opt_items(opts: Sequence[VenOpt], zone: ZoneInfo) -> list[dict[str, Any]]:
    """What the VEN opted by itself, in words."""
    return [_opt(row, zone) for row in opts]


def _opt(row: VenOpt, zone: ZoneInfo) -> dict[str, Any]:
    what = str(Opt(row.opt_type).label).capitalize()
    return {
        "title": f"{what}: {event_name(row.delivery.event)}" if row.delivery else what,
        "text": ", ".join([*_spans(row, zone), *([row.reason] if row.reason else [])]),
        "resources": ", ".join(map(str, row.resources)),
        "when": moment_words(row.created_at, zone),
        "ended": moment_words(row.ended_at, zone) if row.ended_at else "",
    }


def _spans(row: VenOpt, zone: ZoneInfo) -> list[str]:
    words = []
    for start, end in row.spans[:_MOST_SPANS]:
        first, last = (datetime.fromisoformat(text) for text in (start, end))
        words.append(_("%(start)s for %(time)s") % {
            "start": moment_words(first, zone), "time": length_words(last - first),
        })  # fmt: skip
    more = len(row.spans) - _MOST_SPANS
    if more > 0:
        words.append(ngettext("%(count)d more time", "%(count)d more times", more) % {"count": more})
    return words
