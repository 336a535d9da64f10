"""What higher rooms may listen to."""

from django.dispatch import Signal

# Sent last, inside the transaction of the change: event (as it is now), by (the user, or None for the clock).
# The state says what happened; a change of time keeps the state and raises the modification number.
event_changed = Signal()

# Sent before people are told of an event or of its new time, inside the transaction: event, announced and locked. Who
# is INVITED then has not been told of it yet. Receivers answer by `record_opts` for whoever said beforehand that they
# skip it, and return how many changed: of what somebody skips from the first they are not told, and it counts for less.
wishes_asked = Signal()

# Sent last, inside the transaction: participation (as it is now), at (when the answer was given). Also where the
# answer is to a running event's later end.
opt_recorded = Signal()
