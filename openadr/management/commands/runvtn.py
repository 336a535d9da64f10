"""`manage.py runvtn`: one process of the VTN."""

import asyncio
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PortalError
from openadr.vtn20b import tls
from openadr.vtn20b.server import Vtn


class Command(BaseCommand):
    """Serves OpenADR 2.0b until it is told to end; any number may run, also on the same port."""

    help = "Serves OpenADR 2.0b to devices; any number of processes may run, also on the same port."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at; 0.0.0.0 for all")
        parser.add_argument(
            "--plain", action="store_true", help="without TLS: behind VTN_PROXIES, or the demonstration on loopback"
        )
        parser.add_argument("--port", type=int, default=8080, help="port; 0 for any that is free")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs until SIGTERM or ctrl-C."""
        host = options["host"]
        try:
            door = tls.door(host, is_plain=options["plain"] or bool(settings.VTN_PROXIES))
        except (PortalError, ImproperlyConfigured) as problem:
            raise CommandError(str(problem)) from problem
        vtn = Vtn(is_open=door.is_open, fingerprint_of=tls.fingerprint_by_proxy if door.has_proxy else None)

        def ready(port: int) -> None:
            words = "TLS" if door.context else "plain HTTP"
            self.stdout.write(f"OpenADR 2.0b at {host}:{port}, {words}, {len(vtn.snapshot):,} VENs")
            self.stdout.flush()

        try:
            asyncio.run(vtn.run(host, options["port"], door.context, ready))
        except OSError as problem:
            raise CommandError(f"Cannot listen at {host}:{options['port']}: {problem.strerror}") from problem
