"""The two programs of Larkfield: one for organizations that promise kW, one for homes that are paid per kWh saved.

Their events are at the same hours of the same days, because everybody with a contract in the virtual town answers every
event. No meter is in both.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from accounts.models import Kind
from common.intervals import local_day, resolve_local
from drportal.demo import people
from events.agreement import terms_hash
from events.models import ParticipationState, PayCap, Program, ProgramVersion
from events.services import (
    Agreement,
    Terms,
    apply,
    create_event,
    create_program,
    delete_event,
    enroll,
    notify_event,
    schedule_event,
)
from meters.models import Meter, MeterMap
from organizations.models import Distributor

PEAK, HOMES = "Evening peak", "Evenings at home"
# The meter that its organization asks to bring in, and the vacant home that somebody has just moved into.
ASKS, NEWCOMER = "L-0103", "L-0039"
DAYS_THERE = 4
PEAK_TERMS = Terms(
    preset="three-day",
    rate_per_kw=Decimal("2.80"),
    wholesale_cost_per_kw=Decimal("10.35"),
    capacity_per_kw_month=Decimal("0.50"),
    holiday_calendar="US",
)
HOMES_TEXT = """\
On some evenings everybody uses electricity at once, and the last of it is the dearest. We write to you the day before \
such an evening. Use less from five to seven, and we pay you for what you saved.

It never costs you anything: whoever skips an event, or uses more than usual, pays nothing and loses nothing.

To know what events bring, we leave out one home in ten of each event, drawn anew by lot. Whoever is left out is asked \
for nothing that evening and earns nothing."""


def homes_terms(today: date) -> Terms:
    """The terms for homes: a season of a year around today."""
    first = (today - timedelta(days=120)).replace(day=1)
    last = first.replace(year=first.year + 1) - timedelta(days=1)
    return Terms(
        preset="ten-in-ten-ratio-20",
        rate_per_kwh=Decimal("2.00"),
        points_per_kwh=100,
        pay_cap=PayCap.UP_TO_SITE_LOAD,
        cap_per_event=Decimal(10),
        wholesale_cost_per_kw=Decimal("10.35"),
        holiday_calendar="US",
        season_start=first,
        season_end=last,
        hours_from=time(16),
        hours_to=time(21),
        business_days_only=True,
        max_events=30,
        max_events_per_week=3,
        max_minutes=180,
        notice_minutes=120,
        opt_out_minutes=60,
        control_share=Decimal("0.1"),
        budget=Decimal(2000),
        terms_text=HOMES_TEXT,
    )


def found(distributor: Distributor, now: datetime) -> None:
    """Both programs with their terms, and the organizations' meters in theirs, but for one."""
    today = local_day(now, distributor.zone)
    peak = create_program(distributor=distributor, name=PEAK, terms=PEAK_TERMS)[0].program
    homes = create_program(distributor=distributor, name=HOMES, terms=homes_terms(today))[0].program
    Program.objects.filter(pk=peak.pk).update(description="For organizations. Business days, 5 to 7 pm")
    Program.objects.filter(pk=homes.pk).update(description="For homes. Business days, 5 to 7 pm, told the day before")
    held = Meter.objects.filter(distributor=distributor, number__startswith="L-01").exclude(number=ASKS)
    for meter in held.order_by("number"):
        enroll(program=peak, meter=meter, source="Contract of the season")
    people.move_in(distributor, NEWCOMER, _midnight(today - timedelta(days=DAYS_THERE), distributor))


def join(distributor: Distributor) -> None:
    """Residents join the program for homes, and an organization asks to bring one more meter into its own."""
    homes = Program.objects.filter(distributor=distributor, name=HOMES).first()
    if homes is None or homes.enrollments.exists():
        return
    agreement = Agreement(sha256=terms_hash(_in_force(homes)))
    for row in _residents(distributor):
        apply(program=homes, meters=[row.meter], agreement=agreement, by=row.entity.as_user)
    peak = Program.objects.get(distributor=distributor, name=PEAK)
    agreement = Agreement(sha256=terms_hash(_in_force(peak)))
    meter = Meter.objects.get(distributor=distributor, number=ASKS)
    apply(program=peak, meters=[meter], agreement=agreement, by=people.somebody("principal"))


def _residents(distributor: Distributor) -> list[MeterMap]:
    """The present maps of those who take part: the homes with a contract, and the newcomer's."""
    town = MeterMap.objects.filter(meter__distributor=distributor, meter__number__startswith="L-")
    maps = town.filter(valid_to=None, holder_kind=Kind.USER)
    rows = maps.select_related("meter__distributor", "entity__as_user").order_by("meter__number")
    return [row for row in rows if row.meter.contracted_kw is not None or row.meter.number == NEWCOMER]


def _in_force(program: Program) -> ProgramVersion:
    version = program.current
    assert version is not None
    return version


def call_next(program: Program, span: tuple[datetime, datetime]) -> None:
    """The program's next event, announced. Whoever logs in as the resident is asked: the lot is drawn until then."""
    operator, resident = people.somebody("operator"), people.somebody("dana.whitfield")
    start, end = span
    while True:
        draft = create_event(program=program, start=start, end=end, by=operator)
        event = schedule_event(event=draft, by=operator)
        drawn = event.participations.filter(state=ParticipationState.HELD_OUT)
        if not drawn.filter(meter__in=Meter.objects.held_by(resident.pk, start)).exists():
            break
        delete_event(event=event, by=operator)
    notify_event(event=event, by=operator)


def _midnight(day: date, distributor: Distributor) -> datetime:
    return resolve_local(datetime.combine(day, time(0)), distributor.zone)
