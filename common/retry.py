"""Trying again what the database gave up to let another writer pass."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

# MariaDB's "Deadlock found when trying to get lock": one of the two was rolled back whole and may try again.
DEADLOCK = 1213
TRIES = 4

P = ParamSpec("P")
R = TypeVar("R")


def is_deadlock(error: OperationalError) -> bool:
    """Whether the transaction was the one that had to give way."""
    return bool(error.args) and error.args[0] == DEADLOCK


def retried(function: Callable[P, R]) -> Callable[P, R]:
    """The function, called again where its transaction gave way to another one in a deadlock.

    Only where the transaction is the function's own: inside an outer one all of that is lost, so its owner
    must try again.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for _attempt in range(TRIES - 1):
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                if not is_deadlock(error) or connection.in_atomic_block:
                    raise
        return function(*args, **kwargs)

    return call
