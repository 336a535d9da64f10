"""Messages and failed jobs in the admin."""

from delivery import attention  # noqa: F401  # says what needs somebody
from delivery.admin.jobs import FailedJobAdmin
from delivery.admin.messages import MessageAdmin

__all__ = ["FailedJobAdmin", "MessageAdmin"]
