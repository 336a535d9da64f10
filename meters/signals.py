"""What meters tells the rooms above."""

from django.dispatch import Signal

# sender IntervalReading; distributor, meter_ids: list[int], start and end of the span: aware UTC.
# Sent inside the transaction, only where something is new or corrected.
readings_ingested = Signal()
