"""What higher rooms may listen to."""

from django.dispatch import Signal

# Sent last, inside the transaction of the change: event (as it is now), by (the user, or None for the clock).
# The state says what happened; a change of time keeps the state and raises the modification number.
event_changed = Signal()

# Sent last, inside the transaction: participation (as it is now), at (when the answer was given). Also where the
# answer is to a running event's later end.
opt_recorded = Signal()
