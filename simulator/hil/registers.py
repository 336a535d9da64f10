"""The register map: what the device serves, what the bridge reads, and the table in docs/hil.md.

One space of holding registers, also readable as input registers. Numbers of several registers have the high word
first (big-endian throughout). Addresses are those on the wire, counted from 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag

MAP_VERSION = 1
DEVICE_KIND = 0x4846  # "HF"
UNIT = 1


class Status(IntFlag):
    """Bits of the register `status`."""

    RUNNING = 1
    SHEDDING = 2
    RAMPING = 4
    REBOUND = 8
    WATCHDOG_RELEASED = 16
    LIMITED = 32
    VOLTAGE_ALARM = 64


@dataclass(frozen=True)
class Register:
    """One number: `words` registers from `address` on; the number on the wire × `scale` is in `unit`."""

    name: str
    address: int
    kind: str
    unit: str
    scale: float
    says: str
    is_writable: bool = False
    lowest: int | None = None
    highest: int | None = None

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return int(self.kind.lstrip("uint")) // 16

    @property
    def addresses(self) -> range:
        """Where it is."""
        return range(self.address, self.address + self.words)

    def encoded(self, number: int) -> list[int]:
        """The registers of a number; one that does not fit is shown as the nearest that does."""
        bits = 16 * self.words
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if self._is_signed else (0, (1 << bits) - 1)
        raw = min(max(number, low), high) % (1 << bits)
        return [raw >> shift & 0xFFFF for shift in range(bits - 16, -1, -16)]

    def decoded(self, words: Sequence[int]) -> int:
        """The number in the registers.

        >>> of("active_power").decoded([0xFFFF, 0xFFFE])
        -2
        """
        bits, number = 16 * self.words, 0
        for word in words:
            number = number << 16 | word
        return number - (1 << bits) if self._is_signed and number >> bits - 1 else number

    @property
    def _is_signed(self) -> bool:
        return self.kind.startswith("int")


REGISTERS = (
    Register("map_version", 0, "uint16", "", 1, "version of this map"),
    Register("device_kind", 1, "uint16", "", 1, "0x4846"),
    Register("boot", 2, "uint16", "", 1, "changes when the device starts anew; the energy counters begin at 0 then"),
    Register("status", 3, "uint16", "", 1, "bits, see below"),
    Register("voltage_l1", 4, "uint16", "V", 0.1, "L1 to neutral"),
    Register("voltage_l2", 5, "uint16", "V", 0.1, "L2 to neutral"),
    Register("voltage_l3", 6, "uint16", "V", 0.1, "L3 to neutral"),
    Register("frequency", 7, "uint16", "Hz", 0.001, "frequency"),
    Register("active_power", 8, "int32", "W", 1, "drawn from the grid, three phases"),
    Register("reactive_power", 10, "int32", "var", 1, "three phases"),
    Register("energy", 12, "uint64", "Wh", 1, "drawn since the start of the device"),
    Register("energy_low", 16, "uint32", "Wh", 1, "the same, for masters with 32 bits; begins again at 2³²"),
    Register("shed_achieved", 18, "uint32", "W", 1, "what is shed now"),
    Register("shed_available", 20, "uint32", "W", 1, "what could be shed now"),
    Register("shed_rating", 22, "uint32", "W", 1, "greatest set-point"),
    Register("power_rating", 24, "uint32", "W", 1, "greatest power of the feeder"),
    Register("shed_setpoint", 100, "uint32", "W", 1, "what is to be shed; 0 releases", True, 0, None),
    Register("shed_percent", 102, "uint16", "%", 0.1, "the same as a share of shed_rating", True, 0, 1000),
    Register("heartbeat", 103, "uint16", "", 1, "any write says: the master is there", True, 0, 65535),
    Register("watchdog_seconds", 104, "uint16", "s", 1, "silence after which the shed is released", True, 2, 600),
)
# Each of the two has no holes, so one request reads it whole.
MEASURED = range(26)
CONTROLS = range(100, 105)
_BY_NAME = {register.name: register for register in REGISTERS}


def of(name: str) -> Register:
    """The register of that name."""
    return _BY_NAME[name]


def decoded(first: int, words: Sequence[int], names: Iterable[str] = ()) -> dict[str, int]:
    """The numbers that lie wholly in `words`, which begin at the address `first`."""
    inside = [register for register in REGISTERS if _lies_in(register, range(first, first + len(words)))]
    wanted = set(names)
    return {
        register.name: register.decoded(words[register.address - first : register.addresses.stop - first])
        for register in inside
        if not wanted or register.name in wanted
    }


def encoded(numbers: Mapping[str, int]) -> dict[int, int]:
    """Register by address of the numbers."""
    return {
        address: word
        for name, number in numbers.items()
        for address, word in zip(of(name).addresses, of(name).encoded(number), strict=True)
    }


def table() -> str:
    """The map as the table in docs/hil.md."""
    head = "| address | name | type | unit | scale | access | limits | what it is |\n|---|---|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(register) for register in REGISTERS)])


def _row(register: Register) -> str:
    span = f"{register.address}" if register.words == 1 else f"{register.address}–{register.addresses.stop - 1}"
    access = "read, write" if register.is_writable else "read"
    name = f"`{register.name}`"
    cells = [span, name, register.kind, register.unit, f"{register.scale:g}", access, _limits(register), register.says]
    return "| " + " | ".join(cells) + " |"


def _limits(register: Register) -> str:
    if not register.is_writable:
        return ""
    highest = "shed_rating" if register.highest is None else str(register.highest)
    return f"{register.lowest} to {highest}"


def _lies_in(register: Register, span: range) -> bool:
    return register.address in span and register.addresses.stop - 1 in span
