"""Every list of the admin costs a fixed number of queries, however many rows there are."""

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry
from accounts.tenant_admin import TenantAdmin
from dashboards.tests.story import make_program
from delivery.models import FailedJob, Message
from events.models import Enrollment, Event, EventState, Participation, Program
from forecasting.models import Forecast, MeterForecast
from meters.models import ClaimCode, Feeder, ImportBatch, Meter, MeterMap
from openadr.models import Ven, VenCertificate
from organizations.models import (
    GroupMember,
    Invitation,
    Membership,
    Organization,
    OrganizationGroup,
    OrganizationRequest,
)
from settlement.models import (
    Adjustment,
    BaselineRule,
    Dispute,
    IntegrityFlag,
    LedgerBatch,
    LedgerEntry,
    MonthDecision,
    MonthLine,
    MonthRun,
    PlaceboReport,
    RunDecision,
    SettlementLine,
    SettlementRun,
    SheetReading,
)
from tests.builder import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
THEN = datetime(2026, 1, 1, tzinfo=UTC)


class Filler:
    """Many rows of each model, of one distributor, in few statements."""

    def __init__(self, side):
        self.side, self.next = side, 0
        self.program = make_program(side, side.home)

    def numbers(self, count):
        self.next += count
        return range(self.next - count, self.next)

    def fill(self, count):
        """Adds `count` rows to each list."""
        distributor, numbers = self.side.distributor, self.numbers(count)
        feeders = Feeder.objects.bulk_create([Feeder(distributor=distributor, name=f"F{n}") for n in numbers])
        meters = self.meters(numbers, feeders)
        people = [make_user(distributor, f"many{n}@example.com") for n in numbers]
        organizations = [Organization.objects.create(distributor=distributor, name=f"O{n}") for n in numbers]
        self.people(numbers, people, organizations)
        self.outbox(numbers, people)
        self.maps(numbers, meters, organizations, people)
        self.season(numbers, meters)
        self.devices(numbers, people, organizations)

    def meters(self, numbers, feeders):
        distributor = self.side.distributor
        rows = [
            Meter(distributor=distributor, number=f"N{n}", name="x", feeder=feeder, contracted_kw=1)
            for n, feeder in zip(numbers, feeders, strict=True)
        ]
        Meter.objects.bulk_create(rows)
        return list(Meter.objects.filter(number__in=[row.number for row in rows]))

    def people(self, numbers, people, organizations):
        distributor = self.side.distributor
        for person, organization in zip(people, organizations, strict=True):
            Membership.objects.create(user=person, organization=organization)
        groups = [OrganizationGroup(distributor=distributor, name=f"G{n}") for n in numbers]
        for group, organization in zip(OrganizationGroup.objects.bulk_create(groups), organizations, strict=True):
            GroupMember.objects.create(group=group, organization=organization)
        ApiToken.objects.bulk_create(
            ApiToken(user=person, name="t", digest=f"{n:064}", scopes=[])
            for n, person in zip(numbers, people, strict=True)
        )
        OrganizationRequest.objects.bulk_create(
            OrganizationRequest(person=person, distributor=distributor, name=f"R{n}")
            for n, person in zip(numbers, people, strict=True)
        )
        Invitation.objects.bulk_create(
            Invitation(
                organization=organization, email=f"i{n}@example.com", digest=f"{n:064}", invited_by=person,
                expires_at=timezone.now() + timedelta(days=1),
            )
            for n, person, organization in zip(numbers, people, organizations, strict=True)
        )  # fmt: skip

    def devices(self, numbers, people, organizations):
        distributor = self.side.distributor
        owners = [owner for pair in zip(people, organizations, strict=True) for owner in pair]
        vens = Ven.objects.bulk_create(
            Ven(distributor=distributor, name=f"V{n}", ven_id=f"ven-{n}", owner_id=owner.pk)
            for n, owner in zip(numbers, owners, strict=False)
        )
        VenCertificate.objects.bulk_create(
            VenCertificate(ven=ven, fingerprint=f"{n:064}", subject="s", valid_from=THEN,
                           valid_to=THEN + timedelta(days=1))
            for n, ven in zip(numbers, vens, strict=True)
        )  # fmt: skip

    def outbox(self, numbers, people):
        tenant = self.side.distributor.pk
        Message.objects.bulk_create(
            Message(tenant_id=tenant, kind="mail", recipient=f"{n}@example.com", payload={"subject": "s"})
            for n in numbers
        )
        FailedJob.objects.bulk_create(FailedJob(task="t", error="e") for n in numbers)
        ImportBatch.objects.bulk_create(
            ImportBatch(distributor_id=tenant, source="page", file_name=f"{n}.csv", created_by=self.side.admin)
            for n in numbers
        )

    def maps(self, numbers, meters, organizations, people):
        for meter, organization in zip(meters, organizations, strict=True):
            MeterMap.objects.create(meter=meter, entity_id=organization.pk, valid_from=THEN)
        ClaimCode.objects.bulk_create(
            ClaimCode(
                meter=meter, digest="d", valid_from=THEN, issued_by=self.side.admin,
                expires_at=timezone.now() + timedelta(days=1),
            )
            for meter in meters
        )  # fmt: skip
        issue = Forecast.objects.create(
            distributor=self.side.distributor, issued_at=THEN, horizon_hours=48, engine="statsmodels"
        )
        MeterForecast.objects.bulk_create(MeterForecast(forecast=issue, meter=meter, rung="r") for meter in meters)
        Forecast.objects.bulk_create(
            Forecast(distributor=self.side.distributor, issued_at=THEN, horizon_hours=48, engine="x") for n in numbers
        )

    def season(self, numbers, meters):
        program, holder = self.program, self.side.resident
        Program.objects.bulk_create(Program(distributor=self.side.distributor, name=f"P{n}") for n in numbers)
        Enrollment.objects.bulk_create(Enrollment(program=program, meter=meter) for meter in meters)
        starts = [THEN + timedelta(hours=n) for n in numbers]
        events = Event.objects.bulk_create(
            Event(program=program, version=program.current, start=at, end=at + timedelta(hours=1),
                  state=EventState.COMPLETED)
            for at in starts
        )  # fmt: skip
        Participation.objects.bulk_create(
            Participation(event=event, meter=meter, holder_id=holder.pk)
            for event, meter in zip(events, meters, strict=True)
        )
        self.fairness(numbers)
        self.money(numbers, events, meters)

    def fairness(self, numbers):
        rule = {"distributor": self.side.distributor, "description": "x", "sha256": "0" * 64}
        BaselineRule.objects.bulk_create(BaselineRule(name=f"own-{n}", **rule) for n in numbers)
        days = {"first_day": THEN.date(), "last_day": THEN.date()}
        PlaceboReport.objects.bulk_create(PlaceboReport(program=self.program, **days) for n in numbers)

    def money(self, numbers, events, meters):
        runs = SettlementRun.objects.bulk_create(
            SettlementRun(event=event, number=1, preset="three-day", rule_sha256="0", inputs_sha256=f"{event.pk}",
                          created_by=self.side.admin)
            for event in events
        )  # fmt: skip
        lines = SettlementLine.objects.bulk_create(
            SettlementLine(run=run, meter=meter, holder_id=self.side.resident.pk, status="ok", credit=Decimal(1))
            for run, meter in zip(runs, meters, strict=True)
        )
        batches = LedgerBatch.objects.bulk_create(
            LedgerBatch(distributor=self.side.distributor, number=n + 1, run=run, sha256=f"{n:064}")
            for n, run in zip(numbers, runs, strict=True)
        )
        LedgerEntry.objects.bulk_create(
            LedgerEntry(batch=batch, account="owed", holder_id=self.side.resident.pk, line=line, amount=1, key=f"k{n}")
            for n, batch, line in zip(numbers, batches, lines, strict=True)
        )
        IntegrityFlag.objects.bulk_create(IntegrityFlag(line=line, kind="record") for line in lines)
        self.beside(numbers, runs, batches, meters)

    def beside(self, numbers, runs, batches, meters):
        """What people say of runs and ask for, months, and sheets."""
        admin, holder = self.side.admin, self.side.resident.pk
        RunDecision.objects.bulk_create(
            RunDecision(run=run, kind="refused", decided_by=admin, reason="x") for run in runs
        )
        Adjustment.objects.bulk_create(
            Adjustment(distributor=self.side.distributor, holder_id=holder, amount=1, reason="x", asked_by=admin)
            for n in numbers
        )
        months = MonthRun.objects.bulk_create(
            MonthRun(program=self.program, month=THEN.date(), number=n + 1, inputs_sha256="0", batch=batch,
                     created_by=admin)
            for n, batch in zip(numbers, batches, strict=True)
        )  # fmt: skip
        MonthDecision.objects.bulk_create(
            MonthDecision(run=month, kind="refused", decided_by=admin, reason="x") for month in months
        )
        MonthLine.objects.bulk_create(
            MonthLine(run=month, meter=meter, holder_id=holder, factor="1/1", credit=1)
            for month, meter in zip(months, meters, strict=True)
        )
        SheetReading.objects.bulk_create(
            SheetReading(event=run.event, run=run, file_name="s.csv", read_by=admin) for run in runs
        )
        doubted = Participation.objects.filter(event__in=[run.event_id for run in runs])
        Dispute.objects.bulk_create(
            Dispute(distributor=self.side.distributor, participation=row, holder_id=holder, category="other",
                    opened_by=self.side.resident, due_at=THEN)
            for row in doubted
        )  # fmt: skip


