"""A feeder in a Typhoon HIL simulator, behind the same interface. Not run on hardware.

Typhoon's package needs the Control Center (licensed; without it the first call blocks for half a minute) and other
versions of other packages than ours. So it runs in a process of its own, `typhoon_child.py`, with a time limit to each
answer; a child that is late is ended, and the next call starts another.
"""

import json
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from simulator.hil.errors import SourceAway, SourceMissing, SourceNonsense
from simulator.hil.source import FeederState

CHILD = Path(__file__).with_name("typhoon_child.py")
_MAX_LINE = 65_536
_MAX_GAP = 60.0


class TyphoonSource:
    """The model that a configuration names (see docs/hil.md).

    Args:
        configuration: the file that the child reads.
        python: an interpreter that has Typhoon's package.
        child: the command in place of that, for tests.
        timeout: seconds that an answer may take; the first has `first_timeout`, as a model is loaded before it.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        configuration: Path,
        *,
        python: str = sys.executable,
        child: Sequence[str] = (),
        timeout: float = 5.0,
        first_timeout: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._command = list(child) or [python, str(CHILD), str(configuration)]
        self._timeout, self._first_timeout, self._clock = timeout, first_timeout, clock
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._meter = _Integral(0)

    def read(self) -> FeederState:
        """See `FeederSource`."""
        begun = self._clock()
        said = self._asked({"do": "read"})
        at = (begun + self._clock()) / 2
        try:
            return self._state(said, at)
        except (KeyError, TypeError, ValueError):
            raise SourceNonsense("The Typhoon HIL model gave something that is no measurement.") from None

    def write_shed(self, watts: float) -> None:
        """See `FeederSource`."""
        self._asked({"do": "shed", "watts": watts})

    def close(self) -> None:
        """See `FeederSource`. A child whose input ends releases the shed; one that does not is ended."""
        process, self._process, self._rest = self._process, None, b""
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _state(self, said: dict[str, Any], at: float) -> FeederState:
        first, second, third = (_number(volts) for volts in said["volts"])
        watts, counted = _number(said["watts"]), said.get("energy_wh")
        energy, counter = self._meter.moved(at, watts) if counted is None else (_number(counted), 0)
        return FeederState(
            at=at,
            volts=(first, second, third),
            hertz=_number(said["hertz"]),
            watts=watts,
            vars=_number(said["vars"]),
            energy_wh=int(energy),
            counter=counter,
            setpoint_watts=_number(said["setpoint_watts"]),
            shed_watts=_number(said["shed_watts"]),
        )

    def _asked(self, question: dict[str, object]) -> dict[str, Any]:
        is_first = self._process is None
        process = self._process or self._started()
        line = self._line(process, question, self._first_timeout if is_first else self._timeout)
        try:
            answer = json.loads(line)
            if "missing" in answer:
                self.close()
                raise SourceMissing(
                    f"Typhoon HIL's Python package is not installed for {self._command[0]} ({answer['missing']})."
                )
            if "error" in answer:
                raise SourceAway(f"Typhoon HIL says: {answer['error']}.")
            return dict(answer["ok"])
        except (ValueError, TypeError, KeyError):
            self.close()
            raise SourceNonsense("The Typhoon HIL process answered with something that is no answer.") from None

    def _started(self) -> "subprocess.Popen[bytes]":
        try:
            process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: S603
        except OSError as error:
            raise SourceMissing(f"{self._command[0]} cannot be started: {error.strerror}.") from None
        self._process, self._meter = process, _Integral(int(self._clock()))
        return process

    def _line(self, process: "subprocess.Popen[bytes]", question: dict[str, object], timeout: float) -> bytes:
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            # It may have said why before it ended.
            pass
        try:
            return self._answer(process, time.monotonic() + timeout)
        except SourceAway:
            process.kill()
            self.close()
            raise

    def _answer(self, process: "subprocess.Popen[bytes]", until: float) -> bytes:
        assert process.stdout is not None
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise SourceAway("The Typhoon HIL process does not answer in time.")
            more = os.read(process.stdout.fileno(), _MAX_LINE)
            if not more or len(self._rest) > _MAX_LINE:
                raise SourceAway("The Typhoon HIL process ended without an answer.")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line


class _Integral:
    """An energy counter where the model has none: power between two looks, by the trapezium.

    It is numbered by when it began, so that it is another one after a restart.
    """

    def __init__(self, counter: int) -> None:
        self.counter = counter
        self._wh = 0.0
        self._last: tuple[float, float] | None = None

    def moved(self, at: float, watts: float) -> tuple[float, int]:
        """The counter now and its number; after a long silence it begins anew, as nobody knows what was used."""
        if self._last is not None:
            seconds = at - self._last[0]
            if not 0 <= seconds <= _MAX_GAP:
                self.counter, self._wh = int(at), 0.0
            else:
                self._wh += (self._last[1] + watts) / 2 * seconds / 3600
        self._last = (at, watts)
        return self._wh, self.counter


def _number(value: object) -> float:
    """
    Raises:
        ValueError: not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)
