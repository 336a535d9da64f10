"""What becomes of an enrollment that was asked for: let in, refused, paused, resumed."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.retry import retried
from events.errors import WrongEnrollment
from events.models import AnswerSource, Enrollment, EnrollmentState
from events.services.enrollments import refuse_exclusive
from events.services.joining import is_over
from events.services.moving import come_back, leave_coming
from events.term_notices import News, tell_of_enrollment

WAITING = (EnrollmentState.APPLIED, EnrollmentState.ELIGIBLE)


@transaction.atomic
def approve_enrollment(*, enrollment: Enrollment, by: User, reason: str = "") -> Enrollment:
    """The enrollment, active by an operator's word, also where the data do not suffice yet.

    Raises:
        WrongEnrollment: Nobody waits for this.
        AlreadyIn: The meter went into another exclusive program meanwhile.
    """
    locked = _waiting(enrollment)
    refuse_exclusive(program=locked.program, meter=locked.meter)
    now = timezone.now()
    locked.state, locked.enrolled_at, locked.decided_at, locked.decided_by = EnrollmentState.ACTIVE, now, now, by
    locked.reason = reason[:200]
    with deed("enrollment.approve", by=by, reason=reason):
        locked.save(update_fields=["state", "enrolled_at", "decided_at", "decided_by", "reason"])
    tell_of_enrollment(enrollments=[locked], news=News.ACTIVE)
    return locked


@transaction.atomic
def refuse_enrollment(*, enrollment: Enrollment, by: User, reason: str) -> Enrollment:
    """The enrollment, refused; whoever asked is told why, and may ask again.

    Raises:
        WrongEnrollment: Nobody waits for this, or no reason is given.
    """
    locked = _waiting(enrollment)
    if not reason.strip():
        raise WrongEnrollment(_("Say why: whoever asked reads it."))
    locked.state, locked.decided_at, locked.decided_by = EnrollmentState.REFUSED, timezone.now(), by
    locked.reason = reason.strip()[:200]
    with deed("enrollment.refuse", by=by, reason=locked.reason):
        locked.save(update_fields=["state", "decided_at", "decided_by", "reason"])
    tell_of_enrollment(enrollments=[locked], news=News.REFUSED, reason=locked.reason)
    return locked


@retried
@transaction.atomic
def pause_enrollment(*, enrollment: Enrollment, by: User | None = None) -> Enrollment:
    """The enrollment, asked for no events until it is resumed; out of those that can still be skipped.

    Raises:
        WrongEnrollment: It does not take part.
    """
    locked = _in_state(enrollment, EnrollmentState.ACTIVE, _("Only who takes part can pause."))
    locked.state = EnrollmentState.PAUSED
    with deed("enrollment.paused", by=by):
        locked.save(update_fields=["state"])
        leave_coming(enrollment=locked, by=by, source=AnswerSource.PAUSE)
    return locked


@retried
@transaction.atomic
def resume_enrollment(*, enrollment: Enrollment, by: User | None = None) -> Enrollment:
    """The enrollment, asked again; back in those events that the pause skipped and that have not begun.

    Raises:
        WrongEnrollment: It is not paused.
    """
    locked = _in_state(enrollment, EnrollmentState.PAUSED, _("Only who paused can go on."))
    locked.state = EnrollmentState.ACTIVE
    with deed("enrollment.resumed", by=by):
        locked.save(update_fields=["state"])
        come_back(enrollment=locked)
    return locked


def _waiting(enrollment: Enrollment) -> Enrollment:
    locked = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if locked.state not in WAITING or locked.ended_at is not None:
        raise WrongEnrollment(_("This was decided meanwhile: look at it again."))
    return locked


def _in_state(enrollment: Enrollment, state: EnrollmentState, sentence: str) -> Enrollment:
    locked = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if locked.state != state or is_over(locked, timezone.now()):
        raise WrongEnrollment(sentence)
    return locked
