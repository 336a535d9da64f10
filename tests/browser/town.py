"""A small believable town: three weeks of readings, forecasts, one settled event, one announced for tomorrow."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from zlib import crc32

import numpy as np
from django.utils import timezone

from accounts.models import ApprovalStatus, Scope, StaffRole, User
from common.holiday_calendar import calendar_days
from common.intervals import local_day, resolve_local
from delivery.services import drain
from events.models import Event, Program
from events.services import Terms, create_event, create_program, enroll, notify_event, record_completed_event
from events.services import schedule_event as schedule
from events.term_templates import BY_KEY
from forecasting.services import issue_forecast
from meters.models import (
    BatchSource,
    DailyEnergy,
    Exclusion,
    ExclusionKind,
    Feeder,
    IntervalReading,
    Meter,
    QualityHit,
    QualityRule,
)
from meters.services import Readings, ingest_readings
from meters.services.batches import check_batch, take_file
from openadr.models import Upstream, UpstreamEvent
from organizations.models import Distributor, Organization, OrganizationGroup
from organizations.services import Guest, create_group, invite, set_group_members
from settlement.models import MonthLine, MonthRun, SettlementLine
from settlement.services import ask_adjustment, open_dispute, post_run, read_event_sheet, settle
from tests.browser.devices import build_devices
from tests.browser.mail import link_in, newest_to
from tests.builder import (
    PASSWORD,
    make_distributor,
    make_member,
    make_meter,
    make_organization,
    make_platform,
    make_token,
    make_user,
    map_meter,
)

DAYS = 21
HALF_HOUR = timedelta(minutes=30)
# The readings end this long ago, so that a test can send newer ones.
BEHIND = timedelta(hours=3)
NEEDED_IN_EVENT = 0.7
# Wh per half hour of a day, hour by hour: a home with an evening peak, a school with a day.
HOME = [
    180, 160, 150, 150, 160, 200, 320, 420, 380, 300, 280, 290,
    320, 300, 290, 330, 460, 640, 720, 690, 600, 480, 340, 230,
]  # fmt: skip
SCHOOL = [4, 4, 4, 4, 4, 5, 9, 16, 22, 24, 25, 25, 24, 24, 22, 19, 14, 10, 8, 7, 6, 5, 4, 4]  # fmt: skip


@dataclass
class Town:
    """Who and what there is. Tests of Maple change its people; everything else is only read or answered."""

    distributor: Distributor
    program: Program
    past: Event
    coming: Event
    maple: Organization
    harbor: Organization
    people: dict[str, User]
    home: Meter
    neighbor_home: Meter
    pump: Meter
    hall: Meter
    reward: int
    sheet: int
    dispute: int
    adjustment: int
    standby: int
    token_key: str
    group: OrganizationGroup
    invitation: str
    upload: int
    doubt: int
    outage: int
    upstream: int
    ven: int
    ven_message: int
    harbor_upload: int
    # A program that anybody may join and nobody is in.
    offer: int

    def newest(self, meter: Meter) -> datetime:
        """The start of the meter's newest reading."""
        found: datetime = meter.readings.latest("start").start
        return found


