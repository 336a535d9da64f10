"""What higher rooms may listen to."""

from django.dispatch import Signal

# Sent before the person's row is locked, where the answer changes: user, status. Higher rooms lock what comes before
# the person in the order of all rooms (distributor, organization, person), and refuse by raising.
approval_asked = Signal()

# Sent after the change, inside its transaction: user, status (the new one), by (the user who decided, or None).
approval_changed = Signal()

# Sent once the file is written: export, token (of the link; it is kept nowhere).
export_ready = Signal()

# Encrypts what a room keeps sealed (`accounts.sealing.reseal`) with the first key; inside the transaction in which the
# second factors are. A receiver returns how many secrets it has.
resealing = Signal()

# Closing an account, all three inside its transaction. First: user. A receiver raises its room's PortalError to
# refuse; nothing has changed yet.
closing_asked = Signal()
# Then: user, by, at. Each room ends what it keeps of the person and may not be kept.
account_closing = Signal()
# Last: user (without name and address by now), email (the address that was), language.
account_closed = Signal()
