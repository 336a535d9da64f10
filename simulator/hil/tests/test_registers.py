"""The map says of itself what docs/hil.md tells others."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.hil.registers import CONTROLS, MEASURED, REGISTERS, Register, decoded, encoded, of, table

DOCS = Path(__file__).parents[3] / "docs" / "hil.md"


def test_the_documented_map_is_the_map():
    assert table() in DOCS.read_text(encoding="utf-8")


def test_no_two_numbers_share_a_register_and_one_request_reads_each_part():
    taken = [address for register in REGISTERS for address in register.addresses]
    assert len(taken) == len(set(taken))
    assert sorted(taken) == [*MEASURED, *CONTROLS]
    assert max(len(MEASURED), len(CONTROLS)) <= 125


@pytest.mark.parametrize("kind", ["uint16", "int32", "uint32", "uint64"])
@given(data=st.data())
def test_a_number_comes_back_as_it_was(kind, data):
    register = Register("x", 0, kind, "", 1, "")
    bits = 16 * register.words
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind == "int32" else (0, 2**bits - 1)
    number = data.draw(st.integers(low, high))
    words = register.encoded(number)
    assert all(0 <= word <= 0xFFFF for word in words)
    assert register.decoded(words) == number


def test_what_does_not_fit_is_shown_at_the_limit():
    assert of("voltage_l1").encoded(70_000) == [0xFFFF]
    assert of("voltage_l1").encoded(-1) == [0]
    assert of("active_power").decoded(of("active_power").encoded(-(2**40))) == -(2**31)


def test_the_high_word_comes_first():
    assert encoded({"shed_setpoint": 60_000 + 65_536}) == {100: 1, 101: 60_000}
    assert decoded(100, [1, 60_000]) == {"shed_setpoint": 125_536}
    assert decoded(101, [60_000, 5]) == {"shed_percent": 5}
