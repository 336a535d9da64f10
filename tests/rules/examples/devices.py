"""VENs, their certificates, resources, reports, deliveries and answers."""

from datetime import timedelta
from uuid import uuid4

from events.models import Event
from openadr.models import (
    ChangeCounter,
    DeliveryRecord,
    EnergyPart,
    EventDelivery,
    PowerSample,
    Report,
    ReportPoint,
    ReportRequest,
    Resource,
    Ven,
    VenCertificate,
    VenOpt,
)
from organizations.models import Distributor
from tests.rules.examples.example import Change, Example
from tests.rules.kit import HOUR, NOON, Kit

YEAR = timedelta(days=365)


def ven(kit: Kit, distributor: Distributor | None = None, **fields: object) -> Ven:
    """A VEN that is not stored yet."""
    values = {"distributor": distributor or kit.here, "name": f"Boiler {uuid4().hex}", "ven_id": f"ven-{uuid4().hex}"}
    return Ven(**(values | fields))


def stored_ven(kit: Kit, distributor: Distributor | None = None, **fields: object) -> Ven:
    row = ven(kit, distributor, **fields)
    row.save()
    return row


def certificate(kit: Kit, **fields: object) -> VenCertificate:
    values = {"fingerprint": uuid4().hex * 2, "subject": "CN=Boiler", "valid_from": NOON, "valid_to": NOON + YEAR}
    return VenCertificate(**({"ven": stored_ven(kit)} | values | fields))


def stored_certificate(kit: Kit, **fields: object) -> VenCertificate:
    row = certificate(kit, **fields)
    row.save()
    return row


def resource(kit: Kit, **fields: object) -> Resource:
    values = {"ven": fields.pop("ven", None) or stored_ven(kit), "name": "heat-pump", "meter": kit.meter}
    return Resource(**(values | fields))


def stored_resource(kit: Kit, **fields: object) -> Resource:
    row = resource(kit, **fields)
    row.save()
    return row


def report(kit: Kit, **fields: object) -> Report:
    values = {"specifier_id": "usage", "name": "TELEMETRY_USAGE"}
    return Report(**({"ven": fields.pop("ven", None) or stored_ven(kit)} | values | fields))


def stored_report(kit: Kit, **fields: object) -> Report:
    row = report(kit, **fields)
    row.save()
    return row


def point(kit: Kit, **fields: object) -> ReportPoint:
    return ReportPoint(**({"report": fields.pop("report", None) or stored_report(kit), "r_id": "energy"} | fields))


def stored_point(kit: Kit, **fields: object) -> ReportPoint:
    row = point(kit, **fields)
    row.save()
    return row


def request(kit: Kit, **fields: object) -> ReportRequest:
    values = {"request_id": f"request-{uuid4().hex}", "granularity_seconds": 300, "report_back_seconds": 300}
    return ReportRequest(**({"report": stored_report(kit)} | values | fields))


def stored_request(kit: Kit) -> ReportRequest:
    row = request(kit)
    row.save()
    return row


def delivery(kit: Kit, **fields: object) -> EventDelivery:
    values = {"event": kit.event, "start": NOON, "end": NOON + HOUR, "due_at": NOON}
    return EventDelivery(**({"ven": fields.pop("ven", None) or stored_ven(kit)} | values | fields))


def stored_delivery(kit: Kit, **fields: object) -> EventDelivery:
    row = delivery(kit, **fields)
    row.save()
    return row


def record(kit: Kit, **fields: object) -> DeliveryRecord:
    return DeliveryRecord(
        **({"delivery": stored_delivery(kit), "step": "delivered", "modification_number": 0} | fields)
    )


def stored_record(kit: Kit) -> DeliveryRecord:
    row = record(kit)
    row.save()
    return row


def opt(kit: Kit, **fields: object) -> VenOpt:
    values = {"opt_id": "opt-1", "opt_type": "optOut"}
    return VenOpt(**({"ven": fields.pop("ven", None) or stored_ven(kit)} | values | fields))


def stored_opt(kit: Kit, **fields: object) -> VenOpt:
    row = opt(kit, **fields)
    row.save()
    return row


def _same_name(kit: Kit) -> Change:
    return stored_ven(kit), {"name": stored_ven(kit).name}


