"""What meters tells the rooms above."""

from django.dispatch import Signal

# sender IntervalReading; distributor, meter_ids: list[int], start and end of the span: aware UTC.
# Sent inside the transaction, only where something is new or corrected.
readings_ingested = Signal()
# The same arguments; sent where readings were taken away.
readings_removed = Signal()
# An import refused rows that say something about a meter; distributor, batch, doubts: list[Doubt].
readings_refused = Signal()

# Inside the transaction, sender Exclusion; rows: list[Exclusion] that came, changed or go, meter_ids: whose they are.
exclusions_changed = Signal()

# Sent inside the transaction, sender MeterMap: meter_map (a resident's row as it is now), by (the user, or None).
moved_in = Signal()
# Its end is set: to a moment past, or to a day to come.
moved_out = Signal()
# Also `was`: the end that the row had, and has no more.
moving_out_undone = Signal()

# Sent inside the transaction, sender MeterMap: meter_map (an organization's row that is new or ends).
organization_map_changed = Signal()

# All with sender ImportBatch, and batch. Answers: a list of {"event": id, "name": text, "run": number}, the
# settled events that rest on readings of the batch, which are stored or about to be, or to be taken back.
settled_asked = Signal()
# A second person has to confirm its undo; by: who asked. Sent inside the transaction.
undo_waits = Signal()
# Its readings are taken back; events: ids of those that rested on them. Answers: a list of
# {"event": id, "run": number or None, "problem": text}. Sent outside of a transaction, perhaps twice.
batch_undone = Signal()
# A worker has come to the end of a step, good or bad, after `took`; perhaps twice.
batch_ended = Signal()
