"""Residents claim their meter with its number and the code on the bill."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from accounts.audit import deed
from accounts.models import Kind, User
from common.intervals import day_bounds, local_day
from common.retry import retried
from meters.errors import ClaimRefused, HoldsAnother, MapRefused, TooManyClaims
from meters.models import ClaimCode, Meter, MeterMap
from meters.notices import tell_claimed, tell_ended
from meters.services.codes import fits, read_code
from meters.services.maps import end_map, map_meter, writing
from organizations.access import Role, role_of

MINUTES = 60
# The meter's own limit is for many people at once, and short: a stranger, who runs out of tries of their own
# first, keeps no family from its meter for long.
_LIMITS = {"user": (10, 60 * MINUTES), "address": (30, 60 * MINUTES), "meter": (20, 10 * MINUTES)}


def claim_meter(*, user: User, number: str, code: str, address: str = "", end_old: bool = False) -> MeterMap:
    """The resident's row, from the code's moving-in day on; who lived there before is out from that moment.

    A meter with this number and one without take the same time to refuse a code, and get the same sentence.

    Args:
        address: where the request comes from, which is limited too.
        end_old: the resident's other meter ends on the day on which this one begins.

    Raises:
        TooManyClaims: Somebody tried too often.
        HoldsAnother: The code is right, but the resident has another meter and did not say that it ends.
        ClaimRefused: Number and code do not fit, or the code has expired or was used.
    """
    if role_of(user) is not Role.RESIDENT:
        raise ClaimRefused(_("Only residents have a meter of their own. Members see their organization’s meters."))
    number = number.strip()[:40]
    _count(user, number, address)
    found = _code_of(user, number, read_code(code))
    if found is None:
        raise ClaimRefused(refusal())
    return _use(code=found, user=user, end_old=end_old)


def refusal() -> str:
    """The one sentence for whatever is wrong."""
    return _(
        "We cannot link a meter with this number and code. Check both on your newest bill; "
        "a code works once, and only until the day printed beside it."
    )


def _count(user: User, number: str, address: str) -> None:
    # The person first: whoever has no tries left uses up none of the meter's.
    tried = {"user": str(user.pk), "address": address, "meter": f"{user.tenant_id}:{number.casefold()}"}
    for what, key in tried.items():
        amount, seconds = _LIMITS[what]
        if key and not limits.allow(f"claim-{what}", key, amount=amount, seconds=seconds):
            raise TooManyClaims(_("Too many tries. Wait an hour, then try again."))


def _code_of(user: User, number: str, code: str) -> ClaimCode | None:
    """The open code of the meter if it is the one typed. One query and the same hashes whatever was typed."""
    in_service = ClaimCode.objects.open().filter(meter__retired_at=None)
    rows = in_service.filter(meter__number=number, meter__distributor_id=user.tenant_id or 0)
    found = rows.select_related("meter__distributor").first()
    digest = found.digest if found is not None else "0" * 64
    is_right = fits(found.meter_id if found is not None else 0, code, digest)
    return found if is_right and found is not None and found.is_good(timezone.now()) else None


@dataclass(frozen=True)
class _Move:
    """What a claim changes: the new row's start, and the rows of others and of one's own that end there."""

    start: datetime
    others: Sequence[MeterMap]
    own: MeterMap | None


@retried
def _use(*, code: ClaimCode, user: User, end_old: bool) -> MeterMap:
    try:
        with writing(code.meter), deed("meter.claimed", by=user):
            locked = ClaimCode.objects.select_for_update().select_related("meter__distributor").get(pk=code.pk)
            # Another tab, or another person with the same bill, may have been quicker.
            if not locked.is_good(timezone.now()):
                raise ClaimRefused(refusal())
            move = _plan(locked, user)
            if move.own is not None and not end_old:
                raise _holds_another(move, locked.meter)
            locked.used_at, locked.used_by = timezone.now(), user
            locked.save(update_fields=["used_at", "used_by"])
            return _carry_out(move, locked.meter, user)
    except MapRefused as refused:
        raise ClaimRefused(str(refused)) from refused


def _plan(code: ClaimCode, user: User) -> _Move:
    """When the new row begins: never before the code's day, and after all that has ended.

    Raises:
        ClaimRefused: The resident has the meter already, or somebody has moved in since the code was issued.
    """
    now, start = timezone.now(), code.valid_from
    residents = MeterMap.objects.filter(holder_kind=Kind.USER).ending_after(start).select_related("meter__distributor")
    rows = [*residents.filter(meter=code.meter), *residents.filter(entity_id=user.pk).exclude(meter=code.meter)]
    ended = [row.valid_to for row in rows if row.valid_to is not None and row.valid_to <= now]
    start = max([start, *ended])
    lasting = [row for row in rows if row.valid_to is None or row.valid_to > max(now, start)]
    own = next((row for row in lasting if row.meter_id != code.meter_id), None)
    if own is not None and own.valid_from >= start:
        # Who moved to the other one later than that has lived here only from today on.
        start = max(start, day_bounds(local_day(now, code.meter.zone), code.meter.zone)[0])
    others = [row for row in lasting if row.meter_id == code.meter_id]
    _check(others, own, start, user)
    return _Move(start, others, own)


def _check(others: Sequence[MeterMap], own: MeterMap | None, start: datetime, user: User) -> None:
    if any(row.entity_id == user.pk for row in others):
        raise ClaimRefused(_("This meter is yours already."))
    if any(row.valid_from >= start for row in others):
        raise ClaimRefused(refusal())
    if own is not None and own.valid_from >= start:
        raise ClaimRefused(_("Your other meter began on the same day or later. Your distributor can sort this out."))


def _holds_another(move: _Move, meter: Meter) -> HoldsAnother:
    assert move.own is not None
    day = local_day(move.start, meter.zone)
    return HoldsAnother(_("You still have the meter %(meter)s.") % {"meter": move.own.meter.label}, move.own.meter, day)


def _carry_out(move: _Move, meter: Meter, user: User) -> MeterMap:
    for row in move.others:
        end_map(meter_map=row, at=move.start, by=user)
        tell_ended(row, at=move.start, why="newcomer")
    if move.own is not None:
        end_map(meter_map=move.own, at=move.start, by=user)
        tell_ended(move.own, at=move.start, why="moved")
    row = map_meter(meter=meter, holder=user, valid_from=move.start, by=user)
    tell_claimed(row, user)
    return row
