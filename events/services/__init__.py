"""What happens to programs, enrollments and events."""

from events.services.enrollments import EnrolledAll, end_enrollment, enroll, enroll_all, nominate
from events.services.life import (
    cancel_event,
    change_event,
    create_event,
    delete_event,
    notify_event,
    schedule_event,
)
from events.services.moving import follow_end, follow_newcomer, follow_return
from events.services.opts import opt_in, opt_out, record_opt
from events.services.past import (
    advance_events,
    find_or_record_event,
    lock_for_settlement,
    mark_measured,
    mark_settled,
    record_completed_event,
)
from events.services.programs import Terms, create_program, program_named, publish_version
from events.services.targets import read_targets, set_targets

__all__ = [
    "EnrolledAll",
    "Terms",
    "advance_events",
    "cancel_event",
    "change_event",
    "create_event",
    "create_program",
    "delete_event",
    "end_enrollment",
    "enroll",
    "enroll_all",
    "find_or_record_event",
    "follow_end",
    "follow_newcomer",
    "follow_return",
    "lock_for_settlement",
    "mark_measured",
    "mark_settled",
    "nominate",
    "notify_event",
    "opt_in",
    "opt_out",
    "program_named",
    "publish_version",
    "read_targets",
    "record_completed_event",
    "record_opt",
    "schedule_event",
    "set_targets",
]
