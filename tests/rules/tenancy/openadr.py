"""Keys of VENs, their deliveries and the VTNs above."""

from tests.builder import make_meter
from tests.rules.examples import devices, upstream
from tests.rules.tenancy.kinds import Only, Refused, foreign_holder
from tests.rules.tenancy.reasons import DOER, OWNER

SAME = {
    ("openadr.Ven", "owner"): Refused(
        ("ven_owner_same_distributor",),
        lambda kit: (devices.stored_ven(kit), {"owner": foreign_holder(kit)}),
        lambda kit: {"name": "Another", "ven_id": "ven-another"},
    ),
    ("openadr.Resource", "meter"): Refused(
        ("resource_same_distributor",),
        lambda kit: (devices.stored_resource(kit), {"meter": kit.foreign_meter}),
        lambda kit: {"name": "charger"},
    ),
    ("openadr.Resource", "ven"): Refused(
        ("resource_same_distributor",),
        lambda kit: (devices.stored_resource(kit), {"ven": devices.stored_ven(kit, kit.there)}),
    ),
    ("openadr.ReportPoint", "resource"): Refused(
        ("report_point_resource_of_ven",),
        lambda kit: (
            devices.stored_point(kit),
            {
                "resource": devices.stored_resource(
                    kit, ven=devices.stored_ven(kit, kit.there), meter=make_meter(kit.there)
                )
            },
        ),
        lambda kit: {"r_id": "power"},
    ),
    ("openadr.EventDelivery", "ven"): Refused(
        ("delivery_same_distributor",),
        lambda kit: (devices.stored_delivery(kit), {"ven": devices.stored_ven(kit, kit.there)}),
    ),
    ("openadr.EventDelivery", "event"): Refused(
        ("delivery_same_distributor",),
        lambda kit: (
            devices.stored_delivery(kit, ven=devices.stored_ven(kit, kit.here)),
            {"event": devices.foreign_event(kit)},
        ),
    ),
    ("openadr.VenOpt", "delivery"): Refused(
        ("ven_opt_delivery_of_ven",),
        lambda kit: (devices.stored_opt(kit), {"delivery": devices.foreign_delivery(kit)}),
        lambda kit: {"opt_id": "opt-2"},
    ),
    ("openadr.Upstream", "program"): Refused(
        ("upstream_program_same_distributor",),
        lambda kit: (upstream.stored_upstream(kit), {"program": kit.foreign_program}),
        lambda kit: {"name": "Another"},
    ),
    ("openadr.UpstreamEvent", "event"): Refused(
        ("upstream_event_same_distributor",),
        lambda kit: (upstream.stored_event(kit), {"event": devices.foreign_event(kit)}),
        lambda kit: {"event_ref": "peak-2"},
    ),
}

REASONS = {
    ("openadr.Ven", "created_by"): DOER,
    ("openadr.VenSeen", "ven"): OWNER,
    ("openadr.VenCertificate", "ven"): OWNER,
    ("openadr.Report", "ven"): OWNER,
    ("openadr.ReportPoint", "report"): OWNER,
    ("openadr.ReportRequest", "report"): OWNER,
    ("openadr.DeliveryRecord", "delivery"): OWNER,
    ("openadr.VenOpt", "ven"): OWNER,
    ("openadr.PowerSample", "resource"): OWNER,
    ("openadr.DeviceStatus", "resource"): OWNER,
    ("openadr.EnergyPart", "resource"): OWNER,
    ("openadr.VenChange", "ven"): Only("says which VEN the processes read anew; it gives nobody a right"),
    ("openadr.VenMessage", "ven"): Only("names who sent it; who may read it follows the distributor beside it"),
    ("openadr.VenMessage", "distributor"): OWNER,
    ("openadr.Upstream", "distributor"): OWNER,
    ("openadr.UpstreamEvent", "upstream"): OWNER,
    ("openadr.UpstreamReport", "upstream"): OWNER,
}