ADMINS = {model: one for model, one in admin.site._registry.items() if isinstance(one, TenantAdmin)}


def list_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def costs(client):
    """Label of each model -> queries of its list, number of rows shown, and the queries themselves."""
    found = {}
    for model in ADMINS:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(list_url(model), {"all": ""})
        assert answer.status_code == 200, model
        shown = len(answer.context["cl"].result_list)
        found[model._meta.label_lower] = (len(queries), shown, [query["sql"] for query in queries])
    return found


def test_every_list_costs_the_same_queries_for_many_rows(client, world, monkeypatch, capsys):
    monkeypatch.setattr(TenantAdmin, "list_max_show_all", 10_000)
    client.force_login(world.platform)
    filler = Filler(world.here)
    filler.fill(2)
    costs(client)
    few = costs(client)
    filler.fill(58)
    many = costs(client)
    for model, (count, shown, statements) in many.items():
        assert count == few[model][0], (model, few[model][0], count, set(statements) - set(few[model][2]))
        assert shown >= 60 or model == "organizations.distributor", (model, shown)
    with capsys.disabled():
        rows = (f"  {model:40} {row[0]:3} queries  {row[1]:5} rows\n" for model, row in sorted(many.items()))
        sys.stdout.write("\n\nqueries per admin list (60 rows and more):\n" + "".join(rows))


