"""One poll of a VTN, from its lease to the last answer. Safe to run twice, and to be killed anywhere.

What a VTN says is stored before anything follows from it; what follows is decided event by event, each in its own
transaction; what is answered and reported is marked once the VTN has acknowledged it. So a worker that dies leaves
at most something to be said again.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import F, Q
from django.utils import timezone

from openadr.errors import InvalidData
from openadr.models import Upstream, UpstreamEvent
from openadr.upstream import reports
from openadr.upstream.answers import answer
from openadr.upstream.events import absorb, undecided
from openadr.upstream.faults import OF_A_PART, Fault, LeaseLost
from openadr.upstream.lease import Lease
from openadr.upstream.messages import fine
from openadr.upstream.notes import FAILED
from openadr.upstream.policy import decide
from openadr.upstream.reading import called, request_id_of, wanted_reports
from openadr.upstream.registration import SERVICE as REGISTRATION
from openadr.upstream.registration import register
from openadr.upstream.talk import STRANGER, Said, Talk
from openadr.vtn20b.words import text

logger = logging.getLogger(__name__)

# A poll goes on until the VTN has nothing more to say, but not for ever.
MOST_MESSAGES = 10
# All events are asked for now and then as well: nothing that was lost stays lost.
ASKS_EVERY = timedelta(hours=1)


def due() -> list[int]:
    """Keys of the VTNs that are to be polled, the longest waiting first."""
    rows = Upstream.objects.filter(is_active=True, next_poll_at__lte=timezone.now()).order_by("next_poll_at")
    return list(rows.values_list("pk", flat=True))


def poll(pk: int) -> bool:
    """Whether the VTN was polled; not where it is not due, or another worker talks to it.

    What goes wrong between us and it, or here, is kept in its row, with when to try again.
    """
    lease = Lease.take(pk)
    if lease is None:
        return False
    talk: Talk | None = None
    try:
        _decide(lease)
        talk = Talk(lease)
        _converse(talk)
        lease.end_well()
    except LeaseLost:
        logger.info("%s is talked to by somebody else now.", lease.upstream)
    except Exception as problem:  # whatever it is, its page must say so
        _note(lease, _fault_of(problem, lease.upstream), talk)
    return True


def _fault_of(problem: Exception, upstream: Upstream) -> Fault:
    """What went wrong, for the row; what nobody thought of goes to the log in full."""
    if isinstance(problem, Fault):
        return problem
    if isinstance(problem, InvalidData):
        return Fault("not_valid", str(problem))
    if isinstance(problem, SoftTimeLimitExceeded):
        return Fault("timeout")
    logger.error("%s: something failed here.", upstream, exc_info=problem)
    return Fault("internal", type(problem).__name__)


def _note(lease: Lease, fault: Fault, talk: Talk | None) -> None:
    logger.warning("%s: %s", lease.upstream, fault)
    with suppress(LeaseLost):  # whoever has it now will see for themselves
        if fault.code in OF_A_PART:
            lease.end_partly(fault.stored)
        else:
            lease.end_badly(fault.stored, has_spoken=talk is not None and talk.has_spoken)


def _converse(talk: Talk) -> None:
    if not talk.upstream.registration_id:
        register(talk)
    if talk.upstream.reports_registered_at is None:
        reports.offer(talk)
    if talk.lease.was_unsure or _asks_again(talk.upstream):
        _ask_events(talk)
    for _number in range(MOST_MESSAGES):
        if not _heard(talk, _polled(talk)):
            break
    failed = _decide(talk.lease)
    # An answer or a report that is not taken does not hold up the other.
    troubles = [trouble for step in (answer, reports.confirm, reports.send_due) if (trouble := _tried(step, talk))]
    troubles += talk.troubles + failed
    if troubles:
        raise troubles[0]


def _tried(step: Callable[[Talk], object], talk: Talk) -> Fault | None:
    try:
        step(talk)
    except (LeaseLost, SoftTimeLimitExceeded):
        raise
    except Exception as problem:
        return _fault_of(problem, talk.upstream)
    return None


def _asks_again(upstream: Upstream) -> bool:
    return upstream.events_asked_at is None or upstream.events_asked_at < timezone.now() - ASKS_EVERY


def _decide(lease: Lease) -> list[Fault]:
    """Decides event by event; one that fails stops no other, and is decided at the next poll."""
    failed = []
    for pk in undecided(lease.upstream, timezone.now()):
        lease.renew()
        try:
            decide(pk)
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # a mistake of ours, or a service that refuses what nobody thought of
            logger.exception("%s: event %s could not be decided.", lease.upstream, pk)
            failed.append(_failed(pk))
    return failed


def _failed(pk: int) -> Fault:
    rows = UpstreamEvent.objects.filter(pk=pk)
    # What was decided of it before still counts, and says more.
    rows.filter(note="").update(note=FAILED)
    return Fault("event_failed", str(rows.values_list("event_ref", flat=True).first() or ""))


def _ask_events(talk: Talk) -> None:
    """All events that apply to us, whatever the VTN thinks that we have heard."""
    said = talk.ask("EiEvent", "oadrRequestEvent", ven_id=talk.upstream.ven_id)
    _check_known(talk, said)
    if said.kind == "oadrDistributeEvent":
        _take_events(talk, said)
    talk.lease.write(events_asked_at=timezone.now())


def _polled(talk: Talk) -> Said:
    said = talk.say("OadrPoll", "oadrPoll", ven_id=talk.upstream.ven_id)
    _check_known(talk, said)
    return said


def _check_known(talk: Talk, said: Said) -> None:
    """Passes an answer to a VEN that the VTN knows.

    Raises:
        Fault: it has forgotten us, and we register at the next poll, or it says that something is wrong.
    """
    if said.is_fine:
        return
    if said.code in STRANGER:
        talk.lease.write(registration_id="", reports_registered_at=None)
        raise Fault("unregistered", f"{said.code} {said.words}".strip())
    raise said.fault


def _heard(talk: Talk, said: Said) -> bool:
    """Whether the VTN may have more to say, after what it said was followed."""
    request_id = request_id_of(said.element)
    if said.kind == "oadrDistributeEvent":
        # Many say their events until they are answered: to listen further would only hear the same.
        return _take_events(talk, said)
    if said.kind == "oadrRequestReregistration":
        talk.say(REGISTRATION, "oadrResponse", response=fine(request_id), ven_id=talk.upstream.ven_id)
        register(talk, anew=True)
        reports.offer(talk)
        _ask_events(talk)
    elif said.kind == "oadrCreateReport":
        reports.take_requests(talk.upstream, wanted_reports(said.element))
        reports.confirm(talk)
    elif said.kind == "oadrCancelReport":
        reports.cancel(talk, said, request_id)
    elif said.kind == "oadrRegisterReport":
        # It offers reports of its own; we want none of them.
        talk.say(
            reports.SERVICE, "oadrRegisteredReport",
            response=fine(request_id), report_requests=[], ven_id=talk.upstream.ven_id,
        )  # fmt: skip
    elif said.kind == "oadrCancelPartyRegistration":
        _end_registration(talk, said, request_id)
    else:
        return False
    return True


def _take_events(talk: Talk, said: Said) -> bool:
    """Whether it said anything new of its events."""
    told = called(said.element)
    talk.troubles += [Fault("event_unread", f"{ref} {why}".strip()) for ref, why in told.unread.items()]
    absorbed = absorb(talk.upstream, told, request_id=request_id_of(said.element))
    if absorbed.too_many:
        talk.troubles.append(Fault("too_many", str(absorbed.too_many)))
    return absorbed.is_news


def _end_registration(talk: Talk, said: Said, request_id: str) -> None:
    """The VTN does not want us any more: it is left alone until somebody here puts it back into use.

    Raises:
        Fault: always.
    """
    ours = talk.upstream.registration_id
    named = text(said.element, "ei:registrationID")
    is_ours = named in ("", ours)
    talk.say(
        REGISTRATION, "oadrCanceledPartyRegistration", registration_id=named or ours, ven_id=talk.upstream.ven_id,
        response=fine(request_id, *((200, "OK") if is_ours else (452, "This is not our registration."))),
    )  # fmt: skip
    if is_ours:
        fault = Fault("ended")
        talk.lease.write(
            registration_id="", reports_registered_at=None, last_fault=fault.stored, failing_since=timezone.now(),
            is_active=False,
        )  # fmt: skip
        raise fault


def waiting() -> Q:
    """For events from above: those that wait for somebody here."""
    return Q(event__state="draft", event__start__gt=timezone.now()) | (
        Q(note__startswith="stands") & Q(end__gt=timezone.now(), applied_modification=F("modification_number"))
    )
