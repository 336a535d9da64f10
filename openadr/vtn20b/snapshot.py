"""What one process knows of all VENs, so that a poll asks no database."""

import gc
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from django.utils import timezone

from openadr.models import ChangeCounter, Ven, VenCertificate, VenChange, VenState
from openadr.selectors import Told, allowed, applicable
from openadr.services.pending import vens_with_messages

# As many VENs as are read in one go.
CHUNK = 1000
# A change of no more VENs than this is read before what is left of larger ones.
FEW = 100
# As many lines as are fetched at once: the driver makes them Python's without letting another thread run.
PAGE = 5000
# Within which every VEN is read anew, a few at a time, whether a change was announced or not.
ROUND_SECONDS = 600
# Between two pieces, so that threads that wait for the lock get it.
PAUSE = 0.005
_NONE: Mapping[str, float] = {}
_COLUMNS = ("pk", "ven_id", "distributor_id", "state", "is_lenient", "must_sign", "must_reregister")
now = time.time


@dataclass(slots=True)
class Entry:
    """One VEN as this process knows it; replaced, not changed, when it is read anew.

    Attributes:
        fingerprints: SHA-256, in hex, of the certificates that speak for it, with the second in which each ends.
        is_allowed: not revoked, and of nobody who is not approved.
        has_messages: `pending.next_message` has something for it beside events.
        told: every event that applies to it, by start.
        turn: counts polls that found several things, as these take turns.
        ask_after: when to ask for messages again, by the monotonic clock; one that waits for its repetition is none.
        marked: event and modification number of what was noted as delivered by this process.
    """

    pk: int
    ven_id: str
    distributor_id: int
    fingerprints: Mapping[str, float]
    is_allowed: bool
    is_registered: bool
    is_lenient: bool
    must_sign: bool
    must_reregister: bool
    has_messages: bool = False
    told: tuple[Told, ...] = ()
    turn: int = 0
    ask_after: float = 0.0
    marked: frozenset[tuple[int, int]] = frozenset()

    def has(self, fingerprint: str) -> bool:
        """Whether this certificate speaks for it at this moment: one ends by the clock, whether that is told or not."""
        return now() < self.fingerprints.get(fingerprint, 0.0)


