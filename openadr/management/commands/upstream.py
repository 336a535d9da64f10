"""manage.py upstream add|list|poll|stop|start"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from common.errors import PortalError
from events.services import program_named
from meters.models import Feeder
from openadr.models import Upstream, UpstreamPolicy
from openadr.services.upstream import Entered, set_up_upstream, start_upstream, stop_upstream
from openadr.upstream.faults import fault_words
from openadr.upstream.polling import poll
from organizations.models import Distributor, Organization, OrganizationGroup
from organizations.services import distributor_named

# Whom the events of a VTN above may ask, by name.
ASKED: dict[str, Any] = {"group": OrganizationGroup, "feeder": Feeder, "organization": Organization}


class Command(BaseCommand):
    """VTNs above, from the command line."""

    help = "Connects, lists, polls and stops VTNs of utilities and market operators that call events here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--distributor", help="whose; may be left out while there is only one")
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="connects one")
        add.add_argument("name", help="what it is called here")
        add.add_argument("url", help="its address, as far as /OpenADR2/Simple/2.0b")
        add.add_argument("--program", required=True, help="whose meters answer to it")
        add.add_argument("--ven-name", required=True, help="our name there")
        add.add_argument("--ven-id", default="", help="our venID there, where it gives us none itself")
        add.add_argument(
            "--policy", choices=UpstreamPolicy.values, default=UpstreamPolicy.DRAFT.value, help="what its events become"
        )
        add.add_argument("--poll-seconds", type=int, default=10, help="seconds between polls (10)")
        for name, words in (("certificate", "our certificate"), ("key", "its key"), ("ca", "who vouches for it")):
            add.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"{words}, as PEM")
        for name in ASKED:
            words = f"its events ask this {name}, and others named so; none: everybody enrolled"
            add.add_argument(f"--{name}", action="append", default=[], metavar="NAME", help=words)
        add.add_argument("--fingerprint", default="", help="SHA-256 of its certificate")
        add.add_argument("--sign", action="store_true", help="signs every message")
        actions.add_parser("list", help="how each stands")
        for name, words in (("poll", "asks one now"), ("stop", "leaves one alone"), ("start", "asks one again")):
            actions.add_parser(name, help=words).add_argument("name", help="what it is called here")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            distributor = distributor_named(options["distributor"])
            said = getattr(self, f"_{options['action']}")(distributor, options)
        except PortalError as refusal:
            raise CommandError(str(refusal)) from None
        except OSError as problem:
            raise CommandError(f"{problem.filename} cannot be read: {problem.strerror}.") from None
        self.stdout.write(said)

    def _add(self, distributor: Distributor, options: dict[str, Any]) -> str:
        row = set_up_upstream(
            distributor=distributor,
            entered=Entered(
                name=options["name"],
                url=options["url"],
                program=program_named(distributor=distributor, name=options["program"]),
                ven_name=options["ven_name"],
                ven_id=options["ven_id"],
                policy=options["policy"],
                poll_seconds=options["poll_seconds"],
                certificate=_text(options["certificate"]),
                key=_text(options["key"]),
                ca=_text(options["ca"]),
                fingerprint=options["fingerprint"],
                signs=options["sign"],
                targets=[_target(distributor, kind, name) for kind in ASKED for name in options[kind]],
            ),
        )
        return f"{row.name} is polled every {row.poll_seconds} s while the jobs run. `upstream list` says how it went."

    def _list(self, distributor: Distributor, options: dict[str, Any]) -> str:
        rows = Upstream.objects.filter(distributor=distributor).select_related("program")
        return "\n".join(map(_line, rows)) or "There is none yet; `upstream add` connects one."

    def _poll(self, distributor: Distributor, options: dict[str, Any]) -> str:
        row = _named(distributor, options["name"])
        Upstream.objects.filter(pk=row.pk, next_poll_at__gt=timezone.now(), is_unsure=False).update(
            next_poll_at=timezone.now()
        )
        if not poll(row.pk):
            raise CommandError(f"{row.name} is stopped, or a worker talks to it now.")
        row.refresh_from_db()
        if row.last_fault:
            raise CommandError(_fault(row))
        return _line(row)

    def _stop(self, distributor: Distributor, options: dict[str, Any]) -> str:
        return f"{stop_upstream(upstream=_named(distributor, options['name'])).name} is left alone from now on."

    def _start(self, distributor: Distributor, options: dict[str, Any]) -> str:
        return f"{start_upstream(upstream=_named(distributor, options['name'])).name} is polled again."


def _text(path: Path | None) -> str:
    return path.read_text() if path is not None else ""


def _target(distributor: Distributor, kind: str, name: str) -> str:
    """As `Entered.targets` has it."""
    row = ASKED[kind].objects.filter(distributor=distributor, name=name).first()
    if row is None:
        raise CommandError(f"There is no {kind} “{name}”.")
    return f"{kind}-{row.pk}"


def _named(distributor: Distributor, name: str) -> Upstream:
    row: Upstream | None = Upstream.objects.filter(distributor=distributor, name=name).first()
    if row is None:
        raise CommandError(f"There is no VTN above called “{name}”.")
    return row


def _line(row: Upstream) -> str:
    state = "stopped" if not row.is_active else _fault(row) if row.last_fault else "connected"
    answer = f"{row.last_ok_at:%Y-%m-%dT%H:%M:%SZ}" if row.last_ok_at else "never"
    return f"{row.name}: {state} · last answer {answer} · {row.program.name}, {row.policy} · {row.url}"


def _fault(row: Upstream) -> str:
    found = fault_words(row.last_fault)
    assert found is not None
    words, detail = found
    return " ".join(filter(None, (str(words.what), detail and f"({detail})", str(words.to_do))))
