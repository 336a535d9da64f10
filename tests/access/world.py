"""The world of the access matrix: both distributors with a full life, and a browser for each role."""

import re
import time
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from allauth.account.internal.userkit import user_id_to_str
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone

from accounts.models import ApiToken, ApprovalStatus, AuditEntry, User
from accounts.services import issue_token, set_approval
from accounts.sessions.services import SEEN
from accounts.stages import WAITING_FOR
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
from delivery.choices import stop_url
from delivery.mail import KIND
from delivery.models import FailedJob, Notice, Topic
from delivery.services import enqueue
from events.answers import answer_url
from events.feeds import make_feed
from events.models import Enrollment, Participation, PayCap
from events.services import Terms, create_event, create_program
from events.services.opt_schedules import add_opt_schedule
from forecasting.services import issue_forecast
from meters.models import (
    BatchSource,
    ClaimCode,
    Exclusion,
    ExclusionKind,
    Feeder,
    IntervalReading,
    Meter,
    MeterMap,
    QualityHit,
    QualityRule,
)
from meters.services import issue_claim_codes
from meters.services.batches import check_batch, take_file
from organizations.models import Distributor, GroupMember, Invitation, OrganizationGroup, OrganizationRequest
from organizations.services import Guest, invite, set_logo
from organizations.tests.pictures import PIXEL
from settlement.baselines import PRESETS, rule_data, rule_hash
from settlement.models import (
    BaselineRule,
    DecisionKind,
    DisputeCategory,
    FlagKind,
    IntegrityFlag,
    LedgerBatch,
    LedgerEntry,
    MonthLine,
    MonthRun,
    PlaceboReport,
    ReportState,
    RunDecision,
    SettlementLine,
    SettlementRun,
)
from settlement.services import ask_adjustment, open_dispute, read_event_sheet
from settlement.tests.placebo_world import placebo_result
from tests.builder import PASSWORD, Side, World, make_member, make_meter, make_organization, make_user, make_world

PUBLIC_NAMES = re.compile(r"\b(?:Hither|Thither)(?: Schools| Water| Library)?(?=[<)]| \()")
# Whose words must not reach whom; "nobody" has no distributor, a platform operator sees all.
FOREIGN = {
    "here": re.compile("[Tt]hither"),
    "there": re.compile("(?<![Tt])[Hh]ither"),
    "nobody": re.compile("[Hh]ither"),
}


def _name_everybody(side: Side, name: str) -> None:
    """Puts the marker into names and addresses of all people of a side."""
    for user in User.objects.filter(tenant=side.distributor.pk):
        email = f"{name.lower()}-{user.pk}@example.com"
        User.objects.filter(pk=user.pk).update(email=email, first_name=name, last_name=f"{name}-Person")
        EmailAddress.objects.filter(user=user).update(email=email)


def _place(side: Side, name: str) -> None:
    """Puts the marker into meters, and the meters onto the map."""
    for number, meter in enumerate(Meter.objects.filter(distributor=side.distributor)):
        place = {"latitude": Decimal(44) + number, "longitude": Decimal(-72) - number}
        Meter.objects.filter(pk=meter.pk).update(name=f"{name} meter {number}", **place)


@dataclass
class Life:
    """Rows of one side by the names that docs/access.md uses, and one row per model for the admin."""

    side: Side
    objects: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    # Number of a meter that nobody has, and the code on its bill.
    claim: tuple[str, str] = ("", "")


def live(side: Side) -> Life:
    """A program, events in each state, rewards, a forecast, mail, and rows that nothing depends on."""
    life, name = Life(side), side.distributor.name
    life.rows |= _spare_rows(side, name)
    _call_events(life, name)
    _tell(life, name)
    _import(life, name)
    _doubt(life)
    _outage(life, name)
    _describe(life)
    _name_everybody(side, name)
    _place(side, name)
    life.rows["accounts/auditentry"] = AuditEntry.objects.filter(tenant=side.distributor.pk).latest("pk").pk
    return life


