"""The doors of the portal with an address that has an account, against one that has none: time must not tell."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial

from django.test import Client, override_settings

from benchmarks.clock import interleaved
from benchmarks.report import Goal, Row, times
from organizations.models import Distributor
from tests.builder import PASSWORD, make_distributor, make_user

TIMES = {"small": 30, "full": 200}
GOALS = (Goal("≥", 0.8), Goal("≤", 1.25))
Door = Callable[[str], int]


def measure(scale: str) -> Iterator[Row]:
    """Sign-up, password reset and log-in through all of the middleware, with the real password hash."""
    distributor, repetitions = make_distributor(), TIMES[scale]
    for number in range(repetitions):
        make_user(distributor, _address("known", number), password=PASSWORD)
    # No static files are collected here, and none is asked for.
    warnings.filterwarnings("ignore", "No directory at", UserWarning)
    with override_settings(ACCOUNT_RATE_LIMITS=False):
        for name, door in _doors(distributor).items():
            yield _row(name, door, repetitions)


def _doors(distributor: Distributor) -> dict[str, Door]:
    person = {"first_name": "Ada", "last_name": "Byron", "distributor": distributor.pk, "organization": ""}
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    return {
        "sign-up": lambda address: _post("signup/", 302, email=address, **person, **passwords),
        "password reset": lambda address: _post("password/reset/", 302, email=address),
        "log-in, wrong password": lambda address: _post("login/", 200, login=address, password=f"not {PASSWORD}"),
    }


def _post(path: str, expected: int, **fields: object) -> int:
    answer = Client(SERVER_NAME="localhost").post(f"/accounts/{path}", fields)
    assert answer.status_code == expected, (path, answer.status_code)
    return int(answer.status_code)


def _address(kind: str, number: int) -> str:
    return f"{kind}{number}@example.com"


def _row(name: str, door: Door, repetitions: int) -> Row:
    fresh = name.replace(" ", "-").replace(",", "")
    door(_address("known", 0))
    door(f"{fresh}-first@example.com")
    works = {
        "known": lambda number: door(_address("known", number)),
        "unknown": partial(_unknown, door, fresh),
    }
    took = interleaved(repetitions, works)
    return times(f"{name}, known address / unknown address", took["known"], took["unknown"], GOALS)


def _unknown(door: Door, kind: str, number: int) -> int:
    return door(_address(kind, number))
