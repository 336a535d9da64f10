"""The utility's list of meters into the portal."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Entity, Kind
from common.constraints import explain_integrity_error
from meters.errors import UnknownOrganization
from meters.formats import Lines, RowProblem, Table
from meters.models import Feeder, Meter, MeterMap
from meters.services.maps import map_meter
from organizations.models import Distributor, Organization

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = {
    "meter": "number",
    "kind": "usage_kind",
    "nomination_kw": "contracted_kw",
    "name": "name",
    "lat": "latitude",
    "lon": "longitude",
    "feeder": "feeder",
    "interval_minutes": "interval_minutes",
    "exports": "exports",
}
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
# Fewer neighbours in a row may share values by chance.
_SHIFTED = 3


class PowerChange(NamedTuple):
    """One meter's contracted power, before and after, with the row that says so."""

    row: int
    meter: str
    old: Decimal | None
    new: Decimal | None


@dataclass
class RegisterReport:
    """What became of a list of meters; `warnings` are sentences about what looks like a slip."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    mapped: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    powers: list[PowerChange] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class _Wanted(NamedTuple):
    """One row of the list: its number, the meter's, and the values of its other columns."""

    row: int
    number: str
    values: dict[str, Any]


def organization_named(name: str, distributor: Distributor) -> Organization:
    """The distributor's organization of this name.

    Raises:
        UnknownOrganization: There is none.
    """
    found = Organization.objects.filter(distributor=distributor, name=name).first()
    if found is None:
        raise UnknownOrganization(f"There is no organization “{name}”.")
    return found


@transaction.atomic
def import_meter_list(
    *, distributor: Distributor, path: Path, organization: Organization | None = None
) -> RegisterReport:
    """Creates the meters of a CSV list, or changes those that exist to what it says; twice is once.

    An empty contracted power takes it away; any other empty cell leaves what is stored. With an organization
    all meters of the list become its own: new ones from the beginning of time, others from now.

    Raises:
        UnreadableFile: It has no column “meter”, or is no text; nothing is changed.
    """
    # Before any meter, in the order of the maps' triggers: two lists at once wait for each other here.
    Entity.objects.select_for_update().get(pk=distributor.pk, kind=Kind.DISTRIBUTOR)
    report = RegisterReport()
    with closing(Lines(path)) as lines:
        wanted = list(_read(Table(lines), report))
        if not wanted and not report.problems:
            raise lines.refusal("lists no meters")
    register = _Register(distributor, organization, report)
    for row in wanted:
        register.take(row)
    report.warnings = list(shifted_blocks(register.compared))
    return report


def _read(table: Table, report: RegisterReport) -> Iterator[_Wanted]:
    at_meter = table.index("meter")
    if at_meter is None:
        raise table.lines.refusal("has no column “meter”")
    strange = [name for name, key in zip(table.names, table.keys, strict=True) if key not in _COLUMNS]
    if strange:
        raise table.lines.refusal(f"has a column “{strange[0][:40]}” that is not known; known: {', '.join(_COLUMNS)}")
    seen: dict[str, int] = {}
    for cells in table.rows():
        number = cells[at_meter].strip() if len(cells) == len(table.keys) else ""
        try:
            yield _row(table, cells, number, seen)
        except ValueError as problem:
            report.problems.append(RowProblem(table.number, number[:40], "", str(problem)))


def _row(table: Table, cells: Sequence[str], number: str, seen: dict[str, int]) -> _Wanted:
    if len(cells) != len(table.keys):
        raise ValueError(table.length_problem(cells))
    if not number:
        raise ValueError("the meter is missing")
    if number in seen:
        raise ValueError(f"the meter is listed in row {seen[number]} already")
    seen[number] = table.number
    texts = {_COLUMNS[key]: cell.strip() for key, cell in zip(table.keys, cells, strict=True)}
    values = {name: _value(name, text) for name, text in texts.items() if text and name != "number"}
    if texts.get("contracted_kw") == "":
        values["contracted_kw"] = None
    return _Wanted(table.number, number, values)


def _value(name: str, text: str) -> Any:
    if name == "feeder":
        return text
    if name == "exports":
        if text.lower() not in _WORDS:
            raise ValueError(f"exports is yes or no, not “{text[:40]}”")
        return _WORDS[text.lower()]
    try:
        value = Meter._meta.get_field(name).to_python(text)  # type: ignore[union-attr]  # a column, never the other side of a relation
        # A tenth of a meter on the ground is what the column holds.
        return round(value, 6) if name in ("latitude", "longitude") else value
    except ValidationError:
        column = next(column for column, attribute in _COLUMNS.items() if attribute == name)
        raise ValueError(f"{column}: “{text[:40]}” is not a number") from None