def _call_events(life: Life, name: str) -> None:
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
    forecast = issue_forecast(distributor=side.distributor, issued_at=now_slot() - HALF_HOUR, engine="similar-days")
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
    _dispute(life)
    _books(life, run)
    report = PlaceboReport.objects.create(
        program=program,
        first_day=timezone.now().date() - timedelta(days=30),
        last_day=timezone.now().date(),
        hours=[17],
        state=ReportState.DONE,
        result=placebo_result(f"{name}-home"),
        finished_at=timezone.now(),
    )
    life.rows |= {
        "settlement/placeboreport": report.pk,
        "settlement/integrityflag": life.objects["flag"],
        "forecasting/forecast": forecast.pk,
        "forecasting/meterforecast": forecast.meters.first().pk,
        "events/program": program.pk,
        "events/enrollment": Enrollment.objects.get(program=program, meter=side.home).pk,
        "events/event": draft.pk,
        "events/participation": Participation.objects.filter(event=past).first().pk,
        "settlement/settlementrun": run.pk,
        "settlement/settlementline": lines[side.home.pk],
        "settlement/ledgerbatch": LedgerBatch.objects.get(run=run).pk,
        "settlement/ledgerentry": LedgerEntry.objects.filter(batch__run=run).first().pk,
    }
    life.objects["home part"] = life.rows["events/enrollment"]


def _books(life: Life, run: SettlementRun) -> None:
    """What the admin shows of the books: a word on the run, a month long ago, and a sheet that was read."""
    side, batch = life.side, LedgerBatch.objects.get(run=run)
    decision = RunDecision.objects.create(run=run, kind=DecisionKind.APPROVED, decided_by=side.admin)
    month = MonthRun.objects.create(
        program_id=life.objects["program"], month=date(2020, 1, 1), number=1, inputs_sha256="0" * 64, batch=batch
    )
    paid = MonthLine.objects.create(run=month, meter=side.home, holder_id=side.resident.pk, factor="1/1", credit=1)
    life.rows |= {
        "settlement/rundecision": decision.pk,
        "settlement/monthrun": month.pk,
        "settlement/monthline": paid.pk,
        "settlement/sheetreading": life.objects["sheet"],
    }


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


def _dispute(life: Life) -> None:
    """An objection of the organization, and an adjustment that waits for a second person."""
    side = life.side
    line = SettlementLine.objects.get(pk=life.objects["school reward"])
    dispute = open_dispute(line=line, category=DisputeCategory.DAY, by=side.organization_admin)
    adjustment = ask_adjustment(
        distributor=side.distributor, holder=side.resident, amount=Decimal(1), reason="goodwill", by=side.staff
    )
    life.objects |= {"dispute": dispute.pk, "adjustment": adjustment.pk}
    life.rows |= {"settlement/dispute": dispute.pk, "settlement/adjustment": adjustment.pk}


def _offer(life: Life, name: str) -> None:
    """A program that anybody may join and nobody is in."""
    terms = Terms("three-day", rate_per_kwh=Decimal(1), pay_cap=PayCap.UP_TO_SITE_LOAD)
    version, _is_new = create_program(distributor=life.side.distributor, name=f"{name} rebate", terms=terms)
    life.objects |= {"offer": version.program_id, "offer hash": version.sha256}


def _tell(life: Life, name: str) -> None:
    """Mail, a notice, a token, and the links that leave the portal."""
    side = life.side
    mail = enqueue(
        kind=KIND,
        recipient=f"{name.lower()}@example.com",
        payload={"subject": f"{name} subject", "text": f"{name} text"},
        tenant_id=side.distributor.pk,
    )
    Notice.objects.filter(user__tenant=side.distributor.pk).update(read_at=timezone.now())
    notice = Notice.objects.create(user=side.resident, topic=Topic.EVENTS, title=f"{name} notice", url="/rewards")
    own_token, _key = issue_token(user=side.resident, name=f"{name} own", scopes=["meters:read"])
    empty = make_meter(side.distributor, f"{name}-empty")
    life.claim = (empty.number, issue_claim_codes(meters=[empty])[0].code)
    life.rows["delivery/message"] = mail.pk
    life.objects |= {
        "notice": notice.pk,
        "invitation": f"{name}-link",
        "own token": own_token.pk,
        "stop": stop_url(user=side.resident, topic=Topic.EVENTS).rsplit("/", 1)[1],
        "answer": _answer_link(life),
        "calendar": make_feed(user=side.resident),
        "wish": add_opt_schedule(meter=side.home, holder=side.resident, weekdays="6").pk,
    }


