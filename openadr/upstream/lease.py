"""Who talks to a VTN at a time: one worker, for as long as its lease lasts.

The lease is `next_poll_at`, moved on before the first word. Whoever wants to talk moves it from what was read, which
only one can do; whoever holds it writes only while it is still what it set. A worker that dies leaves the VTN alone
until its lease is over, and `is_unsure` set.
"""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from openadr.models import Upstream
from openadr.upstream.faults import LeaseLost

# Longer than one exchange, or than what becomes of one event of a large program.
LASTS = timedelta(minutes=3)
# An unreachable VTN is tried less and less often, until each so many seconds.
SLOWEST = 300


class Lease:
    """The right to talk to one VTN, and its row as it was read.

    Attributes:
        upstream: the row; change it with `write` only.
        was_unsure: the one who talked before may have lost an answer.
    """

    def __init__(self, upstream: Upstream, until: datetime) -> None:
        self.upstream, self._until = upstream, until
        self.was_unsure = upstream.is_unsure

    @classmethod
    def take(cls, pk: int, now: datetime | None = None) -> "Lease | None":
        """The lease of what is due; None where it is not, is not in use, or somebody else was quicker."""
        now = now or timezone.now()
        row = Upstream.objects.filter(pk=pk, is_active=True, next_poll_at__lte=now).first()
        if row is None:
            return None
        until = now + LASTS
        mine = Upstream.objects.filter(pk=pk, is_active=True, next_poll_at=row.next_poll_at)
        taken = mine.update(next_poll_at=until, is_unsure=True)
        return cls(row, until) if taken else None

    def renew(self) -> None:
        """Makes it last from now on again.

        Raises:
            LeaseLost: it is somebody else's by now, or the VTN was changed or stopped.
        """
        self.write(next_poll_at=max(timezone.now() + LASTS, self._until + timedelta(microseconds=1)))

    def write(self, **fields: Any) -> None:
        """Stores fields of the row.

        Raises:
            LeaseLost: as `renew`.
        """
        mine = Upstream.objects.filter(pk=self.upstream.pk, is_active=True, next_poll_at=self._until)
        if not mine.update(**fields):
            raise LeaseLost("Somebody else talks to it now.")
        self._until = fields.get("next_poll_at", self._until)
        for name, value in fields.items():
            setattr(self.upstream, name, value)

    def end_well(self) -> None:
        """Stores that all was said, and when it is due again."""
        now = timezone.now()
        wait = max(self.upstream.poll_seconds, self.upstream.asked_poll_seconds)
        self.write(
            last_ok_at=now, failing_since=None, last_fault="", is_unsure=False,
            next_poll_at=now + timedelta(seconds=wait),
        )  # fmt: skip

    def end_partly(self, fault: str) -> None:
        """Stores what is wrong with a part, while all else was said: it is due again as ever."""
        now = timezone.now()
        wait = max(self.upstream.poll_seconds, self.upstream.asked_poll_seconds)
        self.write(
            last_ok_at=now, failing_since=self.upstream.failing_since or now, last_fault=fault, is_unsure=False,
            next_poll_at=now + timedelta(seconds=wait),
        )  # fmt: skip

    def end_badly(self, fault: str, *, has_spoken: bool) -> None:
        """Stores what is wrong; the longer it lasts, the later the next try."""
        now = timezone.now()
        since = self.upstream.failing_since or now
        poll = max(self.upstream.poll_seconds, self.upstream.asked_poll_seconds)
        wait = max(poll, min((now - since).total_seconds(), SLOWEST))
        self.write(
            last_fault=fault, failing_since=since, next_poll_at=now + timedelta(seconds=wait),
            **({"last_ok_at": now} if has_spoken else {}),
        )  # fmt: skip
