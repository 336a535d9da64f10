"""What meters tells the rooms above."""

from django.dispatch import Signal

# sender IntervalReading; distributor, meter_ids: list[int], start and end of the span: aware UTC.
# Sent inside the transaction, only where something is new or corrected.
readings_ingested = Signal()

# Sent inside the transaction, sender MeterMap: meter_map (a resident's row as it is now), by (the user, or None).
moved_in = Signal()
# Its end is set: to a moment past, or to a day to come.
moved_out = Signal()
# Also `was`: the end that the row had, and has no more.
moving_out_undone = Signal()
