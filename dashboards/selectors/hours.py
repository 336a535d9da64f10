"""One meter's hours against its days."""

from collections.abc import Iterator, Sequence

from accounts.models import User
from dashboards.charts import HeatCells, Payload, heat_csv_rows, heat_payload
from dashboards.selectors.slots import measured_slots
from dashboards.selectors.spans import Span
from meters.models import Meter


def cells_of(*, user: User, meter: Meter, span: Span) -> HeatCells:
    """The measured hours of a span; an hour that misses an interval is doubtful."""
    slots = measured_slots(user=user, meter=meter, start=span.start, end=span.end)
    return HeatCells.of_slots(slots.start_ms, slots.energy_wh, slots.interval_ms)


def payload_of(*, user: User, meter: Meter, span: Span, version: str = "") -> Payload:
    """What the heat map draws."""
    return heat_payload(cells_of(user=user, meter=meter, span=span), meter.zone, version)


def csv_rows(*, user: User, meter: Meter, span: Span) -> Iterator[Sequence[str]]:
    """The same for a file."""
    return iter(heat_csv_rows(cells_of(user=user, meter=meter, span=span), meter.zone))
