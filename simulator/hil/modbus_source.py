"""A feeder over Modbus TCP (see docs/hil.md for the map)."""

import logging
import time
from collections.abc import Callable

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from simulator.errors import SimulatorError
from simulator.hil import registers
from simulator.hil.errors import SourceAway, SourceNonsense, SourceRefused
from simulator.hil.registers import CONTROLS, DEVICE_KIND, MAP_VERSION, MEASURED, UNIT, Status, of
from simulator.hil.source import FeederState

_ILLEGAL = {1: "the function is not served", 2: "there is no such address", 3: "the value is beyond its limits"}
_HERTZ = (40.0, 70.0)
_VOLTS = (50.0, 1000.0)

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what goes wrong is said once, by us


class ModbusSource:
    """A feeder at host:port; each call connects if need be, and lets go of a connection that failed.

    Args:
        host: name or address.
        port: usually 502.
        timeout: seconds that a connection or an answer may take.
        clock: seconds since 1970.
    """

    def __init__(self, host: str, port: int, *, timeout: float = 2.0, clock: Callable[[], float] = time.time) -> None:
        self._name = f"{host}:{port}"
        self._client = ModbusTcpClient(host, port=port, timeout=timeout, retries=0)
        self._clock = clock

    def read(self) -> FeederState:
        """See `FeederSource`."""
        begun = self._clock()
        measured = self._read(MEASURED)
        at = (begun + self._clock()) / 2
        return self._checked(measured | self._read(CONTROLS), at)

    def write_shed(self, watts: float) -> None:
        """See `FeederSource`."""
        register = of("shed_setpoint")
        words = register.encoded(round(watts))
        self._asked(lambda: self._client.write_registers(register.address, words, device_id=UNIT))

    def close(self) -> None:
        """See `FeederSource`."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _read(self, span: range) -> dict[str, int]:
        """The numbers of registers that one request reads, so that they are of one instant."""
        answer = self._asked(lambda: self._client.read_holding_registers(span.start, count=len(span), device_id=UNIT))
        if len(answer.registers) != len(span):
            self.close()
            raise SourceNonsense(f"The device at {self._name} answered with another number of registers.")
        return registers.decoded(span.start, answer.registers)

    def _asked(self, request: Callable[[], ModbusPDU]) -> ModbusPDU:
        try:
            answer = request()
        except (ModbusException, OSError) as error:
            self.close()
            raise SourceAway(f"The device at {self._name} does not answer ({_short(error)}).") from None
        except Exception as error:
            # pymodbus's decoders raise whatever a broken frame makes them raise.
            self.close()
            raise SourceNonsense(
                f"The device at {self._name} does not speak Modbus ({type(error).__name__})."
            ) from None
        if answer.isError():
            raise SourceRefused(f"The device at {self._name} refuses: {_why(answer)}.")
        return answer

    def _checked(self, numbers: dict[str, int], at: float) -> FeederState:
        """The state that the numbers say.

        Raises:
            SourceNonsense: another kind of device, or what no feeder can be in.
        """
        if (numbers["device_kind"], numbers["map_version"]) != (DEVICE_KIND, MAP_VERSION):
            raise SourceNonsense(f"The device at {self._name} is of another kind, or its map of another version.")
        state = _state(numbers, at)
        rating = numbers["power_rating"]
        if not all(_VOLTS[0] <= volts <= _VOLTS[1] for volts in state.volts):
            raise SourceNonsense(f"The device at {self._name} says voltages of {state.volts} V.")
        if not _HERTZ[0] <= state.hertz <= _HERTZ[1]:
            raise SourceNonsense(f"The device at {self._name} says a frequency of {state.hertz} Hz.")
        if abs(state.watts) > rating:
            raise SourceNonsense(f"The device at {self._name} says {state.watts} W and is rated for {rating} W.")
        return state


def parse_address(text: str) -> tuple[str, int]:
    """Host and port.

    >>> parse_address("127.0.0.1:5020"), parse_address("[::1]"), parse_address("plant")
    (('127.0.0.1', 5020), ('::1', 502), ('plant', 502))

    Raises:
        SimulatorError: no host, or no port from 1 to 65535.
    """
    bare = text.startswith("[") and text.endswith("]")
    host, _, port = (text, "", "") if bare or ":" not in text else text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or (port and not (port.isdecimal() and port.isascii() and 0 < int(port) < 65536)) or text[-1] == ":":
        raise SimulatorError(f"“{text}” is not an address; write it as 127.0.0.1:5020.")
    return host, int(port or 502)


def _state(numbers: dict[str, int], at: float) -> FeederState:
    def scaled(name: str) -> float:
        return round(numbers[name] * of(name).scale, 6)

    return FeederState(
        at=at,
        volts=(scaled("voltage_l1"), scaled("voltage_l2"), scaled("voltage_l3")),
        hertz=scaled("frequency"),
        watts=scaled("active_power"),
        vars=scaled("reactive_power"),
        energy_wh=numbers["energy"],
        counter=numbers["boot"],
        setpoint_watts=scaled("shed_setpoint"),
        shed_watts=scaled("shed_achieved"),
        rating_watts=scaled("power_rating"),
        watchdog_seconds=numbers["watchdog_seconds"],
        is_released=bool(numbers["status"] & Status.WATCHDOG_RELEASED),
    )


def _short(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error).splitlines()[0] if str(error) else type(error).__name__


def _why(answer: ModbusPDU) -> str:
    return _ILLEGAL.get(answer.exception_code, f"Modbus exception {answer.exception_code}")
