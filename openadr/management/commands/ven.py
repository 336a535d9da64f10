"""manage.py ven enroll | rotate | revoke | list | pin | map"""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import Entity, User
from common.errors import PortalError
from meters.models import Meter
from openadr.models import Ven, VenState
from openadr.services.enrolling import (
    Enrolled,
    end_resource,
    enroll_ven,
    file_stem,
    map_resource,
    pin_certificate,
    revoke_ven,
    rotate_certificate,
)
from organizations.models import Distributor
from organizations.services import distributor_named

SNIPPET = """\
For a VEN with openleadr's client, the same in Python:

    client = OpenADRClient(ven_name={name!r}, vtn_url={url!r},
                           cert="{stem}.crt", key="{stem}.key"{ca})
"""


class Command(BaseCommand):
    """Devices that speak OpenADR."""

    help = "Enrolls devices that speak OpenADR (VENs), renews or revokes their certificates, and maps their resources."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True, metavar="enroll | rotate | revoke | list | pin | map")
        enroll = self._deed(deeds, "enroll", "a new VEN with certificate, key and configuration")
        enroll.add_argument("--owner", metavar="EMAIL", help="whose device it is; else the distributor's own")
        enroll.add_argument("--meter", action="append", default=[], metavar="NUMBER", help="behind it; may be repeated")
        enroll.add_argument("--signed", action="store_true", help="it signs every message, too")
        rotate = self._deed(deeds, "rotate", "a new certificate; the old one stays good for 7 days")
        rotate.add_argument("--now", action="store_true", help="the old one is refused at once")
        for each in (enroll, rotate):
            each.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where the files go")
        revoke = self._deed(deeds, "revoke", "cuts it off for good")
        revoke.add_argument("--reason", default="")
        self._deed(deeds, "list", "all VENs", named=False)
        pin = self._deed(deeds, "pin", "takes a certificate that it has from somebody else")
        pin.add_argument("certificate", type=Path, metavar="CERT.pem")
        resource = self._deed(deeds, "map", "says which meter one of its resources is behind")
        resource.add_argument("resource", metavar="RESOURCE")
        resource.add_argument("meter", nargs="?", default="", metavar="METER")
        resource.add_argument("--end", action="store_true", help="it is the VEN's no longer")

    def _deed(self, deeds: Any, name: str, words: str, *, named: bool = True) -> ArgumentParser:
        parser: ArgumentParser = deeds.add_parser(name, help=words)
        if named:
            parser.add_argument("name", metavar="NAME")
        parser.add_argument("--distributor", metavar="NAME", help="needed where there are several")
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            distributor = distributor_named(options["distributor"])
            getattr(self, f"_{options['deed']}")(distributor, options)
        except PortalError as problem:
            raise CommandError(str(problem)) from problem
        except OSError as problem:
            raise CommandError(f"{problem.filename}: {problem.strerror}.") from problem

    def _enroll(self, distributor: Distributor, options: dict[str, Any]) -> None:
        meters = [_meter(distributor, number) for number in options["meter"]]
        _check_free(options["out"], options["name"])
        # What is enrolled and what is written stand or fall together.
        with transaction.atomic():
            enrolled = enroll_ven(
                distributor=distributor,
                name=options["name"],
                owner=_owner(distributor, options["owner"]),
                resources=[(meter.number, meter) for meter in meters],
                must_sign=options["signed"],
            )
            _write(options["out"], enrolled)
        self.stdout.write(f"Enrolled {enrolled.ven.name} as {enrolled.ven.ven_id}.")
        self._say_next(options["out"], enrolled)
        if not meters:
            self.stdout.write(f"It has no meter yet: manage.py ven map “{enrolled.ven.name}” RESOURCE METER")

    def _rotate(self, distributor: Distributor, options: dict[str, Any]) -> None:
        ven = _ven(distributor, options["name"])
        _check_free(options["out"], ven.name)
        with transaction.atomic():
            enrolled = rotate_certificate(ven=ven, is_at_once=options["now"])
            _write(options["out"], enrolled)
        old = "The old one is refused from now on." if options["now"] else "The old one stays good for 7 days."
        self.stdout.write(f"A new certificate for {ven.name}. {old}")
        self._say_next(options["out"], enrolled)

    def _revoke(self, distributor: Distributor, options: dict[str, Any]) -> None:
        revoke_ven(ven=_ven(distributor, options["name"]), reason=options["reason"])
        self.stdout.write(f"{options['name']} is revoked: within a second no message of it is taken any more.")

    def _list(self, distributor: Distributor, options: dict[str, Any]) -> None:
        now = timezone.now()
        vens = Ven.objects.filter(distributor=distributor).prefetch_related("certificates", "resources")
        for ven in vens.select_related("seen"):
            good = [row.valid_to for row in ven.certificates.all() if row.revoked_at is None and row.valid_to > now]
            until = f"certificate until {max(good):%Y-%m-%d}" if good else "no certificate"
            seen = f"last heard {ven.seen.at:%Y-%m-%d %H:%M} UTC" if hasattr(ven, "seen") else "never heard"
            resources = ", ".join(row.name for row in ven.resources.all() if row.ended_at is None) or "no resources"
            state = VenState(ven.state).value
            self.stdout.write(f"{ven.name}\t{ven.ven_id}\t{state}\t{until}\t{seen}\t{resources}")

    def _pin(self, distributor: Distributor, options: dict[str, Any]) -> None:
        ven = _ven(distributor, options["name"])
        pinned = pin_certificate(ven=ven, pem=options["certificate"].read_bytes())
        self.stdout.write(f"{ven.name} may show {pinned.subject} until {pinned.valid_to:%Y-%m-%d}.")
        self.stdout.write(f"SHA-256 {pinned.fingerprint}")

    def _map(self, distributor: Distributor, options: dict[str, Any]) -> None:
        ven = _ven(distributor, options["name"])
        if options["end"]:
            resource = ven.resources.filter(name=options["resource"]).first()
            if resource is None:
                raise CommandError(f"{ven.name} has no resource “{options['resource']}”.")
            end_resource(resource=resource)
            self.stdout.write(f"{ven.name} speaks for {resource.name} no longer.")
            return
        meter = _meter(distributor, options["meter"]) if options["meter"] else None
        resource = map_resource(ven=ven, name=options["resource"], meter=meter)
        where = f"is behind meter {meter.number}" if meter else "is behind no meter"
        what = "; its reports are the meter’s readings" if resource.is_source else ""
        self.stdout.write(f"{resource.name} of {ven.name} {where}{what}.")

    def _say_next(self, folder: Path, enrolled: Enrolled) -> None:
        stem = file_stem(enrolled.ven.name)
        url = enrolled.url
        ca = ', ca_file="ca.crt"' if enrolled.ca_pem else ""
        self.stdout.write(
            f"\nIn {folder.resolve()}:\n  {stem}.crt and {stem}.key say who it is; the key is kept nowhere else.\n"
            f"  {stem}.json is its configuration{'; ca.crt vouches for the VTN' if enrolled.ca_pem else ''}.\n\n"
            "What to do next:\n"
            f"  1. Bring these files to the device, by a way that nobody else can read, and delete {stem}.key here.\n"
            f"  2. Let it register at {url} under the name {enrolled.ven.name}.\n"
            "  3. See it register: manage.py ven list, or the page of VENs.\n"
        )
        self.stdout.write(SNIPPET.format(name=enrolled.ven.name, url=url, stem=stem, ca=ca))


