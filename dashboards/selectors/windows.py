"""For whom an answer is made: what every kept answer and every tag depends on besides the data."""

from accounts.models import User
from organizations.access import holder_id_of, role_of


def window_of(user: User) -> str:
    """The reader's window of access: members of one organization see alike, so do a distributor's own people."""
    role = role_of(user)
    if role.is_staff:
        return f"staff {user.tenant_id}"
    return f"{role.value} {holder_id_of(user)}"
