"""Programs and their frozen versions, enrollment, nominations, events, participation."""

from events.models.enrollment import Enrollment, Nomination
from events.models.event import Event, EventState
from events.models.participation import Participation, ParticipationState
from events.models.program import Program, ProgramVersion

__all__ = [
    "Enrollment",
    "Event",
    "EventState",
    "Nomination",
    "Participation",
    "ParticipationState",
    "Program",
    "ProgramVersion",
]
