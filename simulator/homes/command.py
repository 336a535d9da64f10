"""The command line of the thermal homes: `python -m simulator homes meters|history|live`."""

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simulator.errors import SimulatorError
from simulator.files import read_events
from simulator.homes.history import write_history
from simulator.homes.live import keep_state, live
from simulator.homes.physics import INTERVAL
from simulator.homes.register import MAX_HOMES, meter_name, number_in, write_meters, write_people
from simulator.homes.traits import build_homes
from simulator.times import parse_time, utc_text
from simulator.ven import Resource, VenConfig, read_configs, service_url

_DAY = 86_400


def add_homes(parser: argparse.ArgumentParser) -> None:
    """Adds the three commands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_meters(commands.add_parser("meters", help="write the list of the homes' meters"))
    _add_history(commands.add_parser("history", help="write past readings, every five minutes"))
    _add_live(commands.add_parser("live", help="run all homes as OpenADR VENs, until stopped"))


def _add_count(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=30, metavar="N", help=f"homes, 1 to {MAX_HOMES} (default 30)")


def _add_meters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--people", type=Path, metavar="FILE", help="write who lives there, too")
    _add_count(parser)
    parser.set_defaults(command=_meters)


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="gzip where it ends in .gz")
    parser.add_argument("--start", metavar="T", help="for example 2026-08-20T00:00:00Z (default: 90 days before)")
    parser.add_argument("--end", metavar="T", help="default: now")
    parser.add_argument("--events", type=Path, metavar="FILE", help="JSON list of objects with start and end")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the homes as they are at the end, for live")
    _add_count(parser)
    parser.set_defaults(command=_history)


def _add_live(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", metavar="URL", help="the VTN, in the place of the configurations' own")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--vens", type=Path, metavar="DIR", help="configurations as `manage.py ven enroll` writes them")
    who.add_argument("--names", nargs="+", metavar="NAME", help="VENs of an open demonstration, as D-0001")
    parser.add_argument("--state", type=Path, metavar="FILE", help="what outlives a restart (else nothing does)")
    parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="between two powers (default 2)")
    parser.add_argument("--no-outages", action="store_true", help="no home loses the network now and then")
    _add_count(parser)
    parser.set_defaults(command=_live)


def _meters(options: argparse.Namespace) -> None:
    homes = build_homes(options.seed, _numbers(options))
    write_meters(options.seed, homes, options.out)
    if options.people:
        write_people(options.seed, homes, options.people)
    print(f"{len(homes)} homes: {options.out}.")


def _history(options: argparse.Namespace) -> None:
    end = parse_time(options.end) if options.end else int(time.time())
    start = parse_time(options.start) if options.start else end - 90 * _DAY
    if end - start < INTERVAL:
        raise SimulatorError("The end must come at least five minutes after the start.")
    events = read_events(options.events) if options.events else ()
    numbers = _numbers(options)
    rows, homes = write_history(options.out, seed=options.seed, numbers=numbers, start=start, end=end, events=events)
    if options.state:
        keep_state(options.state, homes)
    print(f"{rows} readings from {utc_text(start)} to {utc_text(homes.at)}: {options.out}.")


def _live(options: argparse.Namespace) -> None:
    if options.every <= 0:
        raise SimulatorError("--every must be greater than 0.")
    configs = read_configs(options.vens, url=options.url) if options.vens else _open_configs(options)
    homes = {_number(config): config for config in configs}
    if len(homes) < len(configs):
        raise SimulatorError("Two VENs are for the same home.")
    has_outages = not options.no_outages
    asyncio.run(live(options.seed, homes, state=options.state, every=options.every, has_outages=has_outages))


def _numbers(options: argparse.Namespace) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if not 1 <= options.count <= MAX_HOMES:
        raise SimulatorError(f"--count must be 1 to {MAX_HOMES}.")
    if options.seed < 0:
        raise SimulatorError("The seed must be 0 or greater.")
    return np.arange(1, options.count + 1, dtype=np.int64)


def _open_configs(options: argparse.Namespace) -> list[VenConfig]:
    """VENs without certificates, known by their names alone."""
    names: Sequence[str] = options.names or [meter_name(number) for number in _numbers(options).tolist()]
    url = service_url(options.url or "http://127.0.0.1:8080")
    return [VenConfig(url, name, resources=(Resource(name, name),)) for name in names]


def _number(config: VenConfig) -> int:
    texts = [text for each in config.resources for text in (each.meter, each.name)]
    number = number_in([*texts, config.ven_name])
    if number is None or not 1 <= number <= MAX_HOMES:
        raise SimulatorError(f"The VEN {config.ven_name} is for none of the homes; its meter should be one, as D-0001.")
    return number
