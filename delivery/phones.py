"""Phone numbers: asked for, confirmed by a code, forgotten."""

import re
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.limits import allow, forgive
from accounts.models import User
from common.errors import PortalError
from delivery.models import Phone

CODE_HOLDS = timedelta(minutes=10)
CHUNK = 500
E164 = re.compile(r"\+[1-9][0-9]{7,14}")
DAY = 86_400


class PhoneRefused(PortalError):
    """A number or code that is not taken."""


def normalized(text: str) -> str:
    """The number in E.164, as in "+15555550123".

    >>> normalized("00 1 (555) 555-0123")
    '+15555550123'

    Raises:
        PhoneRefused: It is none, or of a country to which this installation sends nothing.
    """
    number = re.sub(r"[\s().\-/\u00a0\u2011]", "", text)
    number = f"+{number[2:]}" if number.startswith("00") else number
    if not (number.isascii() and E164.fullmatch(number)):
        raise PhoneRefused(_("Write the number with + and the country’s code, such as +1 555 555 0123."))
    if settings.SMS_COUNTRIES and not number.startswith(tuple(settings.SMS_COUNTRIES)):
        codes = ", ".join(settings.SMS_COUNTRIES)
        raise PhoneRefused(_("Text messages go only to numbers that begin with %(codes)s.") % {"codes": codes})
    return number


def number_of(user: User) -> str:
    """The person's confirmed number; empty without one."""
    return Phone.objects.filter(user=user).values_list("number", flat=True).first() or ""


def numbers_of(user_ids: Collection[int]) -> dict[int, str]:
    """User id -> confirmed number, of those who have one."""
    found: dict[int, str] = {}
    ids = sorted(user_ids)
    for first in range(0, len(ids), CHUNK):
        rows = Phone.objects.filter(user__in=ids[first : first + CHUNK]).exclude(number="")
        found |= dict(rows.values_list("user_id", "number"))
    return found


def ask_code(*, user: User, number: str) -> tuple[str, str]:
    """(number in E.164, the code to send to it); an earlier code holds no more. A confirmed number stays until then.

    Raises:
        PhoneRefused: The number cannot be meant, or too many codes were asked for.
    """
    wanted = normalized(number)
    within = allow("phone-ask", str(user.pk), amount=5, seconds=DAY) and allow(
        "phone-number", wanted, amount=5, seconds=DAY
    )
    if not within:
        raise PhoneRefused(_("Too many codes were asked for. Please try again tomorrow."))
    code = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        phone = _locked(user)
        phone.asked_number, phone.code_until = wanted, timezone.now() + CODE_HOLDS
        phone.code_digest = _digest(user, wanted, code)
        phone.save(update_fields=["asked_number", "code_until", "code_digest"])
    return wanted, code


def confirm(*, user: User, code: str) -> str:
    """The number that is the person's from now on.

    Raises:
        PhoneRefused: The code is wrong or too old, or too many were tried.
    """
    if not allow("phone-code", str(user.pk), amount=5, seconds=900):
        raise PhoneRefused(_("Too many wrong codes. Please wait a quarter of an hour."))
    with transaction.atomic():
        phone = _locked(user)
        given = _digest(user, phone.asked_number, re.sub(r"\s", "", code))
        is_right = bool(phone.asked_number) and constant_time_compare(phone.code_digest, given)
        if not is_right or phone.code_until is None or phone.code_until <= timezone.now():
            raise PhoneRefused(_("This code is wrong or too old. Look again, or ask for a new one."))
        phone.number, phone.confirmed_at = phone.asked_number, timezone.now()
        _drop_code(phone)
        phone.save()
        record("account.changed", target=user, by=user)
    forgive("phone-code", str(user.pk))
    return phone.number


@transaction.atomic
def forget(*, user: User) -> None:
    """No text messages any more; the number is not kept."""
    if Phone.objects.filter(user=user).delete()[0]:
        record("account.changed", target=user, by=user)


def asked_number_of(user: User) -> str:
    """The number whose code is waited for; empty if none is, or its code is too old."""
    rows = Phone.objects.filter(user=user, code_until__gt=timezone.now())
    return rows.values_list("asked_number", flat=True).first() or ""


def _locked(user: User) -> Phone:
    # The person's row first: it exists, so two who write the first number wait for each other.
    User.objects.select_for_update().get(pk=user.pk)
    return Phone.objects.filter(user=user).first() or Phone.objects.create(user=user)


def _drop_code(phone: Phone) -> None:
    phone.asked_number, phone.code_digest, phone.code_until = "", "", None


def _digest(user: User, number: str, code: str) -> str:
    return salted_hmac("delivery.phone", f"{user.pk}:{number}:{code}", algorithm="sha256").hexdigest()
