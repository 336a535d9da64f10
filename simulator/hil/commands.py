"""The commands under `python -m simulator hil`."""

import argparse
import asyncio
import signal
import sqlite3
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from simulator.errors import SimulatorError
from simulator.files import kwh_text
from simulator.hil import registers
from simulator.hil.bridge import Bridge, Plan
from simulator.hil.device import new_device
from simulator.hil.device import run as run_device
from simulator.hil.feeder import FeederTraits, unshed_wh
from simulator.hil.modbus_source import ModbusSource, parse_address
from simulator.hil.source import FeederSource
from simulator.hil.typhoon_source import TyphoonSource
from simulator.times import parse_time, utc_text
from simulator.ven import Store, VenConfig, read_config


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Adds device, bridge, history and registers to the command `hil`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_device(commands.add_parser("device", help="a feeder as Modbus TCP server, until stopped"))
    _add_bridge(commands.add_parser("bridge", help="the VEN of a feeder, until stopped"))
    _add_history(commands.add_parser("history", help="write what the feeder drew in the past"))
    table = commands.add_parser("registers", help="print the register map")
    table.set_defaults(command=lambda options: print(registers.table()))


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", metavar="HOST", help="default 127.0.0.1; Modbus has no password")
    parser.add_argument("--port", type=int, default=5020, metavar="PORT", help="default 5020")
    parser.add_argument("--watchdog", type=int, default=30, metavar="SECONDS", help="default 30")
    _add_traits(parser)
    parser.set_defaults(command=_device)


def _add_traits(parser: argparse.ArgumentParser) -> None:
    traits = FeederTraits()
    parser.add_argument("--fixed-kw", type=float, default=traits.fixed_watts / 1000, metavar="KW")
    parser.add_argument("--controllable-kw", type=float, default=traits.controllable_watts / 1000, metavar="KW")


def _add_bridge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="from manage.py ven enroll")
    parser.add_argument("--url", metavar="URL", help="of the VTN, in place of the configuration's")
    parser.add_argument("--modbus", metavar="HOST:PORT", help="the device")
    parser.add_argument("--typhoon", type=Path, metavar="FILE", help="a Typhoon HIL model (not run on hardware)")
    parser.add_argument("--typhoon-python", default=sys.executable, metavar="FILE", help="Python that has its package")
    parser.add_argument("--shed-kw", required=True, metavar="KW[,KW…]", help="at the levels 1, 2, 3 of the signal")
    parser.add_argument("--resource", metavar="NAME", help="which of the configuration's; may be left out for one")
    parser.add_argument("--state", type=Path, metavar="FILE", help="default: beside the configuration")
    parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="default 2")
    parser.add_argument("--interval-minutes", type=int, default=5, metavar="N", help="of the meter; default 5")
    parser.set_defaults(command=_bridge)


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--start", required=True, metavar="T", help="for example 2026-08-20T00:00:00Z")
    parser.add_argument("--end", required=True, metavar="T")
    parser.add_argument("--meter", required=True, metavar="NAME")
    parser.add_argument("--interval-minutes", type=int, default=5, metavar="N", help="default 5")
    _add_traits(parser)
    parser.set_defaults(command=_history)


def _device(options: argparse.Namespace) -> None:
    watchdog = registers.of("watchdog_seconds")
    if not (watchdog.lowest or 0) <= options.watchdog <= (watchdog.highest or 0):
        raise SimulatorError(f"--watchdog is {watchdog.lowest} to {watchdog.highest} seconds.")
    if not 0 < options.port < 65536:
        raise SimulatorError("--port is 1 to 65535.")
    device = new_device(_traits(options), watchdog_seconds=options.watchdog)
    _run_until_stopped(run_device(device, options.host, options.port, say=_say))


def _bridge(options: argparse.Namespace) -> None:
    if options.every <= 0:
        raise SimulatorError("--every must be greater than 0.")
    config = read_config(options.config, url=options.url)
    plan = Plan(
        resource=_resource(config, options.resource),
        shed_watts=_sheds(options.shed_kw),
        interval_seconds=_interval_seconds(options.interval_minutes),
        every=options.every,
    )
    store = _store(options.state or options.config.with_suffix(".sqlite3"))
    try:
        _run_until_stopped(Bridge(_source(options), config, plan, store, _say).run())
    finally:
        store.close()


def _store(path: Path) -> Store:
    try:
        return Store(path)
    except sqlite3.Error as error:
        raise SimulatorError(f"The state file {path} cannot be used ({error}).") from None


def _history(options: argparse.Namespace) -> None:
    seconds = _interval_seconds(options.interval_minutes)
    start, end = parse_time(options.start), parse_time(options.end)
    first = -(-start // seconds) * seconds
    energies = unshed_wh(_traits(options), first, end, seconds)
    with options.out.open("w", encoding="utf-8", newline="") as file:
        file.write("meter,start,end,kwh\n")
        for number, wh in enumerate(energies):
            at = first + number * seconds
            file.write(f"{options.meter},{utc_text(at)},{utc_text(at + seconds)},{kwh_text(wh)}\n")
    print(f"{len(energies)} readings from {utc_text(start)} to {utc_text(end)}: {options.out}.")


def _source(options: argparse.Namespace) -> FeederSource:
    if (options.modbus is None) == (options.typhoon is None):
        raise SimulatorError("Say where the feeder is: --modbus HOST:PORT, or --typhoon FILE.")
    if options.typhoon is not None:
        return TyphoonSource(options.typhoon, python=options.typhoon_python)
    host, port = parse_address(options.modbus)
    return ModbusSource(host, port)


def _traits(options: argparse.Namespace) -> FeederTraits:
    fixed, controllable = options.fixed_kw, options.controllable_kw
    if not (0 < fixed <= 10_000 and 0 < controllable <= 10_000):
        raise SimulatorError("--fixed-kw and --controllable-kw are greater than 0 and at most 10,000.")
    # A stiffness of some twenty times the load: the voltage falls by a few per cent.
    stiffness = 23_000.0 * (fixed + controllable)
    return FeederTraits(
        seed=options.seed,
        fixed_watts=fixed * 1000,
        controllable_watts=controllable * 1000,
        ramp_watts=controllable * 1000 / 30,
        short_circuit_va=stiffness,
    )


def _resource(config: VenConfig, name: str | None) -> str:
    """The resource that the feeder is.

    Raises:
        SimulatorError: it has none of that name, or several and none is named.
    """
    names = [resource.name for resource in config.resources] or [config.ven_name]
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        raise SimulatorError(f"--resource should be one of: {', '.join(names)}.")
    return name


def _sheds(text: str) -> tuple[float, ...]:
    """Watts of the levels.

    >>> _sheds("60"), _sheds("40,60.5")
    ((60000.0,), (40000.0, 60500.0))

    Raises:
        SimulatorError: not one to three numbers greater than 0.
    """
    try:
        watts = tuple(float(part) * 1000 for part in text.split(","))
    except ValueError:
        watts = ()
    if not 1 <= len(watts) <= 3 or not all(0 < each <= 1e9 for each in watts):
        raise SimulatorError("--shed-kw is one to three numbers greater than 0, as 60 or 40,60,80.")
    return watts


def _interval_seconds(minutes: int) -> int:
    if minutes < 1 or 1440 % minutes:
        raise SimulatorError("--interval-minutes must divide a day.")
    return minutes * 60


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Runs until it ends by itself, or SIGTERM or SIGINT comes."""
    try:
        asyncio.run(_cancelled_by_signals(work))
    except asyncio.CancelledError:
        _say("Stopped.")


async def _cancelled_by_signals(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await task
