"""Buckets of messages."""

import pytest

from openadr.errors import TooOften
from openadr.vtn20b.limits import Buckets, place_of


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_minute_is_full_then_fills_with_time() -> None:
    clock = Clock()
    buckets = Buckets(6, clock=clock)
    for _ in range(6):
        buckets.take(1)
    with pytest.raises(TooOften) as refused:
        buckets.take(1)
    assert refused.value.wait_seconds == 10
    buckets.take(2)
    clock.now += 10
    buckets.take(1)
    with pytest.raises(TooOften):
        buckets.take(1)


def test_refused_messages_do_not_make_the_wait_longer() -> None:
    clock = Clock()
    buckets = Buckets(60, clock=clock)
    for _ in range(60):
        buckets.take(1)
    for _ in range(100):
        with pytest.raises(TooOften):
            buckets.take(1)
    clock.now += 1.01
    buckets.take(1)


def test_pause_fills_no_more_than_a_minute_holds() -> None:
    clock = Clock()
    buckets = Buckets(3, clock=clock)
    buckets.take(1)
    clock.now += 100_000
    for _ in range(3):
        buckets.take(1)
    with pytest.raises(TooOften):
        buckets.take(1)


def test_memory_is_bounded() -> None:
    buckets = Buckets(1, most=10, clock=Clock())
    for sender in range(1000):
        buckets.take(sender)
    assert len(buckets) == 10


def test_zero_is_no_limit() -> None:
    buckets = Buckets(0)
    for _ in range(10_000):
        buckets.take(1)
    assert len(buckets) == 0


def test_senders_within_a_64_are_one() -> None:
    assert place_of("2001:db8::1") == place_of("2001:db8::2") != place_of("2001:db8:0:1::1")
    assert place_of("fe80::1%eth0") == "fe80::/64"
    assert place_of("") == ""
