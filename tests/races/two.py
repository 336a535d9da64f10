"""Two writers at once, each with a connection of its own."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from django.db import DatabaseError, OperationalError, connection, transaction

from common.errors import PortalError

Task = Callable[[], object]
DEADLOCK = 1213
# Far longer than a write takes; a writer that is not done by then waits for the other one's lock.
BLOCKED_AFTER = 0.25
PATIENCE = 60


@dataclass
class Writer:
    """One thread: what it does, and what became of it."""

    task: Task
    refused: Exception | None = None
    deadlocks: int = 0
    most_deadlocks: int = 11
    done: threading.Event = field(default_factory=threading.Event)

    def run(self, meet: Callable[[], object], linger: Callable[[], object], wrap: Task) -> None:
        """Meets the other one, writes, lingers before the commit; a deadlock's victim tries again."""
        try:
            connection.ensure_connection()
            meet()
            while self._falls_to_deadlock(linger, wrap):
                self.deadlocks += 1
        except (DatabaseError, PortalError) as error:
            self.refused = error
        finally:
            connection.close()
            self.done.set()

    def _falls_to_deadlock(self, linger: Callable[[], object], wrap: Callable[[], object]) -> bool:
        scope = wrap()
        assert isinstance(scope, AbstractContextManager)
        try:
            with scope:
                self.task()
                linger()
        except OperationalError as error:
            if error.args[0] != DEADLOCK or self.deadlocks >= self.most_deadlocks:
                raise
            return True
        return False


def _run(jobs: list[threading.Thread]) -> None:
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(PATIENCE)
    assert not any(job.is_alive() for job in jobs)


def at_once(first: Task, second: Task, wrap: Callable[[], object]) -> list[Writer]:
    """Both start at the same moment."""
    barrier = threading.Barrier(2, timeout=PATIENCE)
    writers = [Writer(first), Writer(second)]
    steps = (barrier.wait, lambda: None, wrap)
    _run([threading.Thread(target=writer.run, args=steps) for writer in writers])
    return writers


def unaided(first: Task, second: Task) -> list[Writer]:
    """Both start at the same moment, as the portal runs them: who has to give way tries again by itself, or fails."""
    barrier = threading.Barrier(2, timeout=PATIENCE)
    writers = [Writer(task, most_deadlocks=0) for task in (first, second)]
    _run([threading.Thread(target=each.run, args=(barrier.wait, lambda: None, nullcontext)) for each in writers])
    return writers


def one_inside_the_other(first: Task, second: Task) -> list[Writer]:
    """The second writes while the first has written and not committed."""
    written, leader, follower = threading.Event(), Writer(first), Writer(second)

    def linger() -> None:
        written.set()
        follower.done.wait(BLOCKED_AFTER)

    try_now = threading.Thread(
        target=follower.run, args=(lambda: written.wait(PATIENCE), lambda: None, transaction.atomic)
    )
    _run([threading.Thread(target=leader.run, args=(lambda: None, linger, transaction.atomic)), try_now])
    return [leader, follower]


WAYS: dict[str, Callable[[Task, Task], list[Writer]]] = {
    "in transactions": lambda first, second: at_once(first, second, transaction.atomic),
    "in autocommit": lambda first, second: at_once(first, second, nullcontext),
    "second inside first": one_inside_the_other,
    "first inside second": lambda first, second: one_inside_the_other(second, first)[::-1],
}
ROUNDS = {"in transactions": 20, "in autocommit": 20, "second inside first": 2, "first inside second": 2}
