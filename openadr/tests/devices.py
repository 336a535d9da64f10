"""Messages as devices send them, and answers as they go out: what the handlers get, what becomes of what they say."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree
from openleadr import enums, objects
from openleadr.messaging import create_message

from meters.models import IntervalReading, Meter
from openadr.ids import new_id
from openadr.models import Resource, Ven, VenState
from openadr.services.registration import register_ven
from openadr.vtn20b import opts, registration, reports
from openadr.vtn20b.codec import compose
from openadr.vtn20b.exchange import Caller, Message, Reply
from openadr.vtn20b.names import NS
from openadr.vtn20b.safe import kind_of, read_message
from organizations.models import Distributor

HANDLERS = registration.HANDLERS | reports.HANDLERS | opts.HANDLERS
HALF_HOUR = timedelta(minutes=30)


def make_ven(distributor: Distributor, meter: Meter | None = None, **fields: Any) -> Ven:
    """A registered VEN whose resource "house" gives the meter's readings, and "heat-pump" is behind it."""
    fields = {"name": f"VEN {new_id('n')[:12]}", "ven_id": new_id("ven")} | fields
    ven = Ven.objects.create(distributor=distributor, **fields)
    if meter is not None:
        Resource.objects.create(ven=ven, name="house", meter=meter, is_source=True)
        Resource.objects.create(ven=ven, name="heat-pump", meter=meter)
    if ven.state == VenState.ENROLLED:
        register_ven(ven_pk=ven.pk, said={})
    ven.refresh_from_db()
    return ven


def caller_of(ven: Ven) -> Caller:
    """The VEN as the gate names it."""
    return Caller(ven.pk, ven.ven_id, ven.distributor_id)


def hand_in(body: str | bytes, ven: Ven | None, fingerprint: str | None = None) -> Reply:
    """What the handler of a message says."""
    root = read_message(body.encode() if isinstance(body, str) else body)
    kind, element = kind_of(root)
    return HANDLERS[kind](Message(kind, element, caller_of(ven) if ven else None, fingerprint))


def say(ven: Ven | None, kind: str, **fields: Any) -> Reply:
    """What the handler says to a message that openleadr writes."""
    fields = ({"ven_id": ven.ven_id} if ven else {}) | {"request_id": "007"} | fields
    return hand_in(create_message(kind, **fields), ven)


def sent(reply: Reply) -> etree._Element:
    """The answer as it goes out; the schema must take it."""
    _kind, element = kind_of(read_message(compose(reply, sign=False)))
    return element


def code_of(reply: Reply) -> str:
    """The response code as it goes out."""
    return sent(reply).findtext("ei:eiResponse/ei:responseCode", namespaces=NS)


def described(reply: Reply) -> str:
    """The words of the answer."""
    return sent(reply).findtext("ei:eiResponse/ei:responseDescription", namespaces=NS)


def metadata(name: str = "TELEMETRY_USAGE", specifier: str = "usage", **points: Any) -> objects.Report:
    """A report that a VEN offers: rID = (what, resource) or (what, resource, fields)."""
    descriptions = [_description(r_id, *said) for r_id, said in points.items()]
    return objects.Report(
        report_specifier_id=specifier,
        report_name=f"METADATA_{name}",
        report_request_id="0",
        created_date_time=datetime.now(UTC),
        duration=timedelta(hours=1),
        report_descriptions=descriptions,
    )


def _description(
    r_id: str, what: str, resource: str, fields: dict[str, Any] | None = None
) -> objects.ReportDescription:
    fields = dict(fields or {})
    limits, scale = fields.pop("limits", (10, 3600)), fields.pop("scale", "none")
    measurement = None if what == "status" else enums.MEASUREMENTS[what.upper()]
    if measurement is not None:
        measurement = objects.Measurement(**{**measurement.__dict__, "scale": scale})
    values = {"report_type": "usage" if what != "status" else "x-resourceStatus", "reading_type": "Direct Read"}
    return objects.ReportDescription(
        **(values | fields),
        r_id=r_id,
        market_context=None,
        measurement=measurement,
        report_data_source=objects.Target(resource_id=resource),
        report_subject=objects.Target(resource_id=resource),
        sampling_rate=objects.SamplingRate(
            min_period=timedelta(seconds=limits[0]), max_period=timedelta(seconds=limits[1]), on_change=False
        ),
    )


def offer(ven: Ven, *reports_: objects.Report) -> Reply:
    """The answer to the registration of these reports."""
    return say(ven, "oadrRegisterReport", reports=list(reports_))


def interval(r_id: str, start: datetime, value: Any, seconds: int | None = None, **fields: Any) -> dict[str, Any]:
    """One interval of a report."""
    return {
        "dtstart": start,
        "duration": None if seconds is None else timedelta(seconds=seconds),
        "report_payload": {"r_id": r_id, "value": value, **fields},
    }


def send(ven: Ven, request_id: str, *intervals: dict[str, Any], **fields: Any) -> Reply:
    """The answer to one report of values."""
    report = {
        "report_id": "report-1",
        "report_request_id": request_id,
        "report_specifier_id": "usage",
        "report_name": "TELEMETRY_USAGE",
        "created_date_time": datetime.now(UTC),
        "intervals": list(intervals),
    }
    return say(ven, "oadrUpdateReport", reports=[report | fields])


def slot(back: int = 2, step: timedelta = HALF_HOUR) -> datetime:
    """The start of an interval of the clock, so many before the running one."""
    seconds = int(step.total_seconds())
    now = int(datetime.now(UTC).timestamp())
    return datetime.fromtimestamp(now - now % seconds - back * seconds, UTC)


def readings(meter: Meter) -> list[tuple[datetime, int]]:
    """What is stored of the meter."""
    return list(IntervalReading.objects.filter(meter=meter).order_by("start").values_list("start", "energy_wh"))
