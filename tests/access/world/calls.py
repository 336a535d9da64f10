"""Programs and events of a side in each state, settled and forecast."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from dashboards.tests.story import (
    HALF_HOUR,
    add_readings,
    coming_event,
    lower,
    make_program,
    now_slot,
    past_event,
    settled,
)
from events.models import Enrollment, Participation, PayCap, Program
from events.services import Terms, create_event, create_program
from forecasting.services import issue_forecast
from settlement.baselines import PRESETS, rule_data, rule_hash
from settlement.models import (
    BaselineRule,
    FlagKind,
    IntegrityFlag,
    PlaceboReport,
    ReportState,
    SettlementLine,
)
from settlement.services import read_event_sheet
from settlement.tests.placebo_world import placebo_result
from tests.access.world.books import keep_books, open_objection
from tests.access.world.life import Life


def call_events(life: Life, name: str) -> None:
    """Readings, a past event with its settlement, one to come, a draft, and a forecast."""
    side = life.side
    for meter, days in ((side.home, 8), (side.neighbor_home, 1), (side.school, 8)):
        add_readings(meter, days=days)
    program = make_program(side, side.home, side.school)
    program.description = f"{name} evenings, described"
    program.save()
    past, coming = past_event(program), coming_event(program)
    lower(side.home, past, 100)
    lower(side.school, past, 100)
    run = settled(past)
    _offer(life, name)
    _rule(life, name)
    later = now_slot() + timedelta(days=3)
    draft = create_event(program=program, start=later, end=later + 2 * HALF_HOUR)
    _forecast(life)
    lines = {line.meter_id: line.pk for line in SettlementLine.objects.filter(run=run)}
    life.objects |= {
        "coming": coming.pk,
        "past": past.pk,
        "run": run.pk,
        "draft": draft.pk,
        "home reward": lines[side.home.pk],
        "school reward": lines[side.school.pk],
        "program": program.pk,
        "month": f"{timezone.now():%Y-%m}",
        "flag": IntegrityFlag.objects.create(
            line_id=lines[side.home.pk], kind=FlagKind.OLD_POOL, numbers={"days": 40}
        ).pk,
        "sheet": read_event_sheet(event=past, content=b"meter,credit\nX,1\n", file_name=f"{name}.csv").pk,
    }
    open_objection(life)
    keep_books(life, run)
    life.rows |= {
        "settlement/placeboreport": _placebo_report(program, name).pk,
        "settlement/integrityflag": life.objects["flag"],
        "events/program": program.pk,
        "events/enrollment": Enrollment.objects.get(program=program, meter=side.home).pk,
        "events/event": draft.pk,
        "events/participation": Participation.objects.filter(event=past).first().pk,
        "settlement/settlementline": lines[side.home.pk],
    }
    life.objects["home part"] = life.rows["events/enrollment"]


def _forecast(life: Life) -> None:
    now = now_slot() - HALF_HOUR
    forecast = issue_forecast(distributor=life.side.distributor, issued_at=now, engine="similar-days")
    life.rows |= {"forecasting/forecast": forecast.pk, "forecasting/meterforecast": forecast.meters.first().pk}


def _placebo_report(program: Program, name: str) -> PlaceboReport:
    today = timezone.now().date()
    return PlaceboReport.objects.create(
        program=program,
        first_day=today - timedelta(days=30),
        last_day=today,
        hours=[17],
        state=ReportState.DONE,
        result=placebo_result(f"{name}-home"),
        finished_at=timezone.now(),
    )


def _offer(life: Life, name: str) -> None:
    """A program that anybody may join and nobody is in."""
    terms = Terms("three-day", rate_per_kwh=Decimal(1), pay_cap=PayCap.UP_TO_SITE_LOAD)
    version, _is_new = create_program(distributor=life.side.distributor, name=f"{name} rebate", terms=terms)
    life.objects |= {"offer": version.program_id, "offer hash": version.sha256}


def _rule(life: Life, name: str) -> None:
    """A baseline rule of the distributor's own, which no terms use."""
    rule = replace(PRESETS["three-day"], name=f"{name.lower()}-days", description=f"{name} days")
    row = BaselineRule.objects.create(
        distributor=life.side.distributor,
        name=rule.name,
        description=rule.description,
        data=rule_data(rule),
        sha256=rule_hash(rule),
    )
    life.rows["settlement/baselinerule"] = row.pk
