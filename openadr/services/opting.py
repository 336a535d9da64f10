"""What VENs say beforehand of their availability, and of single events outside an acknowledgement (EiOpt)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.retry import retried
from events.models import Event
from openadr.errors import InvalidData, TooLateToAnswer, UnknownOpt
from openadr.models import EventDelivery, Opt, Resource, Ven, VenOpt
from openadr.services.acknowledging import AckResult, opt_for_event

__all__ = ["WantedOpt", "cancel_opt", "create_opt"]

LONGEST_ID = 128
MOST_SPANS = 500
MOST_OPEN = 200
# Those that are taken back again among them, and those for events.
MOST_A_DAY = 1_000
# Nobody plans further ahead, and the start of a span plus its length must be a time.
FARTHEST = timedelta(days=3 * 366)


@dataclass(frozen=True)
class WantedOpt:
    """One oadrCreateOpt: for an event, or for the spans [start, end) of a schedule.

    Attributes:
        opt: "optIn" or "optOut".
        event_pk: the event; None for a schedule.
        resources: names; empty for the whole VEN.
    """

    opt_id: str
    opt: str
    reason: str = ""
    event_pk: int | None = None
    spans: tuple[tuple[datetime, datetime], ...] = ()
    resources: tuple[str, ...] = ()


@retried
def create_opt(*, ven_pk: int, wanted: WantedOpt) -> VenOpt:
    """The opt, in force now; the same one again changes nothing.

    One for an event is at once the VEN's answer to it. A schedule counts for events that are announced from now on;
    to those that it was told of already a VEN answers one by one.

    Raises:
        UnknownOpt: The optID says something else already, or it is taken back, or the VEN was not told of the event.
        TooLateToAnswer: The time to answer the event is over; it is kept as what the device will do.
        InvalidData: It has no time, too many, or resources that the VEN does not have.
    """
    _check(wanted)
    with transaction.atomic():
        delivery = _delivery(ven_pk, wanted)
        if delivery is not None:
            # The event first, as who changes it does, who then writes what its VENs are told.
            Event.objects.select_for_update().get(pk=delivery.event_id)
        Ven.objects.select_for_update().get(pk=ven_pk)
        known = VenOpt.objects.filter(ven_id=ven_pk, opt_id=wanted.opt_id).first()
        row = _row(ven_pk, wanted, delivery)
        if known is not None:
            return _same(known, row)
        _check_names(ven_pk, wanted)
        row.save()
        result = AckResult.TAKEN if wanted.event_pk is None else _answer(ven_pk, wanted.event_pk, wanted)
    if result is AckResult.TOO_LATE:
        raise TooLateToAnswer(_("The time to answer this event is over."))
    return row


@retried
def cancel_opt(*, ven_pk: int, opt_id: str) -> None:
    """Takes an opt back; again changes nothing. The answer that it gave to an event stays, until the VEN gives another.

    Raises:
        UnknownOpt: The VEN has none of this name.
    """
    with transaction.atomic():
        row = VenOpt.objects.select_for_update().filter(ven_id=ven_pk, opt_id=opt_id[: LONGEST_ID + 1]).first()
        if row is None:
            raise UnknownOpt(_("There is no such opt."))
        if row.ended_at is None:
            row.ended_at = timezone.now()
            row.save(update_fields=["ended_at"])


def _check(wanted: WantedOpt) -> None:
    if not 0 < len(wanted.opt_id) <= LONGEST_ID:
        raise InvalidData(_("IDs have 1 to %(most)s characters.") % {"most": LONGEST_ID})
    if wanted.opt not in (Opt.IN, Opt.OUT):
        raise InvalidData(_("The answer is optIn or optOut."))
    if (wanted.event_pk is None) == (not wanted.spans):
        raise InvalidData(_("An opt is for one event, or has a schedule."))
    if len(wanted.spans) > MOST_SPANS:
        raise InvalidData(_("A schedule has at most %(most)s spans.") % {"most": MOST_SPANS})
    latest = timezone.now() + FARTHEST
    if any(end <= start or end > latest for start, end in wanted.spans):
        raise InvalidData(_("Each span ends after its start, and within three years."))


def _check_names(ven_pk: int, wanted: WantedOpt) -> None:
    own = VenOpt.objects.filter(ven_id=ven_pk)
    is_busy = own.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= MOST_A_DAY
    if is_busy or own.filter(delivery=None, ended_at=None).count() >= MOST_OPEN:
        raise InvalidData(_("There are too many opts; take some back."))
    known = Resource.objects.filter(ven_id=ven_pk, ended_at=None).values_list("name", flat=True)
    if set(wanted.resources) - set(known):
        raise InvalidData(_("The VEN has no resource of this name."))


def _delivery(ven_pk: int, wanted: WantedOpt) -> EventDelivery | None:
    if wanted.event_pk is None:
        return None
    found: EventDelivery | None = EventDelivery.objects.filter(ven_id=ven_pk, event_id=wanted.event_pk).first()
    if found is None:
        raise UnknownOpt(_("There is no such event."))
    return found


def _row(ven_pk: int, wanted: WantedOpt, delivery: EventDelivery | None) -> VenOpt:
    return VenOpt(
        ven_id=ven_pk,
        opt_id=wanted.opt_id,
        opt_type=wanted.opt,
        reason=wanted.reason[:60],
        delivery=delivery,
        spans=_stored(wanted.spans),
        resources=list(wanted.resources),
    )


def _stored(spans: Sequence[tuple[datetime, datetime]]) -> list[list[str]]:
    return [[moment.astimezone(UTC).isoformat() for moment in span] for span in spans]


def _same(known: VenOpt, row: VenOpt) -> VenOpt:
    said = ("opt_type", "delivery_id", "spans", "resources")
    if known.ended_at is not None or any(getattr(known, name) != getattr(row, name) for name in said):
        raise UnknownOpt(_("This optID is in use already."))
    return known


def _answer(ven_pk: int, event_pk: int, wanted: WantedOpt) -> AckResult:
    outcome = opt_for_event(ven_pk=ven_pk, event_pk=event_pk, opt=wanted.opt, resources=wanted.resources)
    if outcome.result not in (AckResult.TAKEN, AckResult.TOO_LATE):
        raise UnknownOpt(_("There is no such event."))
    return outcome.result
