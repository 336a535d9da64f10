"""Deadlocks are tried again where that can help."""

import pytest
from django.db import OperationalError, transaction

from common.retry import DEADLOCK, TRIES, retried


class Work:
    """Something that gives way so many times before it succeeds."""

    def __init__(self, failures, number=DEADLOCK):
        self.failures, self.number, self.calls = failures, number, 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise OperationalError(self.number, "Deadlock found")
        return self.calls


@pytest.mark.django_db(transaction=True)
def test_who_gave_way_tries_again():
    work = Work(failures=2)
    assert retried(lambda: work())() == 3


@pytest.mark.django_db(transaction=True)
def test_it_ends_at_some_time():
    work = Work(failures=99)
    with pytest.raises(OperationalError):
        retried(lambda: work())()
    assert work.calls == TRIES


@pytest.mark.django_db(transaction=True)
def test_another_error_is_not_tried_again():
    work = Work(failures=1, number=2006)
    with pytest.raises(OperationalError):
        retried(lambda: work())()
    assert work.calls == 1


@pytest.mark.django_db(transaction=True)
def test_inside_another_transaction_its_owner_decides():
    work = Work(failures=1)
    with pytest.raises(OperationalError), transaction.atomic():
        retried(lambda: work())()
    assert work.calls == 1
