"""What went wrong in the background, and sending again what did not arrive."""

import logging
from typing import Any

from celery.signals import task_failure
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from common.errors import PortalError
from delivery.letters import rewritten
from delivery.models import DeliveryState, FailedJob, Message
from delivery.services import is_whole

logger = logging.getLogger(__name__)
LONGEST = 2_000


class CannotResend(PortalError):
    """A message cannot be sent again."""


@task_failure.connect(dispatch_uid="delivery.failed-job")
def note_failure(sender: Any = None, exception: Any = None, args: Any = (), kwargs: Any = None, **rest: Any) -> None:
    """Keeps a job that failed for those who run the portal. Jobs take ids only, so nothing of anybody is in it."""
    given = {"args": list(args or ()), "kwargs": dict(kwargs or {})}
    try:
        FailedJob.objects.create(
            task=str(getattr(sender, "name", sender))[:200],
            given=str(given)[:LONGEST],
            error=f"{type(exception).__name__}: {exception}"[:LONGEST],
        )
    except DatabaseError:  # perhaps the very reason for which the job failed
        logger.exception("a failed job could not be kept")


def mark_seen(*, job: FailedJob) -> None:
    """Nobody needs to look at it any more."""
    FailedJob.objects.filter(pk=job.pk, seen_at=None).update(seen_at=timezone.now())


@transaction.atomic
def resend_message(*, message: Message, by: User) -> Message:
    """The message, due now, whether it was given up or waits for its next attempt.

    What a letter said is written once more, where the letter is kept; what may hold a secret is not kept.

    Raises:
        CannotResend: It has arrived, or what it said was taken out of it when it was given up.
    """
    locked = Message.objects.select_for_update().get(pk=message.pk)
    if locked.state == DeliveryState.DELIVERED:
        raise CannotResend(_("This message has arrived."))
    if locked.state == DeliveryState.SENT:
        raise CannotResend(_("The provider has it; its receipt is awaited."))
    if locked.state == DeliveryState.UNREACHABLE and not is_whole(locked):
        payload = rewritten(locked)
        if payload is None:
            raise CannotResend(_("What it said was erased when it was given up. The person must ask for it again."))
        locked.payload = payload
    locked.state, locked.finished_at, locked.next_attempt_at = DeliveryState.PENDING, None, timezone.now()
    locked.save(update_fields=["state", "finished_at", "next_attempt_at", "payload"])
    record("message.resend", target=locked, by=by)
    return locked
