"""The HIL device: a simulated feeder behind Modbus TCP, with a watchdog.

The model runs on to the present at each request, so what is read in one request belongs together.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator.errors import SimulatorError
from simulator.hil import registers
from simulator.hil.feeder import Feeder, FeederTraits
from simulator.hil.registers import DEVICE_KIND, MAP_VERSION, REGISTERS, Status

_READS = {3, 4}
_WRITES = {6, 16}
_VOLTS_BAND = 0.1  # of the voltage without load
_NEARLY = 50.0  # W


class Illegal(Exception):
    """A request that the map does not allow; `code` is Modbus's own."""

    def __init__(self, code: ExcCodes) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass
class Device:
    """The device's logic between the registers and the feeder.

    Args:
        feeder: what it measures and sheds.
        watchdog_seconds: silence of the master after which a shed is released.
        clock: seconds since 1970.
    """

    feeder: Feeder
    watchdog_seconds: int = 30
    clock: Callable[[], float] = time.time
    heartbeat: int = 0
    boot: int = field(default_factory=lambda: random.randrange(1, 0x10000))
    _heard_at: float = 0.0
    _was_released: bool = False

    def read(self) -> dict[int, int]:
        """Every register by its address, all of the same instant."""
        self._run_on()
        return registers.encoded({**self._measured(), **self._controls()})

    def write(self, address: int, words: list[int]) -> None:
        """Takes what the master wrote: all of it, or none.

        Raises:
            Illegal: an address that cannot be written, half a number, or a number beyond its limits.
        """
        self._run_on()
        numbers = self._written(address, words)
        for name, number in numbers.items():
            self._take(name, number)
        self._heard_at = self.feeder.now

    def _run_on(self) -> None:
        """Up to now; where the watchdog ran out on the way, the shed ends at that very moment."""
        now, due = self.clock(), self._heard_at + self.watchdog_seconds
        if self.feeder.setpoint_watts > 0 and due < now:
            self.feeder.advance(due)
            self.feeder.setpoint_watts = 0.0
            self._was_released = True
        self.feeder.advance(now)

    def _written(self, address: int, words: list[int]) -> dict[str, int]:
        span = set(range(address, address + len(words)))
        whole = [register for register in REGISTERS if span >= set(register.addresses)]
        if not words or {at for register in whole for at in register.addresses} != span:
            raise Illegal(ExcCodes.ILLEGAL_ADDRESS)
        if not all(register.is_writable for register in whole):
            raise Illegal(ExcCodes.ILLEGAL_ADDRESS)
        numbers = registers.decoded(address, words)
        for register in whole:
            highest = self._rating if register.highest is None else register.highest
            if not (register.lowest or 0) <= numbers[register.name] <= highest:
                raise Illegal(ExcCodes.ILLEGAL_VALUE)
        return numbers

    def _take(self, name: str, number: int) -> None:
        if name == "heartbeat":
            self.heartbeat = number
        elif name == "watchdog_seconds":
            self.watchdog_seconds = number
        else:
            self.feeder.setpoint_watts = number if name == "shed_setpoint" else number * self._rating / 1000
            self._was_released = False

    @property
    def _rating(self) -> int:
        return int(self.feeder.traits.controllable_watts)

    def _measured(self) -> dict[str, int]:
        feeder, (first, second, third) = self.feeder, self.feeder.volts()
        return {
            "map_version": MAP_VERSION,
            "device_kind": DEVICE_KIND,
            "boot": self.boot,
            "status": int(self._status()),
            "voltage_l1": round(first * 10),
            "voltage_l2": round(second * 10),
            "voltage_l3": round(third * 10),
            "frequency": round(feeder.hertz * 1000),
            "active_power": round(feeder.watts),
            "reactive_power": round(feeder.vars),
            "energy": int(feeder.energy_wh),
            "energy_low": int(feeder.energy_wh) % (1 << 32),
            "shed_achieved": round(feeder.achieved_watts),
            "shed_available": round(feeder.available_watts),
            "shed_rating": self._rating,
            "power_rating": self._power_rating,
        }

    def _controls(self) -> dict[str, int]:
        asked = self.feeder.setpoint_watts
        return {
            "shed_setpoint": round(asked),
            "shed_percent": round(1000 * asked / self._rating),
            "heartbeat": self.heartbeat,
            "watchdog_seconds": self.watchdog_seconds,
        }

    @property
    def _power_rating(self) -> int:
        traits = self.feeder.traits
        return int(2 * traits.fixed_watts + (1 + traits.rebound_limit) * traits.controllable_watts)

    def _status(self) -> Status:
        feeder, bits = self.feeder, Status.RUNNING
        wanted = min(feeder.setpoint_watts, feeder.available_watts)
        low = feeder.traits.volts * (1 - _VOLTS_BAND)
        for bit, is_so in (
            (Status.SHEDDING, feeder.shed_watts > 0),
            (Status.RAMPING, abs(feeder.achieved_watts - wanted) > _NEARLY),
            (Status.REBOUND, feeder.rebound_watts > 0),
            (Status.WATCHDOG_RELEASED, self._was_released),
            (Status.LIMITED, feeder.setpoint_watts > feeder.available_watts),
            (Status.VOLTAGE_ALARM, min(feeder.volts()) < low),
        ):
            bits |= bit if is_so else Status(0)
        return bits


def new_device(traits: FeederTraits, *, watchdog_seconds: int, clock: Callable[[], float] = time.time) -> Device:
    """A device that starts now, with its counters at 0."""
    return Device(Feeder(traits, now=clock()), watchdog_seconds=watchdog_seconds, clock=clock)


async def serve(device: Device, host: str, port: int) -> ModbusTcpServer:
    """Serves the device over Modbus TCP in the running loop; `shutdown()` of what is returned ends it.

    Raises:
        SimulatorError: the port is taken, or the address is none of this machine's.
    """
    server = ModbusTcpServer(_sim_device(device), address=(host, port))
    try:
        await server.serve_forever(background=True)
    except RuntimeError:
        raise SimulatorError(f"Modbus TCP cannot be served at {host}:{port}; is something there already?") from None
    return server


async def run(device: Device, host: str, port: int, *, say: Callable[[str], None]) -> None:
    """Serves until cancelled. The model runs on each second, so that a request after a long silence is quick."""
    server = await serve(device, host, port)
    say(f"HIL device at {host}:{port}, unit {registers.UNIT}; releases a shed after {device.watchdog_seconds} s.")
    try:
        while True:
            device.read()
            await asyncio.sleep(1.0)
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


def _sim_device(device: Device) -> SimDevice:
    """The registers as pymodbus keeps them, and what it asks at each request."""

    async def action(
        function: int, start: int, address: int, count: int, kept: list[int], values: list[int] | list[bool] | None
    ) -> ExcCodes | None:
        if function not in _READS | _WRITES:
            return ExcCodes.ILLEGAL_FUNCTION
        try:
            if values is not None:
                device.write(address, [int(value) for value in values])
        except Illegal as illegal:
            return illegal.code
        for at, word in device.read().items():
            kept[at - start] = word
        return None

    blocks = [
        SimData(register.address, values=[0] * register.words, datatype=DataType.REGISTERS) for register in REGISTERS
    ]
    # 0 answers to every unit number, as devices of one unit do.
    return SimDevice(id=0, simdata=blocks, action=action)