@dataclass
class Snapshot:
    """All VENs, by venID and by certificate. Read by the event loop, refreshed by one thread at a time.

    Attributes:
        number: the change up to which is known what to read; None before the first refresh.
        fresh_at: when that was last asked for, by the monotonic clock.
    """

    number: int | None = None
    fresh_at: float = field(default=0.0)
    _by_id: dict[str, Entry] = field(default_factory=dict)
    _by_pk: dict[int, Entry] = field(default_factory=dict)
    _by_fingerprint: dict[str, Entry] = field(default_factory=dict)
    # What is still to be read: changes of few VENs first, then those of many.
    _soon: dict[int, None] = field(default_factory=dict)
    _later: dict[int, None] = field(default_factory=dict)
    # How far the round through all VENs is, and when it last went on.
    _place: int = 0
    _went_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._by_pk)

    def find(self, ven_id: str) -> Entry | None:
        """The VEN of this venID, letter for letter."""
        return self._by_id.get(ven_id)

    def of_pk(self, pk: int) -> Entry | None:
        """The VEN of this key."""
        return self._by_pk.get(pk)

    def of_fingerprint(self, fingerprint: str) -> Entry | None:
        """The VEN that a certificate speaks for at this moment."""
        entry = self._by_fingerprint.get(fingerprint)
        return entry if entry is not None and entry.has(fingerprint) else None

    @property
    def age(self) -> float:
        """Seconds since the database last said what changed."""
        return time.monotonic() - self.fresh_at

    def refresh(self) -> int:
        """How many VENs were read anew: those that changed since the last time, all where the log forgot some.

        One query where nothing changed. Whoever announces a change holds the counter until the commit, so that a
        number that is seen here is a change that can be read. Many VENs are read in pieces; each binds at once, and
        between them what has changed meanwhile goes first, so that a revocation never waits for a mass change.
        """
        count = 0
        while True:
            with self._lock:
                self._look()
                piece = list(dict.fromkeys(islice(chain(self._soon, self._later), CHUNK)))
                self._read(piece)
            count += len(piece)
            if not piece or not (self._soon or self._later):
                break
            time.sleep(PAUSE)
        if count > CHUNK:
            # They stay: the collector need not look through all of them, for which everything would stand still.
            gc.freeze()
        return count

    def refresh_these(self, pks: Sequence[int]) -> list[None]:
        """Reads some VENs anew, without waiting for the clock: their own messages changed them."""
        with self._lock:
            self._read(list(dict.fromkeys(pks)))
        return [None] * len(pks)

    def look_up(self, *, ven_id: str | None, fingerprint: str | None) -> None:
        """Reads the VEN of this certificate, else of this venID, anew; as many queries where there is none."""
        if fingerprint is not None:
            keys = VenCertificate.objects.filter(fingerprint=fingerprint).values_list("ven_id", flat=True)
        else:
            keys = Ven.objects.filter(ven_id=ven_id).values_list("pk", flat=True)
        self.refresh_these([keys.first() or 0])

    def note_acknowledged(self, ven_pk: int, event_pk: int, modification_number: int) -> None:
        """Takes an acknowledgement that was committed: the VEN's next poll may come before the next refresh."""
        entry = self._by_pk.get(ven_pk)
        if entry is not None:
            key = (event_pk, modification_number)
            entry.told = tuple(
                replace(each, is_pending=False) if (each.event_pk, each.modification_number) == key else each
                for each in entry.told
            )

    def _look(self) -> None:
        """Notes what changed since the last look as to be read."""
        began = time.monotonic()
        newest = ChangeCounter.objects.values_list("number", flat=True).filter(pk=1).first() or 0
        if newest != self.number:
            changed = None if self.number is None else _changes(self.number, newest)
            for vens in changed.values() if changed is not None else [{None}]:
                keys = sorted(ven for ven in vens if ven is not None)
                if len(keys) < len(vens):
                    self._later.update(dict.fromkeys([*_every_key(), *self._by_pk]))
                else:
                    (self._soon if len(vens) <= FEW else self._later).update(dict.fromkeys(keys))
            self.number = newest
        self._go_round(began)
        self.fresh_at = began

    def _go_round(self, at: float) -> None:
        """Notes the next of all VENs as to be read: a change whose announcement was lost is not missed for good."""
        self._went_at = self._went_at or at
        size = max(len(self), 1)
        count = min(int(size * (at - self._went_at) / ROUND_SECONDS), CHUNK)
        if count >= min(FEW, -(size // -10)):
            left = Ven.objects.filter(pk__gt=self._place).order_by("pk").values_list("pk", flat=True)
            keys = list(left[: count + 1])
            self._place, self._went_at = keys[count - 1] if len(keys) > count else 0, at
            self._later.update(dict.fromkeys(keys[:count]))

    def _read(self, pks: Collection[int]) -> None:
        """Reads these VENs; they are not to be read any more then."""
        if not pks:
            return
        found = {entry.pk: entry for entry in _entries(pks)}
        for pk in pks:
            self._put(pk, found.get(pk))
            self._soon.pop(pk, None)
            self._later.pop(pk, None)

    def _put(self, pk: int, entry: Entry | None) -> None:
        old = self._by_pk.get(pk)
        if entry is not None:
            _keep_place(old, entry)
            if entry == old:
                return  # the same one stays, so that the collector has nothing new to look through
            self._by_pk[pk] = self._by_id[entry.ven_id] = entry
            for print_ in entry.fingerprints:
                self._by_fingerprint[print_] = entry
        elif old is not None:
            del self._by_pk[pk], self._by_id[old.ven_id]
        for print_ in set(old.fingerprints if old else _NONE) - set(entry.fingerprints if entry else _NONE):
            self._by_fingerprint.pop(print_, None)


def _keep_place(old: Entry | None, new: Entry) -> None:
    if old is not None:
        new.turn, new.marked = old.turn, old.marked


def _changes(after: int, newest: int) -> dict[int, set[int | None]] | None:
    """Number -> VENs that changed (one None for all); None where the log does not reach back."""
    if newest < after:
        return None
    found: dict[int, set[int | None]] = defaultdict(set)
    rows = VenChange.objects.filter(number__range=(after + 1, newest)).order_by("number", "pk")
    for number, ven in _paged(rows.values_list("number", "ven_id")):
        found[number].add(ven)
    return found if after + 1 in found else None


def _paged(rows: Any) -> Iterator[Any]:
    """The rows of a query whose result does not change, a page at a time."""
    first = 0
    while page := list(rows[first : first + PAGE]):
        yield from page
        if len(page) < PAGE:
            return
        first += PAGE


def _every_key() -> Iterator[int]:
    last = 0
    while page := list(Ven.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE]):
        yield from page
        last = page[-1]


def _entries(pks: Collection[int]) -> Iterator[Entry]:
    """VENs as they stand now.

    No transaction around: what changes between two of the queries is announced with a later number, and read again.
    """
    vens = Ven.objects.filter(pk__in=pks)
    rows = list(vens.values_list(*_COLUMNS))
    spoken = set(vens.filter(allowed()).values_list("pk", flat=True))
    prints, waiting, told = _fingerprints(pks), vens_with_messages(pks), applicable(pks)
    for pk, ven_id, distributor, state, is_lenient, must_sign, must_reregister in rows:
        yield Entry(
            pk, ven_id, distributor, prints.get(pk, _NONE), pk in spoken, state == VenState.REGISTERED, is_lenient,
            must_sign, must_reregister, pk in waiting, tuple(told.get(pk, ())),
        )  # fmt: skip


def _fingerprints(pks: Collection[int]) -> dict[int, dict[str, float]]:
    rows = VenCertificate.objects.filter(ven__in=pks, revoked_at__isnull=True, valid_to__gt=timezone.now())
    found: dict[int, dict[str, float]] = {}
    for ven, print_, until in rows.values_list("ven_id", "fingerprint", "valid_to"):
        found.setdefault(ven, {})[print_] = until.timestamp()
    return found
