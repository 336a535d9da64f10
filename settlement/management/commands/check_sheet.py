"""manage.py check_sheet FILE --program NAME --start T --end T"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from common.intervals import parse_local
from events.models import Event
from events.services import program_named
from organizations.services import distributor_named
from settlement.models import SheetReading
from settlement.services import read_event_sheet
from settlement.words.second_reader import readable


class Command(BaseCommand):
    """Reads the utility's own settlement sheet of an event a second time."""

    help = "Compares a settlement sheet with the event's run row by row, and guesses at each slip."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="CSV with a row per meter")
        parser.add_argument("--program", required=True, help="name of the program")
        parser.add_argument("--start", required=True, help="like 2026-07-22T16:00, local to the program")
        parser.add_argument("--end", required=True, help="like 2026-07-22T17:00, local to the program")
        parser.add_argument("--distributor", help="whose program; may be left out while there is only one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._say(self._read(options))
        except (PortalError, ValueError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error

    def _read(self, options: dict[str, Any]) -> SheetReading:
        distributor = distributor_named(options["distributor"])
        program = program_named(distributor=distributor, name=options["program"])
        start, end = (parse_local(options[key], program.zone) for key in ("start", "end"))
        event = Event.objects.filter(program=program, start=start, end=end).first()
        if event is None:
            raise CommandError("The program has no event at this time; settle it first.")
        file = Path(options["file"])
        return read_event_sheet(event=event, content=file.read_bytes(), file_name=file.name)

    def _say(self, reading: SheetReading) -> None:
        found = readable(reading)
        self.stdout.write(f"{found.compared} rows compared with run {reading.run.number}, {found.differing} differ")
        self.stdout.write(f"Paid beyond what is due: {found.paid_too_much}")
        for sentence in found.slips:
            self.stdout.write(f"* {sentence}")
        for row in found.rows:
            for sentence in row.sentences:
                self.stdout.write(f"  {row.meter}: {sentence}")
        for label, meters in found.others:
            self.stdout.write(f"{label}: {', '.join(meters)}")
        for problem in found.problems:
            self.stdout.write(f"  line {problem['line']}: {problem['problem']}")
