"""Claim codes: how they are made, written, read and issued."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.audit import deed, record
from accounts.models import User
from common.intervals import day_bounds, local_day
from common.retry import retried
from common.spreadsheet import safe_cell
from meters.models import ClaimCode, Meter

# Crockford's: no I, L, O, U, so that nothing looks like another sign and no code is a word.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
GOOD_FOR = timedelta(days=90)
_SALT = "meters.claim-code"
_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_BATCH = 500


class IssuedCode(NamedTuple):
    """A code on its way to the bill: the only time that it is known."""

    meter: Meter
    code: str
    valid_from: datetime
    expires_at: datetime


class NewCode(NamedTuple):
    """A code to be stored for a meter; without a day it is for who lives there from today on."""

    meter: Meter
    code: str
    moving_in: date | None = None


def new_code() -> str:
    """Twelve signs by chance, which are 60 bits."""
    return "".join(secrets.choice(ALPHABET) for _sign in range(LENGTH))


def written(code: str) -> str:
    """The code in groups of four, as it is printed.

    >>> written("0123456789AB")
    '0123-4567-89AB'
    """
    return "-".join(code[first : first + 4] for first in range(0, len(code), 4))


def read_code(text: str) -> str:
    """The code that somebody typed: without dashes and spaces, in capitals, look-alikes forgiven.

    >>> read_code("olk3 4567-89ab")
    '01K3456789AB'
    """
    return "".join(sign for sign in text.upper() if sign.isalnum()).translate(_FORGIVEN)


def is_code(code: str) -> bool:
    """Whether a text that `read_code` gave can be a code."""
    return len(code) == LENGTH and set(code) <= set(ALPHABET)


def digest_of(meter_id: int, code: str, *, secret: str | None = None) -> str:
    """The keyed hash under which the code of a meter is stored."""
    return salted_hmac(_SALT, f"{meter_id}:{code}", secret=secret, algorithm="sha256").hexdigest()


def fits(meter_id: int, code: str, digest: str) -> bool:
    """Whether a code has this digest under the key of now or an earlier one, in the same time for any digest."""
    keys = [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]
    # All of them, whichever fits.
    tried = [constant_time_compare(digest_of(meter_id, code, secret=key), digest) for key in keys]
    return any(tried)


def issue_claim_codes(
    *, meters: Iterable[Meter], by: User | None = None, moving_in: date | None = None
) -> list[IssuedCode]:
    """A new code for each of the meters, for whoever lives there from that local day (default: today) on.

    Codes that were open are withdrawn. What is returned is all there is: afterwards nobody can read a code.
    """
    return store_claim_codes(codes=[NewCode(meter, new_code(), moving_in) for meter in meters], by=by)


@retried
@transaction.atomic
def store_claim_codes(*, codes: Sequence[NewCode], by: User | None = None) -> list[IssuedCode]:
    """The codes, stored as hashes, at most one per meter; those open before are withdrawn."""
    now = timezone.now()
    issued = [_issued(each, now) for each in codes]
    with deed("claim_code.issued", by=by):
        ordered = sorted(issued, key=lambda each: each.meter.pk)
        for first in range(0, len(ordered), _BATCH):
            _store(ordered[first : first + _BATCH], by, now)
        for mine in _by_distributor(issued).values():
            numbers = [each.meter.number for each in mine]
            details = {"meters": len(numbers), "numbers": numbers[:100]}
            record("claim_code.issued", target=mine[0].meter.distributor, by=by, details=details)
    return issued


def _issued(new: NewCode, now: datetime) -> IssuedCode:
    zone = new.meter.zone
    first, _end = day_bounds(new.moving_in or local_day(now, zone), zone)
    return IssuedCode(new.meter, written(new.code), first, max(now, first) + GOOD_FOR)


def _store(issued: Sequence[IssuedCode], by: User | None, now: datetime) -> None:
    meters = [each.meter.pk for each in issued]
    # Locked in one order, so that two lists at once wait for each other instead of finding two open codes.
    list(Meter.objects.filter(pk__in=meters).order_by("pk").select_for_update().values_list("pk"))
    ClaimCode.objects.open().filter(meter__in=meters).update(withdrawn_at=now)
    rows = [
        ClaimCode(
            meter=each.meter,
            digest=digest_of(each.meter.pk, read_code(each.code)),
            valid_from=each.valid_from,
            issued_at=now,
            issued_by=by,
            expires_at=each.expires_at,
        )
        for each in issued
    ]
    ClaimCode.objects.bulk_create(rows)


def _by_distributor(issued: Iterable[IssuedCode]) -> dict[int, list[IssuedCode]]:
    found: dict[int, list[IssuedCode]] = {}
    for each in issued:
        found.setdefault(each.meter.distributor_id, []).append(each)
    return found


@transaction.atomic
def withdraw_claim_code(*, meter: Meter, by: User | None = None) -> bool:
    """Whether the meter had an open code; it opens nothing any more."""
    with deed("claim_code.withdrawn", by=by):
        code = ClaimCode.objects.select_for_update().open().filter(meter=meter).first()
        if code is None:
            return False
        code.withdrawn_at = timezone.now()
        code.save(update_fields=["withdrawn_at"])
    return True


CODE_COLUMNS = ("meter", "name", "claim_code", "valid_from", "expires")


def code_rows(issued: Iterable[IssuedCode]) -> Iterator[tuple[str, ...]]:
    """The rows of a file to print on bills: number, name, code, moving-in day, last day; local days."""
    for each in issued:
        zone = each.meter.zone
        days = (local_day(moment, zone).isoformat() for moment in (each.valid_from, each.expires_at))
        yield (safe_cell(each.meter.number), safe_cell(each.meter.name), each.code, *days)