def _second_resource(kit: Kit) -> Change:
    first = stored_resource(kit)
    return stored_resource(kit, ven=first.ven, name="charger"), {"name": first.name}


def _second_source(kit: Kit) -> Change:
    stored_resource(kit, is_source=True)
    return stored_resource(kit, name="charger"), {"is_source": True}


def _new_source(kit: Kit) -> Resource:
    stored_resource(kit, is_source=True)
    return resource(kit, name="charger", is_source=True)


def _second_report(kit: Kit) -> Change:
    first = stored_report(kit)
    return stored_report(kit, ven=first.ven, specifier_id="status"), {"specifier_id": first.specifier_id}


def _second_point(kit: Kit) -> Change:
    first = stored_point(kit)
    return stored_point(kit, report=first.report, r_id="power"), {"r_id": first.r_id}


def _second_delivery(kit: Kit) -> Change:
    first = stored_delivery(kit)
    return stored_delivery(kit), {"ven": first.ven}


def _second_opt(kit: Kit) -> Change:
    first = stored_opt(kit)
    return stored_opt(kit, ven=first.ven, opt_id="opt-2"), {"opt_id": first.opt_id}


def sample(kit: Kit, **fields: object) -> PowerSample:
    values = {"resource": fields.pop("resource", None) or stored_resource(kit), "at": NOON, "power_w": 900}
    return PowerSample(**(values | fields))


def stored_sample(kit: Kit, **fields: object) -> PowerSample:
    row = sample(kit, **fields)
    row.save()
    return row


def part(kit: Kit, **fields: object) -> EnergyPart:
    values = {"at": NOON, "seconds": 300, "energy_mwh": 1_000}
    return EnergyPart(**({"resource": fields.pop("resource", None) or stored_resource(kit)} | values | fields))


def stored_part(kit: Kit, **fields: object) -> EnergyPart:
    row = part(kit, **fields)
    row.save()
    return row


def _second_part(kit: Kit) -> Change:
    first = stored_part(kit)
    return stored_part(kit, resource=first.resource, at=NOON + HOUR), {"at": NOON}


def _second_sample(kit: Kit) -> Change:
    first = stored_sample(kit)
    return stored_sample(kit, resource=first.resource, at=NOON + HOUR), {"at": NOON}


def foreign_event(kit: Kit) -> Event:
    """An event of the other distributor."""
    version = kit.version_of(kit.foreign_program)
    return Event.objects.create(program=kit.foreign_program, version=version, start=NOON, end=NOON + HOUR)


def foreign_delivery(kit: Kit) -> EventDelivery:
    """A delivery of the other distributor."""
    return stored_delivery(kit, ven=stored_ven(kit, kit.there), event=foreign_event(kit))


def stored_counter(kit: Kit) -> ChangeCounter:
    return ChangeCounter.objects.get_or_create(pk=1)[0]


