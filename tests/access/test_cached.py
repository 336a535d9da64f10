"""What one person's visit leaves in a cache is nothing that another one gets."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import override_settings

from tests.access.caches import NotingCache
from tests.access.cases import Case, all_cases
from tests.access.outcome import foreign_words, send
from tests.access.watch import Rows
from tests.access.world import AccessWorld

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MEMORY = {"default": {"BACKEND": "tests.access.caches.NotingCache", "LOCATION": "answers"}}
# Those of the other distributor come first, and leave what they leave.
READERS = ("admin B", "resident B", "org admin 2", "admin", "resident", "org admin", "token", "visitor")
# Host names, which are public; counters of attempts, which are numbers.
HARMLESS = ("distributor-hosts", "limit:", "allauth:rl:")


@pytest.fixture
def real_cache(access: AccessWorld) -> Iterator[None]:
    """The portal with a cache that keeps what it is given."""
    with override_settings(CACHES=MEMORY):
        cache.clear()
        NotingCache.kept.clear()
        yield
        cache.clear()


def _pages(role: str) -> list[Case]:
    """What the role may read; of the admin, whose pages are alike, the lists."""
    mine = [case for case in all_cases() if (case.role, case.method, case.expected) == (role, "GET", "200")]
    return [case for case in mine if "/admin/" not in case.route.template or case.route.name.endswith("_changelist")]


def test_nobody_gets_what_another_one_left(access: AccessWorld, before: Rows, real_cache: None):
    wrong = []
    for role in READERS:
        visitor = access.roles[role]
        for case in _pages(role):
            side = "there" if visitor.side == "there" else "here"
            address = case.address(access, side=side)
            outcome = send(visitor, before, "GET", address)
            if foreign_words(visitor, outcome, address):
                wrong.append(f"{role}: {address}")
    assert not wrong, "\n".join(wrong)
    # Whatever else is to be cached needs a thought, and its name here.
    assert {key for key in NotingCache.kept if not key.removeprefix(":1:").startswith(HARMLESS)} == set()


@pytest.mark.parametrize("stranger", ["resident B", "admin B", "org admin 2", "visitor"])
def test_tag_of_an_answer_opens_nothing_to_strangers(access: AccessWorld, before: Rows, stranger: str):
    told = [case for case in all_cases() if case.role == stranger and case.method == "GET" and _is_closed(case)]
    wrong, tags = [], 0
    for case in told:
        address = case.address(access)
        tag = send(access.roles["admin"], before, "GET", address).headers.get("etag")
        if tag is None:
            continue
        tags += 1
        outcome = send(access.roles[stranger], before, "GET", address, headers={"if-none-match": tag})
        if not case.is_as_told(outcome.word):
            wrong.append(f"{address}: {outcome.word}")
    assert not wrong, "\n".join(wrong)
    assert tags > 2


def _is_closed(case: Case) -> bool:
    return case.expected in ("404", "sign-in") and case.route.template.startswith(("/charts/", "/meters/", "/api/"))
