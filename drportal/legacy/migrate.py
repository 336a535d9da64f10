"""The whole migration: one transaction, told in one report."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from hashlib import sha256
from pathlib import Path

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import Entity, User
from common.errors import PortalError
from common.intervals import parse_local
from drportal.legacy.data import Data
from drportal.legacy.dump import Dump, DumpUnreadable, Row
from drportal.legacy.grid import Survey, add_maps, add_meters
from drportal.legacy.ids import Ids
from drportal.legacy.people import People
from drportal.legacy.places import Point, latitude_first, point_of
from drportal.legacy.report import Report
from events.models import Event, Program
from events.services import record_completed_event
from meters.models import BatchSource, BatchState, ImportBatch
from organizations.founding import password_link
from organizations.models import Distributor


@dataclass(frozen=True)
class Choices:
    """How a dump is to be read.

    Args:
        zone: of its times; None: the distributor's.
        unit: of its energies.
        latitude_first: the order of its points; None: what the points themselves allow, else longitude first.
        program: which past response periods become events of.
    """

    zone: tzinfo | None = None
    unit: str = "kWh"
    latitude_first: bool | None = None
    program: Program | None = None
    dry_run: bool = False
    send_resets: bool = False


def import_dump(*, path: Path, distributor: Distributor, choices: Choices) -> Report:
    """Brings over what is not there yet, in one transaction; the same dump twice changes nothing.

    Raises:
        DumpUnreadable: The dump as a whole makes no sense; nothing is changed.
    """
    dump, report = Dump(path), Report()
    if not dump.tables():
        raise DumpUnreadable(f"{path} has none of the first system's tables.")
    with transaction.atomic(), deed("legacy.import", by=None, reason=path.name[:200]):
        people = _bring(dump, distributor, choices, report)
        if choices.dry_run:
            transaction.set_rollback(True)
    if choices.send_resets and not choices.dry_run:
        report.mailed = _send_resets(people.holders.fresh, distributor)
    return report


def _bring(dump: Dump, distributor: Distributor, choices: Choices, report: Report) -> People:
    entities = list(dump.rows("entities"))
    ids = Ids(Entity, (row["entity_id"] for row in entities))
    people, survey = People(distributor, ids, report), Survey()
    points = _points(dump, choices, report)
    report.count("entities").rows = len(entities)
    people.add_organizations(dump.rows("organizations"), points["organizations"])
    people.add_users(list(dump.rows("users")))
    for row in dump.rows("meter_data"):
        survey.add(row)
    meters = add_meters(
        dump.rows("meters"), distributor=distributor, survey=survey, points=points["meters"], report=report
    )
    data = Data(distributor=distributor, meters=meters, zone=choices.zone, unit=choices.unit, report=report)
    batch = _batch(dump.path, distributor)
    data.store(dump.rows("meter_data"), batch=batch)
    _close(batch, report)
    add_maps(dump.rows("meter_map"), holders=people.holders, meters=meters, survey=survey, report=report)
    _add_periods(dump.rows("drp_periods"), distributor, choices, report)
    _count_entities(report)
    return people


def _count_entities(report: Report) -> None:
    """Each is a user or an organization, but for the distributor's own."""
    entities, kinds = report.count("entities"), [report.count(name) for name in ("organizations", "users")]
    entities.made = sum(kind.made for kind in kinds)
    entities.known = 1 + sum(kind.known for kind in kinds)
    entities.refused = max(0, entities.rows - entities.made - entities.known)


def _points(dump: Dump, choices: Choices, report: Report) -> dict[str, dict[str, Point]]:
    """Latitude and longitude by id, of organizations and meters."""
    found: dict[str, dict[str, Point]] = {"organizations": {}, "meters": {}}
    for table, key in (("organizations", "org_id"), ("meters", "meter_id")):
        for row in dump.rows(table):
            try:
                point = point_of(row["coordinates"])
            except ValueError as problem:
                report.notes.append(f"{table} {row[key]}: {problem}; it stays without a place.")
                continue
            if point is not None:
                found[table][row[key] or ""] = point
    every = [point for points in found.values() for point in points.values()]
    swapped = latitude_first(every) if choices.latitude_first is None else choices.latitude_first
    if every and choices.latitude_first is None and not swapped:
        report.notes.append("Points were read as longitude, latitude; --coordinates lat-lon reads them the other way.")
    if not swapped:
        found = {table: {old: (b, a) for old, (a, b) in points.items()} for table, points in found.items()}
    return {
        table: {old: point for old, point in points.items() if abs(point[0]) <= 90} for table, points in found.items()
    }


def _batch(path: Path, distributor: Distributor) -> ImportBatch:
    """What the readings came with, so that they can be taken back like those of any file."""
    digest, size = sha256(), 0
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    for file in files:
        with file.open("rb") as stream:
            while part := stream.read(1 << 20):
                digest.update(part)
                size += len(part)
    return ImportBatch.objects.create(
        distributor=distributor,
        source=BatchSource.LEGACY,
        file_name=path.name[:120],
        size_bytes=size,
        sha256=digest.hexdigest(),
        format="first system",
        state=BatchState.STORED,
        done=size,
        stored_at=timezone.now(),
    )


def _close(batch: ImportBatch, report: Report) -> None:
    """Says on the batch what it brought; one that brought nothing never was."""
    count = report.count("meter_data")
    if not count.made:
        batch.delete()
        return
    batch.totals = {"new": count.made, "unchanged": count.known, "refused": count.refused}
    batch.save(update_fields=["totals"])


def _add_periods(rows: Iterator[Row], distributor: Distributor, choices: Choices, report: Report) -> None:
    zone = choices.zone or distributor.zone
    for row in rows:
        count, old = report.count("drp_periods"), row["drp_id"] or ""
        count.rows += 1
        if choices.program is None:
            report.refuse("drp_periods", old, "no --program was named whose events they are")
            continue
        try:
            start, end = (parse_local(row[name] or "", zone).astimezone(UTC) for name in ("start_time", "end_time"))
            if Event.objects.filter(program=choices.program, start=start, end=end).exists():
                count.known += 1
                continue
            with transaction.atomic():
                record_completed_event(program=choices.program, start=start, end=end)
            count.made += 1
        except (PortalError, ValueError) as problem:
            report.refuse("drp_periods", old, str(problem).rstrip("."))


def _send_resets(people: list[User], distributor: Distributor) -> int:
    """How many of the people who came over now were sent a link to choose a password."""
    for user in people:
        words = {"name": user.get_short_name(), "distributor": distributor.name, "link": password_link(user=user)}
        with translation.override(user.language or translation.get_language()):
            subject = _("Your account at %(distributor)s") % words
            mail = EmailMessage(subject, render_to_string("drportal/mail/carried_over.txt", words), to=[user.email])
        mail.portal_user = user  # type: ignore[attr-defined]  # whose it is, for the outbox
        mail.send()
    return len(people)
