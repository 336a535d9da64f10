"""What higher rooms may listen to."""

from django.dispatch import Signal

# Sent after the change, inside its transaction: user, status (the new one), by (the user who decided, or None).
approval_changed = Signal()