def build() -> Town:
    """The town up to now, its notices delivered."""
    distributor = make_distributor("Larkfield Electric", holiday_calendar="US", contact_email="help@larkfield.example")
    maple, harbor = (make_organization(distributor, name) for name in ("Maple Street School", "Harbor Water Works"))
    people = _people(distributor, maple, harbor)
    meters = _meters(distributor, people, maple, harbor)
    program = _program(distributor, list(meters.values()))
    past_start = _evening(distributor, _business_day(distributor))
    _read(distributor, list(meters.values()), past_start)
    _forecast(distributor)
    past = record_completed_event(program=program, start=past_start, end=past_start + 4 * HALF_HOUR)
    post_run(run=settle(event=past))
    coming = _announce(program)
    while drain(limit=1000):  # a notice becomes mails, which are messages of their own
        pass
    group = create_group(distributor=distributor, name="Larkfield", by=people["operator"])
    set_group_members(group=group, organizations=[harbor], by=people["operator"])
    reward = SettlementLine.objects.get(run__event=past, meter=meters["home"]).pk
    key = make_token(people["operator"], Scope.READINGS_WRITE)[1]
    uploads = {
        "upload": _upload(distributor, people["operator"]),
        "doubt": _doubt(meters["home"]),
        "outage": _outage(meters["home"]),
        "upstream": _upstream(program),
        "harbor_upload": _upload(distributor, people["director"], harbor),
    }
    more = {
        **uploads,
        "reward": reward,
        "sheet": _sheet(past),
        **_dispute(distributor, past, meters["pump"], people),
        "standby": _standby(program, meters["pump"], harbor),
        **build_devices(meters["home"], meters["neighbor_home"], meters["pump"], coming),
        "token_key": key,
        "offer": _offer(distributor),
        "group": group,
        "invitation": _invite(harbor, people["director"]),
    }
    return Town(distributor, program, past, coming, maple, harbor, people, **more, **meters)


def _dispute(distributor: Distributor, event: Event, meter: Meter, people: dict[str, User]) -> dict[str, int]:
    """An objection of the water works that was answered, and an adjustment that waits for somebody else."""
    line = SettlementLine.objects.filter(run__event=event, meter=meter).earliest("pk")
    words = "The pump stood still that morning.\nPlease look at it again."
    dispute = open_dispute(line=line, category="day", words=words, by=people["director"])
    adjustment = ask_adjustment(
        distributor=distributor,
        holder=people["resident"],
        amount=Decimal("2.50"),
        reason="Two of your readings came late.",
        by=people["staff"],
    )
    return {"dispute": dispute.pk, "adjustment": adjustment.pk}


def _standby(program: Program, meter: Meter, holder: Organization) -> int:
    """A month of standing by that waits for its approval; the pump was called for two hours of it."""
    first = timezone.now().date().replace(day=1) - timedelta(days=40)
    run = MonthRun.objects.create(program=program, month=first.replace(day=1), number=1, inputs_sha256="0" * 64)
    event = {"nomination_kw": "40.000", "counted_kw": "30/1", "hours": "2/1", "price_per_kw_month": "4.0000"}
    trace = {"month_share": "1/1", "events": [event], "standing": []}
    MonthLine.objects.create(
        run=run, meter=meter, holder_id=holder.pk, factor="3/4", credit=Decimal("120.00"), trace=trace
    )
    return run.pk


def _sheet(event: Event) -> int:
    """The utility's own sheet of an event, in which the home is paid too much."""
    content = b"meter,nomination_kw,credit\nR-4018,3,99.00\n"
    return read_event_sheet(event=event, content=content, file_name="sheet.csv").pk


def _upstream(program: Program) -> int:
    """The market above, of which one event became the one to come."""
    row = Upstream.objects.create(
        distributor=program.distributor,
        name="Market operator",
        url="https://vtn.example.com/OpenADR2/Simple/2.0b",
        program=program,
        ven_name="larkfield",
        last_fault="untrusted self-signed certificate",
        failing_since=timezone.now() - timedelta(hours=2),
    )
    event = program.events.order_by("-start").first()
    assert event is not None
    UpstreamEvent.objects.create(
        upstream=row, event_ref="peak-4711", modification_number=1, start=event.start, end=event.end, status="far",
        event=event, note="called", opt="optIn", applied_modification=1, answered_modification=1, answered_opt="optIn",
    )  # fmt: skip
    return row.pk


def _outage(meter: Meter) -> int:
    """A storm, weeks ago."""
    start = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=40)
    row = Exclusion.objects.create(
        distributor=meter.distributor,
        kind=ExclusionKind.OUTAGE,
        meter=meter,
        start=start,
        end=start + timedelta(hours=3),
        source="operator",
        note="Storm in the north",
    )
    return row.pk


