"""Five thousand ids that nobody was given: each is not found, for whoever asks."""

import random

import pytest

from tests.access.figures import count
from tests.access.outcome import send
from tests.access.seekers import NOT_FOUND, SEEKERS, pages_with_ids
from tests.access.watch import Rows
from tests.access.world import AccessWorld

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
# Times the five seekers.
TRIES = 1000
FIRST_FREE = 10**6


@pytest.mark.parametrize("role", SEEKERS)
def test_random_ids_are_not_found(access: AccessWorld, before: Rows, role: str):
    chance, wrong = random.Random(f"fuzz {role}"), []
    for _ in range(TRIES):
        route = chance.choice(pages_with_ids())
        # As many short numbers as long ones: those that a person would try, and those that a program would.
        ids = [chance.randrange(FIRST_FREE, 10 ** chance.randint(7, 19)) for _ in route.parameters]
        outcome = send(access.roles[role], before, "GET", route.address(ids))
        count("fuzzed ids")
        if outcome.word not in NOT_FOUND:
            wrong.append(f"{route.address(ids)}: {outcome.word}")
    assert not wrong, "\n".join(wrong)
