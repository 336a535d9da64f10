"""What higher rooms may listen to."""

from django.dispatch import Signal

# Sent last, inside the transaction of the change: event (as it is now), by (the user, or None for the clock).
# The state says what happened; a change of time keeps the state and raises the modification number.
event_changed = Signal()

# Sent last, inside the transaction: participation (as it is now), at (when the answer was given).
opt_recorded = Signal()
