"""What is noted about messages: kept in memory for a few seconds and written in bulk, so that a poll writes nothing."""

import logging
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Lock

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from openadr.errors import TooOften
from openadr.models import Ven, VenMessage
from openadr.services.deliveries import note_delivered
from openadr.vtn20b.exchange import OK
from openadr.vtn20b.limits import Buckets

logger = logging.getLogger(__name__)
# Of each message so much is kept; and so many messages while the database is away.
BODY_CHARACTERS = 8_000
MOST_ROWS = 5_000
BATCH = 500
# When so many VENs were heard since, that is written only once in so many seconds: each is a row.
MANY, MANY_SECONDS = 5_000, 15.0
# Of messages that nobody is proven to have sent, so many are kept between two writings.
MOST_STRANGERS = 50
# Messages that go to and fro all day: one of a VEN's is kept in so many seconds, and each that went wrong.
ROUTINE = frozenset({"oadrPoll", "oadrUpdateReport", "oadrRequestEvent"})
ROUTINE_SECONDS = 600
# All else of a VEN: so many at once, and so many a minute after that.
KEPT_AT_ONCE, KEPT_A_MINUTE = 40, 2


@dataclass(slots=True)
class Seen:
    """When, in seconds since 1970, and from where a VEN was heard; how many messages it sent since the last writing."""

    at: float
    address: str
    messages: int


