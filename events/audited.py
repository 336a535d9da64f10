"""Which rows of this room have a change history.

Participations are many and made at once; whoever answered is in the history by the change of state.
"""

from auditlog.registry import auditlog

from events.models import (
    CancelRequest,
    Consent,
    Enrollment,
    Event,
    EventLeftOut,
    EventNote,
    EventTarget,
    Nomination,
    OptSchedule,
    Participation,
    Program,
    ProgramVersion,
)

for model in (
    Program,
    ProgramVersion,
    Enrollment,
    Consent,
    Nomination,
    OptSchedule,
    Event,
    EventTarget,
    EventLeftOut,
    CancelRequest,
    EventNote,
    Participation,
):
    auditlog.register(model)
