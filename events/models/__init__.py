"""Programs and their frozen versions, enrollment, nominations, events, their targets, participation."""

from events.models.calendar_feed import CalendarFeed
from events.models.cancel_request import CancelAnswer, CancelRequest
from events.models.enrollment import Consent, Enrollment, EnrollmentState, Nomination
from events.models.event import Event, EventState
from events.models.left_out import EventLeftOut, LeftOutReason
from events.models.note import EventNote
from events.models.opt_schedule import OptSchedule
from events.models.participation import AnswerSource, Participation
from events.models.participation_state import ParticipationState
from events.models.program import Program
from events.models.target import EventTarget
from events.models.version import OptPolicy, PayCap, PayFloor, ProgramVersion

__all__ = [
    "AnswerSource",
    "CalendarFeed",
    "CancelAnswer",
    "CancelRequest",
    "Consent",
    "Enrollment",
    "EnrollmentState",
    "Event",
    "EventLeftOut",
    "EventNote",
    "EventState",
    "EventTarget",
    "LeftOutReason",
    "Nomination",
    "OptPolicy",
    "OptSchedule",
    "Participation",
    "ParticipationState",
    "PayCap",
    "PayFloor",
    "Program",
    "ProgramVersion",
]
