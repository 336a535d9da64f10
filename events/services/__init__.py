"""What happens to programs, enrollments and events."""

from events.services.calling_off import (
    agree_to_cancel,
    ask_to_cancel,
    cancel_event,
    cancel_in_emergency,
    keep_running,
)
from events.services.closing import close_event
from events.services.deciding import (
    approve_enrollment,
    pause_enrollment,
    refuse_enrollment,
    resume_enrollment,
)
from events.services.enrollments import (
    BY_PARTICIPANT,
    PORTAL,
    EnrolledAll,
    ListedFigure,
    end_enrollment,
    enroll,
    enroll_all,
    needs_nomination,
    nominate,
    nominate_anew,
    said_by,
)
from events.services.gate import Gate, check_gates
from events.services.joining import Agreement, agree, apply, needs_decision, put_forward, recheck_waiting
from events.services.leaving_out import leave_out, take_back
from events.services.life import (
    Words,
    approve_event,
    change_event,
    create_event,
    delete_event,
    edit_draft,
    notify_event,
    schedule_event,
)
from events.services.moving import follow_end, follow_newcomer, follow_return
from events.services.notes import write_note
from events.services.opts import opt_in, opt_out, record_opt, record_opts
from events.services.past import (
    advance_events,
    find_or_record_event,
    lock_for_settlement,
    mark_disputed,
    mark_measured,
    mark_resolved,
    mark_settled,
    record_completed_event,
)
from events.services.programs import (
    create_program,
    discard_draft,
    open_program,
    program_named,
    publish_draft,
    publish_version,
    save_draft,
    start_program,
)
from events.services.running import end_now, go_on, stop_as_told
from events.services.sizing import Size, draft_size, size_of
from events.services.starting import start_now
from events.services.targets import meters_numbered, read_targets, set_targets
from events.terms import Terms

__all__ = [
    "BY_PARTICIPANT",
    "PORTAL",
    "Agreement",
    "EnrolledAll",
    "Gate",
    "ListedFigure",
    "Size",
    "Terms",
    "Words",
    "advance_events",
    "agree",
    "agree_to_cancel",
    "apply",
    "approve_enrollment",
    "approve_event",
    "ask_to_cancel",
    "cancel_event",
    "cancel_in_emergency",
    "change_event",
    "check_gates",
    "close_event",
    "create_event",
    "create_program",
    "delete_event",
    "discard_draft",
    "draft_size",
    "edit_draft",
    "end_enrollment",
    "end_now",
    "enroll",
    "enroll_all",
    "find_or_record_event",
    "follow_end",
    "follow_newcomer",
    "follow_return",
    "go_on",
    "keep_running",
    "leave_out",
    "lock_for_settlement",
    "mark_disputed",
    "mark_measured",
    "mark_resolved",
    "mark_settled",
    "meters_numbered",
    "needs_decision",
    "needs_nomination",
    "nominate",
    "nominate_anew",
    "notify_event",
    "open_program",
    "opt_in",
    "opt_out",
    "pause_enrollment",
    "program_named",
    "publish_draft",
    "publish_version",
    "put_forward",
    "read_targets",
    "recheck_waiting",
    "record_completed_event",
    "record_opt",
    "record_opts",
    "refuse_enrollment",
    "resume_enrollment",
    "said_by",
    "save_draft",
    "schedule_event",
    "set_targets",
    "size_of",
    "start_now",
    "start_program",
    "stop_as_told",
    "take_back",
    "write_note",
]
