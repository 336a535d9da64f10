"""The command line: meters, history, live; homes."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from simulator.errors import SimulatorError
from simulator.files import read_events, write_history, write_meters, write_people
from simulator.hil.commands import add_commands as add_hil_commands
from simulator.homes.command import add_homes
from simulator.live import Feed, Stopped, stopping_on_signals
from simulator.portal import Portal
from simulator.times import parse_time, utc_text
from simulator.town import Event, build_town

_DAY = 86_400


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code: 0, or 1 after one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (SimulatorError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Larkfield, an invented town.")
    parser.add_argument("--seed", type=int, default=2026, help="another seed is another town (default 2026)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_meters(commands.add_parser("meters", help="write the list of meters, and whose they are"))
    _add_history(commands.add_parser("history", help="write past readings"))
    _add_live(commands.add_parser("live", help="post readings as they fall due, until stopped"))
    add_hil_commands(commands.add_parser("hil", help="a feeder over Modbus TCP, and the bridge that is its VEN"))
    add_homes(commands.add_parser("homes", help="thermal homes, each a VEN"))
    return parser


def _add_meters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--people", type=Path, metavar="FILE", help="default: people.csv beside the other")
    parser.set_defaults(command=_meters)


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="gzip where it ends in .gz")
    parser.add_argument("--start", required=True, metavar="T", help="for example 2026-08-20T00:00:00Z")
    parser.add_argument("--end", required=True, metavar="T")
    parser.add_argument("--events", type=Path, metavar="FILE", help="JSON list of objects with start and end")
    parser.set_defaults(command=_history)


def _add_live(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default="http://127.0.0.1:8000", metavar="URL")
    parser.add_argument("--token-file", type=Path, required=True, metavar="FILE")
    parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS", help="default 5")
    parser.add_argument("--since", metavar="T", help="where the portal's readings end (default: a day ago)")
    parser.add_argument("--events", type=Path, metavar="FILE", help="events the history was made with")
    parser.set_defaults(command=_live)


def _meters(options: argparse.Namespace) -> None:
    town = build_town(options.seed)
    people = options.people or options.out.with_name("people.csv")
    write_meters(town, options.out)
    write_people(town, people)
    print(f"{len(town.meters)} meters, {len(town.enrolled())} of them with a contract: {options.out}, {people}.")


def _history(options: argparse.Namespace) -> None:
    start, end = parse_time(options.start), parse_time(options.end)
    if end <= start:
        raise SimulatorError("The end must come after the start.")
    town, events = build_town(options.seed), _events(options.events)
    rows = write_history(town, options.out, start=start, end=end, events=events)
    print(f"{rows} readings from {utc_text(start)} to {utc_text(end)}: {options.out}.")


def _live(options: argparse.Namespace) -> None:
    if options.every <= 0:
        raise SimulatorError("--every must be greater than 0.")
    since = parse_time(options.since) if options.since else int(time.time()) - _DAY
    known = {f"file-{number}": event for number, event in enumerate(_events(options.events))}
    portal = Portal(options.url, _token(options.token_file))
    feed = Feed(build_town(options.seed), portal, since, known)
    try:
        with stopping_on_signals():
            feed.run(options.every)
    except Stopped:
        print("Stopped.", file=sys.stderr)


def _events(path: Path | None) -> tuple[Event, ...]:
    return read_events(path) if path else ()


def _token(path: Path) -> str:
    token = path.read_text(encoding="utf-8").strip()
    if not token or not token.isascii() or " " in token or "\n" in token:
        raise SimulatorError(f"{path} should hold one token and nothing else.")
    return token
