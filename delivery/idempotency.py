"""Requests that may be sent again: the `Idempotency-Key` header of the API.

A client that got no answer cannot know whether its request was carried out, so it sends it again under the same
key. The answer is stored in the transaction of what the request changed: there is one exactly if the other is
there. A view of ordinary size takes `@idempotent`; one that streams its body claims the key by itself:

    claim = claim_key(user=…, key=…, route=…, body_sha256=…)
    if isinstance(claim, Answer): …              # it was carried out before
    with claim.kept():                           # given back where nothing comes of it
        answer = claim.answer(work)              # work() and its answer in one transaction
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from common.retry import retried
from delivery.models import SentRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_KEY = 128
# Whoever works on a request holds its row locked, which ends with the process; the lease only covers the time
# before that, in which the body is read.
LEASE = timedelta(seconds=120)
KEPT = timedelta(days=7)
_SWEPT_AT_ONCE = 1_000

PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="1 to 128 characters of your choice: the same request under the same key is carried out once",
)


class KeyReused(APIException):
    """The key stands for another request."""

    status_code = 422
    default_code = "key_reused"
    default_detail = gettext_lazy("This Idempotency-Key was used for another request; take a new one.")


class InFlight(APIException):
    """The same request is being worked on; `wait` becomes Retry-After."""

    status_code = 409
    default_code = "in_flight"
    default_detail = gettext_lazy("This request is being worked on. Ask again in a moment for its answer.")

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.wait = max(1, int(wait + 0.999))


@dataclass(frozen=True)
class Answer:
    """What the client gets: a status below 400 and JSON."""

    status: int
    data: Any
    replayed: bool = False

    def response(self) -> Response:
        """The answer over HTTP; one that was given before says so."""
        return Response(self.data, status=self.status, headers={REPLAYED: "true"} if self.replayed else None)


@dataclass(frozen=True)
class Claim:
    """The right to carry out one request, until `held_until`; without a row there is no key to remember."""

    row_id: int | None
    held_until: datetime

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Gives the key back where the work inside fails, so that it can be sent again at once."""
        try:
            yield
        except Exception:
            self._give_back()
            raise

    @retried
    def answer(self, work: Callable[[], Answer]) -> Answer:
        """What `work` answers, stored in one transaction with all that it changes.

        Raises:
            InFlight: The lease ran out, and somebody else works on the request.
        """
        with transaction.atomic():
            row = self._lock()
            answer = work()
            if row is not None:
                row.status, row.answer = answer.status, answer.data
                row.save(update_fields=["status", "answer"])
        return answer

    def _lock(self) -> SentRequest | None:
        if self.row_id is None:
            return None
        mine = SentRequest.objects.filter(pk=self.row_id, held_until=self.held_until, status=None)
        row = mine.select_for_update().first()
        if row is None:
            raise InFlight(1)
        return row

    def _give_back(self) -> None:
        if self.row_id is not None:
            SentRequest.objects.filter(pk=self.row_id, held_until=self.held_until, status=None).delete()


def key_of(request: Request) -> str:
    """The key that the client sent; empty without one.

    Raises:
        ValidationError: It is longer than may be, or not printable ASCII.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise ValidationError(gettext("An Idempotency-Key has 1 to 128 printable ASCII characters."))
    return key


def claim_key(*, user: User, key: str, route: str, body_sha256: str) -> Claim | Answer:
    """The right to carry out the request, or the answer that it got before. Not to be called in a transaction.

    Raises:
        KeyReused: The key stands for another body or another route.
        InFlight: Somebody works on it.
    """
    now = timezone.now()
    until = now + LEASE
    if not key:
        return Claim(None, until)
    row = SentRequest(user=user, key=key, route=route[:100], body_sha256=body_sha256, held_until=until)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return _claim_again(row, now)
    return Claim(row.pk, until)


@transaction.atomic
def _claim_again(mine: SentRequest, now: datetime) -> Claim | Answer:
    """As `claim_key`, of a key that is known: its holder may have died."""
    known = SentRequest.objects.filter(user=mine.user, key=mine.key)
    row = known.first()
    if row is None:  # given back a moment ago
        raise InFlight(1)
    if (row.route, row.body_sha256) != (mine.route, mine.body_sha256):
        raise KeyReused
    if row.status is not None:
        return Answer(row.status, row.answer, replayed=True)
    if row.held_until > now:
        raise InFlight((row.held_until - now).total_seconds())
    # Skipped where its holder still works in a transaction: a lease that ran out does not make two of one.
    free = known.filter(status=None, held_until=row.held_until).select_for_update(skip_locked=True).first()
    if free is None:
        raise InFlight(1)
    free.held_until = mine.held_until
    free.save(update_fields=["held_until"])
    return Claim(free.pk, free.held_until)


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """A method of a view whose request may be sent again under a key; the body is read into memory.

    All that the view changes is one transaction with its answer. A refusal (an exception, or a status from 400
    on) changes nothing and is not remembered.
    """

    @wraps(view)
    def method(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = key_of(request)
        if not key:
            return view(self, request, *args, **kwargs)
        body = hashlib.sha256(request._request.body).hexdigest()
        route = f"{request.method} {request.path}"
        claim = claim_key(user=cast(User, request.user), key=key, route=route, body_sha256=body)
        if isinstance(claim, Answer):
            return claim.response()
        try:
            with claim.kept():
                return claim.answer(lambda: _taken(view(self, request, *args, **kwargs))).response()
        except _Refused as refusal:
            return refusal.response

    return method


class _Refused(Exception):
    """Carries a refusal out of the transaction, which is rolled back."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def _taken(response: Response) -> Answer:
    if response.status_code >= 400:
        raise _Refused(response)
    return Answer(response.status_code, response.data)


def sweep_sent_requests() -> int:
    """How many answers were too old to be asked for again; they are gone."""
    old = SentRequest.objects.filter(created_at__lt=timezone.now() - KEPT).order_by("created_at")
    swept = 0
    while ids := list(old.values_list("pk", flat=True)[:_SWEPT_AT_ONCE]):
        swept += SentRequest.objects.filter(pk__in=ids).delete()[0]
    return swept


__all__ = [
    "HEADER",
    "PARAMETER",
    "REPLAYED",
    "Answer",
    "Claim",
    "InFlight",
    "KeyReused",
    "claim_key",
    "idempotent",
    "key_of",
    "sweep_sent_requests",
]