def _doubt(meter: Meter) -> int:
    """A value that looks wrong, and the meter's sums of the last days."""
    DailyEnergy.objects.filter(meter=meter).delete()
    newest = IntervalReading.objects.filter(meter=meter).latest("start")
    yesterday = (newest.start - timedelta(days=1)).date()
    for number, slots in enumerate((48, 20, 48, 0, 47)):
        counted = {"slots": slots, "estimated_slots": slots // 10, "energy_wh": 1, "peak_wh": 1}
        day = yesterday - timedelta(days=number)
        DailyEnergy.objects.create(meter=meter, day=day, peak_start=newest.start, **counted)
    span = {"start": newest.start - timedelta(hours=4), "end": newest.start - timedelta(hours=3)}
    hit = QualityHit.objects.create(
        distributor=meter.distributor, meter=meter, rule=QualityRule.SPIKE, value_wh=90_000, usual_wh=400, **span
    )
    return hit.pk


def _upload(distributor: Distributor, by: User, organization: Organization | None = None) -> int:
    """A file that is checked and not stored, with rows left out."""
    rows = b"meter,start,kwh\nLF-003,2021-03-21T00:00,1\nLF-003,2021-03-21T00:30,many\nLF-999,2021-03-21T00:00,1\n"
    batch = take_file(
        distributor=distributor,
        source=BatchSource.PAGE,
        name="may.csv",
        stream=BytesIO(rows),
        options={},
        by=by,
        organization=organization,
    )
    return check_batch(batch=batch).pk


def _invite(organization: Organization, by: User) -> str:
    """What the link of an open invitation ends with."""
    invite(organization=organization, guest=Guest("guest@larkfield.example"), by=by)
    return link_in(newest_to("guest@larkfield.example")).rpartition("/")[2]


def _people(distributor: Distributor, maple: Organization, harbor: Organization) -> dict[str, User]:
    waits = {"approval_status": ApprovalStatus.PENDING}
    make = {
        "resident": lambda **who: make_user(distributor, **who),
        "neighbor": lambda **who: make_user(distributor, **who),
        "newcomer": lambda **who: make_user(distributor, **who),
        "principal": lambda **who: make_member(maple, **who),
        "teacher": lambda **who: make_member(maple, **who),
        "waiting": lambda **who: make_member(maple, **who, **waits),
        "director": lambda **who: make_member(harbor, **who),
        "engineer": lambda **who: make_member(harbor, **who),
        "applicant": lambda **who: make_member(harbor, **who, **waits),
        "operator": lambda **who: make_user(distributor, staff_role=StaffRole.ADMIN, **who),
        "staff": lambda **who: make_user(distributor, staff_role=StaffRole.STAFF, **who),
        "auditor": lambda **who: make_user(distributor, staff_role=StaffRole.AUDITOR, **who),
    }  # fmt: skip
    names = {
        "resident": "Dana Whitfield",
        "teacher": "Sam Okafor",
        "waiting": "Noa Lindqvist",
        "principal": "Ana Reyes",
    }
    people = {}
    for part, maker in make.items():
        first, last = names.get(part, f"{part.capitalize()} Larkfield").split()
        email = f"{part}@larkfield.example"
        people[part] = maker(email=email, password=PASSWORD, first_name=first, last_name=last)
    people["platform"] = make_platform("platform@larkfield.example")
    return people


def _meters(
    distributor: Distributor, people: dict[str, User], maple: Organization, harbor: Organization
) -> dict[str, Meter]:
    feeder = Feeder.objects.create(distributor=distributor, name="North")
    holders = {"home": people["resident"], "neighbor_home": people["neighbor"], "pump": harbor, "hall": harbor}
    made = {}
    for place, (name, holder) in enumerate(holders.items()):
        is_home = isinstance(holder, User)
        made[name] = make_meter(
            distributor,
            f"LF-{place + 1:03}",
            name=f"{name.replace('_', ' ').capitalize()}",
            usage_kind="home" if is_home else "school",
            feeder=feeder,
            contracted_kw=Decimal(1) if is_home else Decimal(20),
            latitude=Decimal("44.30") + Decimal(place) / 100,
            longitude=Decimal("-72.10") - Decimal(place % 2) / 100,
        )
        map_meter(made[name], holder)
    map_meter(make_meter(distributor, "LF-009", name="Gym", usage_kind="school"), maple)
    return made


def _program(distributor: Distributor, meters: list[Meter]) -> Program:
    terms = Terms("three-day", Decimal("2.80"), Decimal("10.35"), holiday_calendar="US")
    program = create_program(distributor=distributor, name="Evening peak", terms=terms)[0].program
    for meter in meters:
        enroll(program=program, meter=meter)
    return program


def _offer(distributor: Distributor) -> int:
    """A program without promises that anybody may join."""
    version, _is_new = create_program(distributor=distributor, name="Peak rebate", terms=BY_KEY["rebate"].terms)
    return version.program_id


def _business_day(distributor: Distributor) -> int:
    """How many days ago the past event was: the second business day before today."""
    today = local_day(timezone.now(), distributor.zone)
    holidays = calendar_days("US", (today.year - 1, today.year))
    days = [today - timedelta(days=back) for back in range(1, 12)]
    business = [day for day in days if day.weekday() < 5 and day not in holidays]
    return (today - business[1]).days


def _evening(distributor: Distributor, days_ago: int) -> datetime:
    """Five o'clock in the afternoon, so many local days ago."""
    day = local_day(timezone.now(), distributor.zone) - timedelta(days=days_ago)
    return resolve_local(datetime.combine(day, time(17)), distributor.zone)


def _read(distributor: Distributor, meters: list[Meter], event_start: datetime) -> None:
    """What everybody used: the day's shape, less at weekends, chance of ten percent, less in the event."""
    end = (timezone.now() - BEHIND).replace(minute=0, second=0, microsecond=0)
    starts = np.arange(int((end - timedelta(days=DAYS)).timestamp()), int(end.timestamp()), 1800)
    for meter in meters:
        energies = _energies(meter, starts, distributor)
        inside = (starts >= event_start.timestamp()) & (starts < (event_start + 4 * HALF_HOUR).timestamp())
        energies[inside] *= NEEDED_IN_EVENT
        readings = Readings(np.full(len(starts), meter.pk), starts, np.rint(energies).astype(np.int64))
        ingest_readings(distributor=distributor, readings=readings, source="town")


def _energies(meter: Meter, starts: np.ndarray, distributor: Distributor) -> np.ndarray:
    chance = np.random.default_rng(crc32(meter.number.encode()))
    moments = [datetime.fromtimestamp(at, distributor.zone) for at in starts.tolist()]
    is_home = meter.usage_kind == "home"
    day = np.array(HOME if is_home else SCHOOL, float) * (1 if is_home else 500)
    shape = day[[moment.hour for moment in moments]]
    weekend = np.array([moment.weekday() >= 5 for moment in moments])
    shape[weekend] *= 1.1 if is_home else 0.4
    return shape * chance.normal(1, 0.1, len(starts)).clip(0.5, 1.5)


def _forecast(distributor: Distributor) -> None:
    """The forecasts of the last nine midnights."""
    today = local_day(timezone.now(), distributor.zone)
    for back in range(8, -1, -1):
        issued = resolve_local(datetime.combine(today - timedelta(days=back), time(0)), distributor.zone)
        issue_forecast(distributor=distributor, issued_at=issued, horizon_hours=72, engine="similar-days")


def _announce(program: Program) -> Event:
    start = _evening(program.distributor, -1)
    event = create_event(program=program, start=start, end=start + 4 * HALF_HOUR)
    return notify_event(event=schedule(event=event))