def test_no_model_admin_is_without_a_tenant():
    assert {model for model, one in admin.site._registry.items() if not isinstance(one, TenantAdmin)} == set()
    labels = {model._meta.app_label for model in admin.site._registry}
    assert not labels & {"auth", "account", "mfa", "usersessions", "auditlog", "sessions"}


def bulk(side, numbers):
    """Rows of what there is most of, past the services."""
    distributor = side.distributor
    # Asked for, as a test that empties the tables gives it another id.
    kind = ContentType.objects.get(app_label="meters", model="meter").pk
    Meter.objects.bulk_create((Meter(distributor=distributor, number=f"B{n}", name="x") for n in numbers), 500)
    Message.objects.bulk_create(
        (Message(tenant_id=distributor.pk, kind="mail", recipient=f"{n}@example.com", payload={}) for n in numbers),
        batch_size=500,
    )
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                content_type_id=kind, object_pk=str(n), object_id=n, object_repr="meter", action=1, act="meter.change",
                tenant_id=distributor.pk, actor=side.admin, changes={"name": ["a", "b"]},
            )
            for n in numbers
        ),
        batch_size=500,
    )  # fmt: skip


LARGE = [Meter, MeterMap, Message, AuditEntry]


def test_large_lists_and_the_index_cost_what_small_ones_do(client, world):
    client.force_login(world.here.admin)
    bulk(world.here, range(60))
    for _round in range(2):
        few = {model: counted(client, list_url(model)) for model in LARGE}
        index = counted(client, reverse("admin:index"))
    bulk(world.here, range(60, 10_000))
    for model in LARGE:
        seconds, queries = timed(client, list_url(model))
        assert queries == few[model], model
        assert seconds < 5, (model, seconds)
    seconds, queries = timed(client, reverse("admin:index"))
    assert queries == index
    assert seconds < 5


def counted(client, url):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def timed(client, url):
    began = timezone.now()
    count = counted(client, url)
    return (timezone.now() - began).total_seconds(), count


def test_search_box_of_a_foreign_key_offers_own_rows_only(client, world):
    client.force_login(world.here.admin)
    fields = [
        ("accounts", "apitoken", "user", world.there.resident.email),
        ("organizations", "membership", "organization", "Thither"),
        ("meters", "meter", "feeder", "Thither"),
        ("meters", "metermap", "meter", "Thither"),
        ("events", "enrollment", "meter", "Thither"),
    ]
    for app, model, field, foreign in fields:
        query = {"app_label": app, "model_name": model, "field_name": field}
        everything = client.get(reverse("admin:autocomplete"), {**query, "term": ""})
        assert everything.json()["results"], (model, field)
        assert foreign not in everything.text, (model, field)
        assert client.get(reverse("admin:autocomplete"), {**query, "term": foreign}).json()["results"] == []