def _answer_link(life: Life) -> str:
    row = Participation.objects.get(event=life.objects["coming"], meter=life.side.home)
    link = answer_url(participation_id=row.pk, user_id=life.side.resident.pk, tenant_id=None)
    return link.rsplit("/", 1)[1]


def _import(life: Life, name: str) -> None:
    """An import of the distributor and one of an organization, both checked, with a row left out."""
    side = life.side
    for key, by, organization in (
        ("import", side.admin, None),
        ("school import", side.organization_admin, side.organization),
    ):
        batch = take_file(
            distributor=side.distributor,
            source=BatchSource.PAGE,
            name=f"{name}.csv",
            stream=BytesIO(f"meter,start,kwh\n{side.school.number},2021-03-21T00:00,1\n{name},x,1\n".encode()),
            options={},
            by=by,
            organization=organization,
        )
        life.objects[key] = check_batch(batch=batch).pk
    life.rows["meters/importbatch"] = life.objects["import"]


def _doubt(life: Life) -> None:
    """An open doubt about readings, and a short gap that an estimate can bridge."""
    side, start = life.side, now_slot() - timedelta(days=4)
    hit = QualityHit.objects.create(
        distributor=side.distributor, meter=side.home, rule=QualityRule.SPIKE, start=start, end=start + HALF_HOUR
    )
    IntervalReading.objects.filter(meter=side.school, start=start).delete()
    life.objects["hit"] = hit.pk


def _outage(life: Life, name: str) -> None:
    """A time that does not count, long before everything else."""
    side, start = life.side, now_slot() - timedelta(days=30)
    life.objects["outage"] = Exclusion.objects.create(
        distributor=side.distributor,
        kind=ExclusionKind.OUTAGE,
        meter=side.home,
        start=start,
        end=start + HALF_HOUR,
        source="operator",
        note=f"{name} storm",
    ).pk


def _describe(life: Life) -> None:
    """The people, meters and organizations of the side by name; and its brand."""
    side = life.side
    Distributor.objects.filter(pk=side.distributor.pk).update(accent="#5b2d8e")
    set_logo(distributor=side.distributor, content=PIXEL)
    home_map = MeterMap.objects.get(meter=side.home, entity=side.resident).pk
    life.objects |= {
        "home": side.home.pk,
        "school": side.school.pk,
        "schools": side.organization.pk,
        "home map": home_map,
        "member": side.member.membership.pk,
        "pending": side.pending.membership.pk,
        "resident": side.resident.pk,
        "group": life.rows["organizations/organizationgroup"],
        "asked": life.rows["organizations/organizationrequest"],
        "brand": side.distributor.pk,
        "feeder": side.home.feeder_id,
    }
    life.rows |= {
        "organizations/distributor": side.distributor.pk,
        "organizations/membership": side.member.membership.pk,
        "meters/metermap": home_map,
    }


def _spare_rows(side: Side, name: str) -> dict[str, int]:
    """Rows that may be changed and deleted."""
    organization = make_organization(side.distributor, f"{name} Library")
    group = OrganizationGroup.objects.create(distributor=side.distributor, name=f"{name} group")
    GroupMember.objects.create(group=group, organization=side.organization)
    asker = make_user(side.distributor)
    wish = OrganizationRequest.objects.create(person=asker, distributor=side.distributor, name=f"{name} Museum")
    invitation = invite(organization=side.organization, guest=Guest(f"{name.lower()}-guest@example.com"), by=side.admin)
    Invitation.objects.filter(pk=invitation.pk).update(digest=Invitation.digest_of(f"{name}-link"))
    coded = make_meter(side.distributor, f"{name}-coded")
    issue_claim_codes(meters=[coded])
    token, _key = issue_token(user=side.staff, name=f"{name} token", scopes=["meters:read"])
    return {
        "accounts/user": make_user(side.distributor).pk,
        "organizations/organizationrequest": wish.pk,
        "organizations/invitation": invitation.pk,
        "meters/claimcode": ClaimCode.objects.get(meter=coded).pk,
        "delivery/failedjob": FailedJob.objects.create(task="sweep", error="none").pk,
        "accounts/apitoken": token.pk,
        "organizations/organization": organization.pk,
        "organizations/organizationgroup": group.pk,
        "meters/feeder": Feeder.objects.create(distributor=side.distributor, name=f"{name} spare").pk,
        "meters/meter": make_meter(side.distributor, f"{name}-spare").pk,
    }