class _Register:
    """Takes one wanted meter after the other."""

    def __init__(self, distributor: Distributor, organization: Organization | None, report: RegisterReport) -> None:
        self.distributor, self.organization, self.report = distributor, organization, report
        meters = Meter.objects.filter(distributor=distributor).order_by("pk").select_for_update()
        self.meters = {meter.number: meter for meter in meters}
        self.feeders = {feeder.name: feeder for feeder in Feeder.objects.filter(distributor=distributor)}
        self.compared: list[PowerChange] = []

    def take(self, wanted: _Wanted) -> None:
        """Creates or changes one meter, or reports why not."""
        old = self.meters.get(wanted.number)
        meter = copy(old) if old else Meter(distributor=self.distributor, number=wanted.number)
        try:
            with transaction.atomic():
                self._apply(meter, wanted.values)
                changed = old is None or self._differs(meter, old)
                if changed:
                    meter.clean_fields(exclude=["distributor", "feeder"])
                    meter.save()
        except (ValidationError, IntegrityError) as refusal:
            self.report.problems.append(RowProblem(wanted.row, wanted.number[:40], "", _sentence(refusal)))
            return
        self.meters[wanted.number] = meter
        self._count(old, changed)
        self._compare(wanted, meter, old)
        self._map(meter, old)

    def _apply(self, meter: Meter, values: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(meter, name, self._feeder(value) if name == "feeder" else value)
        if meter.pk and "interval_minutes" in values:
            stored = self.meters[meter.number].interval_minutes
            if stored != meter.interval_minutes and meter.readings.exists():
                raise ValidationError(f"it has readings of {stored} minutes, so its interval cannot change")

    def _feeder(self, name: str) -> Feeder:
        if name not in self.feeders:
            feeder = Feeder(distributor=self.distributor, name=name)
            feeder.clean_fields(exclude=["distributor"])
            feeder.save()
            self.feeders[name] = feeder
        return self.feeders[name]

    def _differs(self, meter: Meter, old: Meter) -> bool:
        names = {"feeder_id", *_COLUMNS.values()} - {"feeder"}
        return any(getattr(meter, name) != getattr(old, name) for name in names)

    def _count(self, old: Meter | None, changed: bool) -> None:
        self.report.created += old is None
        self.report.updated += old is not None and changed
        self.report.unchanged += not changed

    def _compare(self, wanted: _Wanted, meter: Meter, old: Meter | None) -> None:
        if old is None or "contracted_kw" not in wanted.values:
            return
        change = PowerChange(wanted.row, wanted.number, old.contracted_kw, meter.contracted_kw)
        self.compared.append(change)
        if change.old != change.new:
            self.report.powers.append(change)

    def _map(self, meter: Meter, old: Meter | None) -> None:
        if self.organization is None:
            return
        if MeterMap.objects.open().filter(meter=meter, entity_id=self.organization.pk).exists():
            return
        # Of a new meter nobody else has readings; of an older one what was read before stays private.
        since = EPOCH if old is None else timezone.now()
        map_meter(meter=meter, holder=self.organization, valid_from=since)
        self.report.mapped += 1


def shifted_blocks(compared: Sequence[PowerChange]) -> Iterator[str]:
    """One sentence per block of the list in which meters would get what their neighbour has now.

    Args:
        compared: Old and new of every listed meter that existed, in the order of the list.
    """
    following = pairwise(compared)
    preceding = ((each, other) for other, each in pairwise(compared))
    for pairs, neighbor in ((following, "following"), (preceding, "preceding")):
        for alike, block in groupby(pairs, lambda pair: pair[0].new == pair[1].old):
            slipped = [change for change, _ in block if change.new != change.old]
            if alike and len(slipped) >= _SHIFTED:
                yield (
                    f"Rows {slipped[0].row} to {slipped[-1].row}: {len(slipped)} meters get the contracted "
                    f"power that the {neighbor} meter in the list had until now. Has the column slipped?"
                )


def _sentence(refusal: ValidationError | IntegrityError) -> str:
    if isinstance(refusal, IntegrityError):
        return explain_integrity_error(refusal).rstrip(".")
    if not hasattr(refusal, "error_dict"):
        return " ".join(refusal.messages)
    columns = {attribute: column for column, attribute in _COLUMNS.items()}
    parts = [f"{columns.get(name, name)}: {' '.join(texts)}" for name, texts in refusal.message_dict.items()]
    return " ".join(parts).rstrip(".")