def _ven(distributor: Distributor, name: str) -> Ven:
    ven: Ven | None = Ven.objects.filter(distributor=distributor, name=name).first()
    if ven is None:
        raise CommandError(f"There is no VEN “{name}”.")
    return ven


def _meter(distributor: Distributor, number: str) -> Meter:
    meter = Meter.objects.filter(distributor=distributor, number=number, retired_at__isnull=True).first()
    if meter is None:
        raise CommandError(f"There is no meter {number} in service.")
    return meter


def _owner(distributor: Distributor, email: str | None) -> Entity | None:
    """Whose device it is: the person of this address, or the organization that the person is a member of."""
    if email is None:
        return None
    user = User.objects.filter(email__iexact=email, tenant=distributor.pk).first()
    if user is None:
        raise CommandError(f"Nobody of this distributor has the address {email}.")
    membership = getattr(user, "membership", None)
    return Entity.objects.get(pk=membership.organization_id if membership is not None else user.pk)


def _check_free(folder: Path, name: str) -> None:
    """Raises CommandError where a file that is to be written is there; `ca.crt` may be, of the same authority."""
    for ending in (".crt", ".key", ".json"):
        path = folder / f"{file_stem(name)}{ending}"
        if path.exists():
            raise CommandError(f"{path} is there already; move it away, or choose another folder with --out.")


def _write(folder: Path, enrolled: Enrolled) -> None:
    """Writes the files, the key for its owner's eyes only; none is overwritten.

    Raises:
        CommandError: One of them is there with another content.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    try:
        for name, text in enrolled.files.items():
            path = folder / name
            if name == "ca.crt" and path.exists() and path.read_text() == text:
                continue
            mode = 0o600 if name.endswith(".key") else 0o644
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as stream:
                written.append(path)
                stream.write(text)
    except BaseException as problem:
        for path in written:
            path.unlink(missing_ok=True)
        if isinstance(problem, FileExistsError):
            raise CommandError(f"{problem.filename} is there already; choose another folder with --out.") from None
        raise
