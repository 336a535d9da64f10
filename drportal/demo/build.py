"""The demonstration distributor: made once, brought up to date at every start.

Everything goes in by the same services as in a real portal; the town's readings come from the simulator,
which runs as a process of its own.
"""

import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.db.models import Max

from accounts.mfa.demo import secret_in
from accounts.models import Scope
from accounts.services import issue_token
from common.holiday_calendar import calendar_days
from common.intervals import local_day, resolve_local
from delivery.services import drain
from drportal.demo import devices, people, programs, trouble
from drportal.demo.simulate import simulate
from events.models import Event, Program
from events.services import record_completed_event
from forecasting.services import issue_forecast
from meters.models import IntervalReading
from meters.services import ReadingFile, import_file, import_meter_list
from meters.services.quality import check_marked, fill_due_gaps
from meters.services.rollups import refresh_rollups
from organizations.models import Distributor
from settlement.services import approve_run, post_run, settle

NAME = "Larkfield Electric"
DAYS, DAYS_OF_FORECASTS = 90, 14
# Business days ago of the past events, and local hours of every event.
PAST_EVENTS, EVENT_HOURS = (9, 4), (time(17), time(19))
Say = Callable[[str], None]


def build(folder: Path, now: datetime, say: Say) -> None:
    """Larkfield with all that it holds up to `now`; what is there already stays.

    Args:
        folder: For the town's files, the password, the second factor, the town's token and the files that steer the
            simulator.
        now: Aware UTC.
        say: Told what is being done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    distributor = Distributor.objects.filter(name=NAME).first()
    if distributor is None or not Program.objects.filter(distributor=distributor).exists():
        distributor = _found(folder, now, say)
    people.equip(secret_in(folder))
    _read_meters(distributor, folder, now, say)
    devices.found(distributor, folder, now, say)
    refresh_rollups(distributor=distributor)  # the data gate of the programs looks at the sums
    programs.join(distributor)
    devices.join(distributor, now)
    _forecast(distributor, now, say)
    _settle_past_events(distributor, say)
    _call_next_event(distributor, now, say)
    say("Looking through the readings …")
    check_marked(distributor=distributor)
    fill_due_gaps(distributor=distributor, now=now)
    trouble.leave_work(
        distributor, folder, now=now, operator=people.somebody("operator"), staff=people.somebody("staff")
    )
    check_marked(distributor=distributor)  # what was estimated or came late is missing no more
    refresh_rollups(distributor=distributor)
    while drain(limit=1000):  # a notice becomes mails, which are messages of their own
        pass


def _found(folder: Path, now: datetime, say: Say) -> Distributor:
    say("Founding Larkfield Electric: feeders, meters, people …")
    Distributor.objects.filter(name=NAME, meters__isnull=True).delete()
    distributor, _ = Distributor.objects.get_or_create(
        name=NAME,
        defaults={
            "timezone": "America/New_York",
            "currency": "USD",
            "holiday_calendar": "US",
            "contact_email": f"help@{people.DOMAIN}",
        },
    )
    simulate("meters", "--out", folder / "meters.csv", "--people", folder / "people.csv")
    import_meter_list(distributor=distributor, path=folder / "meters.csv")
    people.settle_in(distributor, folder / "people.csv", people.password(folder))
    _give_token(folder)
    trouble.report_outage(distributor, now, people.somebody("operator"))
    programs.found(distributor, now)
    spans = [_span(day, distributor) for day in _past_days(distributor, now)]
    told = [{"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{end:%Y-%m-%dT%H:%M:%SZ}"} for start, end in spans]
    (folder / "events.json").write_text(json.dumps(told))
    return distributor


def _give_token(folder: Path) -> None:
    operator = people.somebody("operator")
    _token, key = issue_token(user=operator, name="Virtual town", scopes=[Scope.READINGS_WRITE, Scope.EVENTS_READ])
    file = folder / "town.token"
    file.touch(mode=0o600)
    file.write_text(key)


def _read_meters(distributor: Distributor, folder: Path, now: datetime, say: Say) -> None:
    """Imports what the town used since the newest reading, and notes up to when."""
    newest = IntervalReading.objects.filter(meter__distributor=distributor).aggregate(at=Max("start"))["at"]
    since = newest - timedelta(hours=2) if newest else now - timedelta(days=DAYS)
    say("Reading the meters of 90 days …" if newest is None else "Reading the meters since the last start …")
    start, end = f"{since:%Y-%m-%dT%H:00:00Z}", f"{now:%Y-%m-%dT%H:%M:00Z}"
    file = folder / "readings.csv.gz"
    simulate("history", "--out", file, "--start", start, "--end", end, "--events", folder / "events.json")
    if newest is None:
        trouble.spoil(file, meters=folder / "meters.csv", trouble=trouble.Trouble.before(now, distributor))
    import_file(distributor=distributor, file=ReadingFile(file))
    (folder / "since").write_text(end)


def _forecast(distributor: Distributor, now: datetime, say: Say) -> None:
    """The forecasts that would have been issued at each midnight, and today's by the full engine."""
    today = local_day(now, distributor.zone)
    known = {local_day(at, distributor.zone) for at in distributor.forecasts.values_list("issued_at", flat=True)}
    for back in range(DAYS_OF_FORECASTS, 0, -1):
        day = today - timedelta(days=back)
        if day not in known:
            say(f"Forecasting {day} …")
            issue_forecast(distributor=distributor, issued_at=_at(day, time(0), distributor), engine="similar-days")
    if today not in known:
        say("Forecasting today and tomorrow …")
        issue_forecast(distributor=distributor, issued_at=_at(today, time(0), distributor))


def _settle_past_events(distributor: Distributor, say: Say) -> None:
    operator, approver = people.somebody("operator"), people.somebody("approver")
    newest = IntervalReading.objects.filter(meter__distributor=distributor).aggregate(at=Max("start"))["at"]
    for program in Program.objects.filter(distributor=distributor, events=None).order_by("pk"):
        say(f"Settling the past events of {program.name} …")
        for day in _past_days(distributor, newest):
            start, end = _span(day, distributor)
            event = record_completed_event(program=program, start=start, end=end, by=operator)
            run = settle(event=event, by=operator)
            approve_run(run=run, by=approver)
            post_run(run=run, by=operator)


def _call_next_event(distributor: Distributor, now: datetime, say: Say) -> None:
    tomorrow = local_day(now, distributor.zone) + timedelta(days=1)
    day = next(day for day in _days(tomorrow, 1) if _is_business(day))
    for program in Program.objects.filter(distributor=distributor).order_by("pk"):
        if not Event.objects.filter(program=program, start__gt=now).exists():
            say(f"Calling the next event of {program.name} …")
            programs.call_next(program, _span(day, distributor))


def _past_days(distributor: Distributor, now: datetime) -> list[date]:
    """The local days of the past events, the earlier first."""
    business = [day for day in _days(local_day(now, distributor.zone), -1) if _is_business(day)]
    return [business[back - 1] for back in PAST_EVENTS]


def _days(start: date, step: int) -> list[date]:
    """Forty days from one on, or before it."""
    return [start + timedelta(days=step * number) for number in range(int(step < 0), 40)]


def _is_business(day: date) -> bool:
    return day.weekday() < 5 and day not in calendar_days("US", (day.year, day.year))


def _span(day: date, distributor: Distributor) -> tuple[datetime, datetime]:
    start, end = EVENT_HOURS
    return _at(day, start, distributor), _at(day, end, distributor)


def _at(day: date, clock: time, distributor: Distributor) -> datetime:
    return resolve_local(datetime.combine(day, clock), distributor.zone)
