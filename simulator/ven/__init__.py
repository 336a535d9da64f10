"""A VEN of OpenADR 2.0b, light enough that thousands live in one process."""

from simulator.ven.client import Ven
from simulator.ven.config import Resource, VenConfig, read_config, read_configs, service_url
from simulator.ven.events import OPT_IN, OPT_OUT, Change, Span, VenEvent
from simulator.ven.reports import DataQuality, Point, Quantity, Request, Status, Value
from simulator.ven.store import Store
from simulator.ven.wire import VtnAway, VtnRefused, Wire

__all__ = [
    "OPT_IN",
    "OPT_OUT",
    "Change",
    "DataQuality",
    "Point",
    "Quantity",
    "Request",
    "Resource",
    "Span",
    "Status",
    "Store",
    "Value",
    "Ven",
    "VenConfig",
    "VenEvent",
    "VtnAway",
    "VtnRefused",
    "Wire",
    "read_config",
    "read_configs",
    "service_url",
]
