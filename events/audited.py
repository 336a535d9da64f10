"""Which rows of this room have a change history.

Participations are many and made at once; whoever answered is in the history by the change of state.
"""

from auditlog.registry import auditlog

from events.models import Enrollment, Event, EventTarget, Nomination, Participation, Program, ProgramVersion

for model in (Program, ProgramVersion, Enrollment, Nomination, Event, EventTarget, Participation):
    auditlog.register(model)