HANDLERS = {checks: ClientHandler(enforce_csrf_checks=checks) for checks in (False, True)}


@dataclass(frozen=True)
class Visitor:
    """Somebody at the door: the side, the cookie and the header that they bring."""

    side: str
    user: User | None = None
    cookie: str = ""
    bearer: str = ""

    def client(self, *, headers: dict[str, str] | None = None, **kwargs: Any) -> Client:
        """A fresh browser of theirs."""
        own = {"authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        client = Client(headers=own | (headers or {}), **kwargs)
        # Middleware is loaded once, not for each request.
        client.handler = HANDLERS[client.handler.enforce_csrf_checks]
        if self.cookie:
            client.cookies["sessionid"] = self.cookie
        return client


@dataclass
class AccessWorld:
    """Everything that a case needs."""

    world: World
    here: Life
    there: Life
    roles: dict[str, Visitor]
    # What the forms of the admin show, by address.
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What came of the cases that write.
    outcomes: dict[Any, Any] = field(default_factory=dict)


def build() -> AccessWorld:
    """Two distributors alike, "Hither" and "Thither", and everybody of docs/access.md."""
    world = make_world()
    EmailAddress.objects.create(user=world.platform, email=world.platform.email, verified=True, primary=True)
    here, there = live(world.here), live(world.there)
    User.objects.update(password=make_password(PASSWORD))
    access = AccessWorld(world, here, there, _roles(world))
    # Reading changes nothing; that a token was used is noted only now and then, so not in these tests.
    ApiToken.objects.update(last_used_at=timezone.now() + timedelta(days=1))
    return access


def _roles(world: World) -> dict[str, Visitor]:
    here, there = world.here, world.there
    revoked = make_member(here.organization)
    people = {
        "revoked": ("nobody", revoked),
        "resident": ("here", here.resident),
        "resident B": ("there", there.resident),
        "member": ("here", here.member),
        "org admin": ("here", here.organization_admin),
        "org admin 2": ("here", here.other_organization_admin),
        "staff": ("here", here.staff),
        "auditor": ("here", here.auditor),
        "admin": ("here", here.admin),
        "admin B": ("there", there.admin),
        "platform": ("all", world.platform),
    }
    roles = {"visitor": Visitor("nobody")}
    for role, (side, user) in people.items():
        user = User.objects.get(pk=user.pk)
        roles[role] = Visitor(side, user, _signed_in(user))
    set_approval(user=revoked, status=ApprovalStatus.REJECTED, by=here.organization_admin)
    roles["waiting"] = Visitor("here", here.pending, _waits(here.pending))
    roles["token"] = Visitor("here", bearer=here.token_key)
    roles["resident just now"] = Visitor("here", here.resident, _proved_again(here.resident))
    roles["no scope"] = Visitor("here", bearer=issue_token(user=here.admin, name="bare", scopes=[])[1])
    return roles


def _signed_in(user: User) -> str:
    """The cookie of one of two browsers."""
    _session_of(user)
    return _session_of(user)


def _session_of(user: User, **kept: Any) -> str:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    session = client.session
    # Noted as seen already, so that reading changes no row however long the tests take.
    session[SEEN] = time.time() + 86_400
    session.update(kept)
    session.save()
    UserSession.objects.create(user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="")
    return str(session.session_key)


def _proved_again(user: User) -> str:
    """The cookie of somebody who has just typed the password once more, and seems to go on doing so."""
    proof = {"method": "password", "at": time.time() + 86_400, "reauthenticated": True}
    whose = {"account_authentication_methods_user": user_id_to_str(user)}
    return _session_of(user, account_authentication_methods=[proof], **whose)


def _waits(user: User) -> str:
    client = Client()
    session = client.session
    session[WAITING_FOR] = user.pk
    session.save()
    return str(session.session_key)
