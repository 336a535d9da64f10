"""The devices of Larkfield: homes and a pump house that answer events by OpenADR, and an event ready to be started.

Their past comes from the same physics as their present, so that what they are paid for is what they gave up.
"""

import csv
import json
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from django.db.models import Max

from accounts.models import User
from common.intervals import local_day, resolve_local
from drportal.demo import people
from drportal.demo.simulate import simulate
from events.agreement import terms_hash
from events.models import Event, PayCap, Program
from events.services import Agreement, Terms, Words, apply, create_event, create_program, enroll
from meters.models import IntervalReading, Meter
from meters.services import ReadingFile, import_file, import_meter_list, map_meter
from openadr.models import Ven
from openadr.services.enrolling import enroll_ven
from organizations.models import Distributor, Organization

PROGRAM, PUMPS, OPERATED_BY = "Devices that answer", "H-0001", "Larkfield Water Works"
HOMES, DAYS = 20, 40
SHED_KW = "30,60,90"
TERMS = Terms(
    preset="ten-in-ten-ratio-20",
    rate_per_kwh=Decimal("2.50"),
    pay_cap=PayCap.UP_TO_SITE_LOAD,
    cap_per_event=Decimal(50),
    wholesale_cost_per_kw=Decimal("10.35"),
    terms_text=(
        "Your heat pump, water heater or car charger waits a little when the grid is short. You need not do anything; "
        "at the device you can always say no. We pay you for every kWh that was not needed."
    ),
)
Say = Callable[[str], None]


def found(distributor: Distributor, folder: Path, now: datetime, say: Say) -> None:
    """Meters, residents, VENs and their program; what is there already stays."""
    if not Meter.objects.filter(distributor=distributor, number=PUMPS).exists():
        say("Putting devices into homes …")
        _place_meters(distributor, folder)
    _read_past(distributor, folder, now, say)
    _enroll_vens(distributor, folder)


def join(distributor: Distributor, now: datetime) -> None:
    """The program with everybody in it, and its event as a draft that one click starts."""
    operator = people.somebody("operator")
    program = Program.objects.filter(distributor=distributor, name=PROGRAM).first()
    if program is None:
        program = create_program(distributor=distributor, name=PROGRAM, terms=TERMS)[0].program
        Program.objects.filter(pk=program.pk).update(description="Devices hear of events by themselves, at any hour")
        _bring_in(program)
    if not Event.objects.filter(program=program, start__gt=now).exists():
        tomorrow = local_day(now, distributor.zone) + timedelta(days=1)
        start = resolve_local(datetime.combine(tomorrow, time(18)), distributor.zone)
        words = Words(note="Your devices do it for you.", target_kw=Decimal(60))
        create_event(program=program, start=start, end=start + timedelta(minutes=15), words=words, by=operator)


def _place_meters(distributor: Distributor, folder: Path) -> None:
    file, owners = folder / "devices.csv", folder / "device-people.csv"
    simulate("homes", "meters", "--count", HOMES, "--out", file, "--people", owners)
    with file.open("a", newline="") as stream:
        csv.writer(stream).writerow([PUMPS, "pumps", "60", "River pump house", 42.6042, -74.1731, "", 5, "false"])
    import_meter_list(distributor=distributor, path=file)
    meters = {meter.number: meter for meter in Meter.objects.filter(distributor=distributor)}
    with owners.open(newline="") as stream:
        for row in csv.DictReader(stream):
            person = people.newcomer(distributor, row["owner_name"])
            map_meter(meter=meters[row["meter"]], holder=person, valid_from=people.LONG_AGO)
    works = Organization.objects.get(distributor=distributor, name=OPERATED_BY)
    map_meter(meter=meters[PUMPS], holder=works, valid_from=people.LONG_AGO)


def _read_past(distributor: Distributor, folder: Path, now: datetime, say: Say) -> None:
    """Imports what the devices' meters counted since their newest reading."""
    rows = IntervalReading.objects.filter(meter__distributor=distributor, meter__number=PUMPS)
    newest = rows.aggregate(at=Max("start"))["at"]
    say(f"Reading the devices' meters of {DAYS} days …" if newest is None else "Reading the devices' meters …")
    since = newest - timedelta(hours=1) if newest else now - timedelta(days=DAYS)
    span = ["--start", f"{since:%Y-%m-%dT%H:00:00Z}", "--end", f"{now:%Y-%m-%dT%H:%M:00Z}"]
    homes, pumps = folder / "homes.csv.gz", folder / "pumps.csv"
    simulate("homes", "history", "--count", HOMES, "--out", homes, "--state", folder / "homes.state", *span)
    simulate("hil", "history", "--meter", PUMPS, "--out", pumps, *span)
    for file in (homes, pumps):
        import_file(distributor=distributor, file=ReadingFile(file))


def _enroll_vens(distributor: Distributor, folder: Path) -> None:
    """A VEN for each home, and one for the pump house, whose configuration its bridge reads."""
    known = set(Ven.objects.filter(distributor=distributor).values_list("name", flat=True))
    held = Meter.objects.filter(distributor=distributor, number__startswith="D-") | Meter.objects.filter(
        distributor=distributor, number=PUMPS
    )
    for meter in held.prefetch_related("maps__entity").order_by("number"):
        if meter.number in known:
            continue
        owner = next(row.entity for row in meter.maps.all() if row.entity_id != distributor.pk)
        enrolled = enroll_ven(
            distributor=distributor, name=meter.number, owner=owner, resources=[(meter.number, meter)],
            by=people.somebody("operator"),
        )  # fmt: skip
        if meter.number == PUMPS:
            # In the demonstration everything is on this machine: no certificate is asked for.
            plain = {"certificate": None, "key": None, "ca": None}
            (folder / "bridge.json").write_text(json.dumps(json.loads(enrolled.configuration) | plain))


def _bring_in(program: Program) -> None:
    version = program.current
    assert version is not None
    agreement = Agreement(sha256=terms_hash(version))
    meters = Meter.objects.filter(distributor=program.distributor)
    enroll(program=program, meter=meters.get(number=PUMPS), source="Contract of the season")
    for meter in meters.filter(number__startswith="D-").order_by("number"):
        row = meter.maps.get(holder_kind="user", valid_to=None)
        person: User = row.entity.as_user
        apply(program=program, meters=[meter], agreement=agreement, by=person)