class Notes:
    """What one process has yet to write down. Filled by the event loop, emptied by a thread.

    All of it may be lost with the process: a VEN is heard again, and an event that is not noted as delivered is
    pending all the same.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[int, Seen] = {}
        # Before then the signs of many are not written again, by the monotonic clock.
        self._many_at = 0.0
        self._rows: deque[VenMessage] = deque(maxlen=MOST_ROWS)
        self._delivered: set[tuple[int, int, int]] = set()
        # Until when no second one of a VEN's routine messages is kept.
        self._kept: dict[tuple[int, str, str], float] = {}
        self._strangers = 0
        # What a VEN may still have in the log, and how many of its messages went without since the last writing.
        self._room = Buckets(KEPT_A_MINUTE, burst=KEPT_AT_ONCE)
        self._left_out: dict[tuple[int, int | None], int] = {}

    def heard(self, ven_pk: int, address: str) -> None:
        """A VEN sent a message."""
        at = time.time()
        seen = self._seen.get(ven_pk)
        if seen is None:
            self._seen[ven_pk] = Seen(at, address, 1)
        else:
            seen.at, seen.address = at, address
            seen.messages += 1

    def delivered(self, ven_pk: int, event_pk: int, modification_number: int) -> None:
        """A VEN was sent an event."""
        self._delivered.add((ven_pk, event_pk, modification_number))

    def message(
        self, *, ven_pk: int | None, distributor_id: int | None, address: str, kind: str, code: int,
        answer_kind: str = "", note: str = "", body: bytes = b"", answer: bytes = b"",
    ) -> None:  # fmt: skip
        """An exchange for the log; what goes well again and again is kept once in a while, and of strangers little."""
        if self._is_routine(ven_pk, kind, answer_kind, code):
            return
        if ven_pk is not None and not self._has_room(ven_pk):
            self._left_out[ven_pk, distributor_id] = self._left_out.get((ven_pk, distributor_id), 0) + 1
            return
        self._rows.append(
            VenMessage(
                distributor_id=distributor_id,
                ven_id=ven_pk,
                at=timezone.now(),
                address=address[:64],
                kind=_sayable(kind, 40),
                answer_kind=answer_kind[:40],
                code=code,
                note=_sayable(note, 300),
                body=_text(body),
                answer=_text(answer),
            )
        )

    def _has_room(self, ven_pk: int) -> bool:
        try:
            self._room.take(ven_pk)
        except TooOften:
            return False
        return True

    def _count_left_out(self) -> None:
        """One line a VEN for what the log had no room for."""
        left_out, self._left_out = self._left_out, {}
        for (ven_pk, distributor_id), count in left_out.items():
            note = f"{count} more messages of this VEN were not kept"
            self._rows.append(
                VenMessage(ven_id=ven_pk, distributor_id=distributor_id, at=timezone.now(), code=OK, note=note)
            )

    def _is_routine(self, ven_pk: int | None, kind: str, answer_kind: str, code: int) -> bool:
        if ven_pk is None:
            self._strangers += 1
            return self._strangers > MOST_STRANGERS
        if kind not in ROUTINE or code != OK:
            return False
        now, key = time.monotonic(), (ven_pk, kind, answer_kind)
        if now < self._kept.get(key, 0.0):
            return True
        self._kept[key] = now + ROUTINE_SECONDS
        return False

    def flush(self, *, is_last: bool = False) -> None:
        """Writes down what is due, all of it at the end; what cannot be written is kept for the next time."""
        with self._lock:
            seen = self._due(is_last)
            delivered, self._delivered = self._delivered, set()
            self._count_left_out()
            rows = [self._rows.popleft() for _ in range(len(self._rows))]
            self._strangers = 0
            try:
                if delivered:
                    note_delivered(sorted(delivered))
                    delivered = set()
                _write_seen(seen)
                seen = {}
                _write_rows(rows)
            except DatabaseError:
                self._delivered |= delivered
                self._keep(seen)
                self._rows.extendleft(rows[::-1][: MOST_ROWS - len(self._rows)])
                raise

    def _due(self, is_last: bool) -> dict[int, Seen]:
        """The signs of VENs that are to be written now."""
        now = time.monotonic()
        if len(self._seen) > MANY and now < self._many_at and not is_last:
            return {}
        self._many_at = now + MANY_SECONDS
        seen, self._seen = self._seen, {}
        return seen

    def _keep(self, seen: dict[int, Seen]) -> None:
        for pk, old in seen.items():
            new = self._seen.get(pk)
            if new is None:
                self._seen[pk] = old
            else:
                new.messages += old.messages


def _write_seen(seen: dict[int, Seen]) -> None:
    keys = sorted(seen)  # the same order in each process, or two would wait for each other
    for begin in range(0, len(keys), BATCH):
        chunk = keys[begin : begin + BATCH]
        try:
            with transaction.atomic():
                _upsert({pk: seen[pk] for pk in chunk})
        except IntegrityError:
            # One of them was deleted, by SQL: the others are written.
            known = set(Ven.objects.filter(pk__in=chunk).values_list("pk", flat=True))
            with transaction.atomic():
                _upsert({pk: seen[pk] for pk in chunk if pk in known})


def _upsert(seen: dict[int, Seen]) -> None:
    """One statement, as the ORM cannot add to a column where the row is there already."""
    if not seen:
        return
    newest = "GREATEST(at, VALUES(at))" if connection.vendor == "mysql" else "MAX(at, excluded.at)"
    new = "VALUES({})" if connection.vendor == "mysql" else "excluded.{}"
    clash = "ON DUPLICATE KEY UPDATE" if connection.vendor == "mysql" else "ON CONFLICT (ven_id) DO UPDATE SET"
    # Numbers and times as text: a parameter for each would take most of the time that a poll's row has.
    moment = cache(_moment)
    rows = ", ".join([f"({pk:d}, '{moment(int(each.at * 10))}', %s, {each.messages:d})" for pk, each in seen.items()])
    sql = (
        f"INSERT INTO openadr_venseen (ven_id, at, address, messages) VALUES {rows} "  # noqa: S608 - no text of others
        f"{clash} messages = openadr_venseen.messages + {new.format('messages')}, "
        f"address = {new.format('address')}, at = {newest}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [each.address[:64] for each in seen.values()])


def _moment(tenths: int) -> str:
    """Tenths of a second since 1970 as the database writes times."""
    return str(connection.ops.adapt_datetimefield_value(datetime.fromtimestamp(tenths / 10, UTC)))


def _write_rows(rows: list[VenMessage]) -> None:
    """The log; a row that the database refuses is left out, as it must not hold up the others for ever."""
    for begin in range(0, len(rows), BATCH):
        chunk = rows[begin : begin + BATCH]
        try:
            with transaction.atomic():
                VenMessage.objects.bulk_create(chunk)
        except IntegrityError:
            for row in chunk:
                _write_row(row)


def _write_row(row: VenMessage) -> None:
    try:
        with transaction.atomic():
            row.pk = None
            row.save(force_insert=True)
    except IntegrityError as problem:
        logger.warning("A message of VEN %s could not be kept: %s", row.ven_id, problem)


def _text(body: bytes) -> str:
    return _sayable(body[: 4 * BODY_CHARACTERS].decode("utf-8", "replace"), BODY_CHARACTERS)


def _sayable(words: str, most: int) -> str:
    """Without what MariaDB cannot keep or a page not show."""
    return words.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:most]
