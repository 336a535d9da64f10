"""Programs, enrollments and events in the admin. Every write goes through a service of this room."""

from events import attention  # noqa: F401  # says what needs somebody
from events.admin.enrollments import EnrollmentAdmin
from events.admin.events import EventAdmin, ParticipationAdmin
from events.admin.programs import ProgramAdmin

__all__ = ["EnrollmentAdmin", "EventAdmin", "ParticipationAdmin", "ProgramAdmin"]
