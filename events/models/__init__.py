"""Programs and their frozen versions, enrollment, nominations, events, their targets, participation."""

from events.models.enrollment import Enrollment, Nomination
from events.models.event import Event, EventState
from events.models.participation import Participation, ParticipationState
from events.models.program import Program, ProgramVersion
from events.models.target import EventTarget

__all__ = [
    "Enrollment",
    "Event",
    "EventState",
    "EventTarget",
    "Nomination",
    "Participation",
    "ParticipationState",
    "Program",
    "ProgramVersion",
]
