"""VENs and what they are told and tell: state of both directions, as the VTN and as a VEN of another."""

from openadr.models.certificate import VenCertificate
from openadr.models.change import ChangeCounter, VenChange
from openadr.models.delivery import DeliveryRecord, DeliveryStep, EventDelivery, Opt
from openadr.models.message import VenMessage
from openadr.models.nonce import UsedNonce
from openadr.models.opt import VenOpt
from openadr.models.report import Measure, Report, ReportPoint, ReportRequest, RequestState
from openadr.models.resource import Resource
from openadr.models.telemetry import DeviceStatus, EnergyPart, PowerSample
from openadr.models.upstream import Upstream, UpstreamEvent, UpstreamPolicy, UpstreamReport
from openadr.models.ven import Ven, VenSeen, VenState

__all__ = [
    "ChangeCounter",
    "DeliveryRecord",
    "DeliveryStep",
    "DeviceStatus",
    "EnergyPart",
    "EventDelivery",
    "Measure",
    "Opt",
    "PowerSample",
    "Report",
    "ReportPoint",
    "ReportRequest",
    "RequestState",
    "Resource",
    "Upstream",
    "UpstreamEvent",
    "UpstreamPolicy",
    "UpstreamReport",
    "UsedNonce",
    "Ven",
    "VenCertificate",
    "VenChange",
    "VenMessage",
    "VenOpt",
    "VenSeen",
    "VenState",
]
