"""`python -m benchmarks --scale small|full [--only NAME]`: prints a table per benchmark."""

import argparse
import os
import sys
from importlib import import_module

import django

# Each is a module of this package with `measure(scale)`, which yields rows.
NAMES = ("ingest", "rollups", "ingest_http", "memory", "settlement", "forecast", "chart", "load", "entrance", "vtn")
SCALES = ("small", "full")


def main() -> int:
    """Run the chosen benchmarks in a database of their own; exit code 1 where that cannot be made."""
    asked = _arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drportal.settings")
    django.setup()
    # Models can be imported only now.
    database, report = import_module("benchmarks.database"), import_module("benchmarks.report")
    try:
        with database.own_database():
            report.print_head(asked.scale, database.about())
            for name in [asked.only] if asked.only else NAMES:
                report.print_table(name, import_module(f"benchmarks.{name}").measure(asked.scale))
    except database.NoDatabase as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", choices=SCALES, default="small")
    parser.add_argument("--only", choices=NAMES, metavar="NAME", help=f"one of: {', '.join(NAMES)}")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