EXAMPLES = {
    "ven_name_in_distributor": Example(new=lambda kit: ven(kit, name=stored_ven(kit).name), change=_same_name),
    "ven_state_known": Example(
        new=lambda kit: ven(kit, state="asleep"), change=lambda kit: (stored_ven(kit), {"state": "asleep"})
    ),
    "ven_lenient_or_signed": Example(
        new=lambda kit: ven(kit, is_lenient=True, must_sign=True),
        change=lambda kit: (stored_ven(kit, must_sign=True), {"is_lenient": True}),
    ),
    "ven_polls_within_a_day": Example(
        new=lambda kit: ven(kit, poll_seconds=0), change=lambda kit: (stored_ven(kit), {"poll_seconds": 100_000})
    ),
    "ven_distributor_fixed": Example(change=lambda kit: (stored_ven(kit), {"distributor": kit.there})),
    "ven_revoked_for_good": Example(change=lambda kit: (stored_ven(kit, state="revoked"), {"state": "registered"})),
    "ven_owner_same_distributor": Example(
        new=lambda kit: ven(kit, owner=kit.entity_of(kit.foreign_organization)),
        change=lambda kit: (stored_ven(kit), {"owner": kit.entity_of(kit.foreign_organization)}),
    ),
    "ven_certificate_is_sha256": Example(
        new=lambda kit: certificate(kit, fingerprint="AB:CD"),
        change=lambda kit: (stored_certificate(kit), {"fingerprint": "AB:CD"}),
        earlier=("ven_certificate_stays_revoked",),
    ),
    "ven_certificate_ends_after_start": Example(
        new=lambda kit: certificate(kit, valid_to=NOON),
        change=lambda kit: (stored_certificate(kit), {"valid_to": NOON}),
    ),
    "ven_certificate_stays_revoked": Example(
        change=lambda kit: (stored_certificate(kit, revoked_at=NOON), {"revoked_at": None})
    ),
    "resource_name_in_ven": Example(
        new=lambda kit: resource(kit, ven=stored_resource(kit).ven), change=_second_resource
    ),
    "resource_one_source_per_meter": Example(new=_new_source, change=_second_source),
    "resource_same_distributor": Example(
        new=lambda kit: resource(kit, meter=kit.foreign_meter),
        change=lambda kit: (stored_resource(kit), {"meter": kit.foreign_meter}),
    ),
    "report_once_per_ven": Example(new=lambda kit: report(kit, ven=stored_report(kit).ven), change=_second_report),
    "report_point_once": Example(new=lambda kit: point(kit, report=stored_point(kit).report), change=_second_point),
    "report_point_measure_known": Example(
        new=lambda kit: point(kit, measure="mood"), change=lambda kit: (stored_point(kit), {"measure": "mood"})
    ),
    "report_point_resource_of_ven": Example(
        new=lambda kit: point(kit, resource=stored_resource(kit)),
        change=lambda kit: (stored_point(kit), {"resource": stored_resource(kit)}),
    ),
    "report_request_state_known": Example(
        new=lambda kit: request(kit, state="lost"), change=lambda kit: (stored_request(kit), {"state": "lost"})
    ),
    "delivery_once": Example(
        new=lambda kit: delivery(kit, ven=stored_delivery(kit).ven),
        change=_second_delivery,
    ),
    "delivery_ends_after_start": Example(
        new=lambda kit: delivery(kit, end=NOON),
        change=lambda kit: (stored_delivery(kit), {"end": NOON, "modification_number": 1}),
    ),
    "delivery_opt_known": Example(
        new=lambda kit: delivery(kit, opt="maybe"), change=lambda kit: (stored_delivery(kit), {"opt": "maybe"})
    ),
    "delivery_level_known": Example(
        new=lambda kit: delivery(kit, level=4),
        change=lambda kit: (stored_delivery(kit), {"level": 4, "modification_number": 1}),
    ),
    "delivery_modification_rises": Example(
        change=lambda kit: (stored_delivery(kit), {"end": NOON + 2 * HOUR}),
    ),
    "delivery_same_distributor": Example(
        new=lambda kit: delivery(kit, ven=stored_ven(kit, kit.there)),
        change=lambda kit: (stored_delivery(kit), {"ven": stored_ven(kit, kit.there)}),
    ),
    "delivery_step_known": Example(new=lambda kit: record(kit, step="dreamt")),
    "delivery_record_unchanged": Example(change=lambda kit: (stored_record(kit), {"detail": "Something else."})),
    "ven_opt_once": Example(new=lambda kit: opt(kit, ven=stored_opt(kit).ven), change=_second_opt),
    "ven_opt_type_known": Example(
        new=lambda kit: opt(kit, opt_type="maybe"), change=lambda kit: (stored_opt(kit), {"opt_type": "maybe"})
    ),
    "ven_opt_delivery_of_ven": Example(
        new=lambda kit: opt(kit, delivery=stored_delivery(kit)),
        change=lambda kit: (stored_opt(kit), {"delivery": stored_delivery(kit)}),
    ),
    "power_sample_once": Example(
        new=lambda kit: sample(kit, resource=stored_sample(kit).resource), change=_second_sample
    ),
    "energy_part_once": Example(new=lambda kit: part(kit, resource=stored_part(kit).resource), change=_second_part),
    "change_counter_is_one_row": Example(
        new=lambda kit: ChangeCounter(id=2),
        change=lambda kit: (stored_counter(kit), {"id": 2}),
        elsewhere={"bulk change": "Django writes no primary keys in bulk"},
    ),
}
