"""manage.py verify BUNDLE"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from settlement.evidence.verify import Verdict, verify


class Command(BaseCommand):
    """Computes a reward again from its evidence, with the portal's own engine."""

    help = "Recomputes the amount of an evidence file and says what holds; exit code 1 if anything does not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", metavar="BUNDLE", help="the evidence of a reward, a JSON file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            bundle = json.loads(Path(options["bundle"]).read_text(encoding="utf-8"))
            verdict = verify(bundle)
        except OSError as error:
            raise CommandError(f"{options['bundle']} cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:
            raise CommandError(f"This evidence cannot be checked: {error}") from error
        self._say(verdict)
        if verdict.wrong:
            raise CommandError(f"NOT VERIFIED. {len(verdict.wrong)} of {len(verdict.checks)} checks fail.")
        self.stdout.write("\nEverything holds.")

    def _say(self, verdict: Verdict) -> None:
        for holds, words in verdict.checks:
            self.stdout.write(f"{'ok   ' if holds else 'FAILS'}  {words}")
        about, result = verdict.about, verdict.result
        self.stdout.write(f"\nMeter {about['meter']}, {about['program']}, {about['when']}")
        for line in result["lines"]:
            self.stdout.write(f"{line['kind']:<12} {line['credit']} {about['currency']}")
        self.stdout.write(f"{'together':<12} {result['total']} {about['currency']}")
        if result["points"]:
            self.stdout.write(f"{'points':<12} {result['points']}")
        self.stdout.write(f"SHA-256 of the result: {verdict.sha256}")
