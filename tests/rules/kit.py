"""Rows that examples need, each made when it is first asked for."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import Entity, Kind, StaffRole, User
from delivery.models import Attempt, Channel, Message, Notice, NotificationChoice, Topic
from events.models import Enrollment, Event, Nomination, Participation, Program, ProgramVersion
from forecasting.models import Forecast, MeterForecast
from meters.models import Exclusion, Feeder, IntervalReading, Meter, MeterMap, Prediction, ReadingRevision
from organizations.models import Distributor, GroupMember, Membership, Organization, OrganizationGroup
from settlement.models import LedgerBatch, LedgerEntry, SettlementLine, SettlementRun
from tests.builder import make_distributor, make_member, make_meter, make_organization, map_meter

_numbers = count(1)
NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.get_default_timezone())
HOUR = timedelta(hours=1)


class Kit:
    """One small world; nothing exists in it before it is looked at."""

    @cached_property
    def here(self) -> Distributor:
        return make_distributor()

    @cached_property
    def there(self) -> Distributor:
        return make_distributor()

    def person(self, distributor: Distributor | None = None, **fields: Any) -> User:
        """A user without an organization, of this distributor."""
        tenant = distributor or self.here
        return User.objects.create_user(f"kit{next(_numbers)}@example.com", tenant_id=tenant.pk, **fields)

    def unsaved_person(self, **fields: Any) -> User:
        """A user as a form would hold it."""
        fields = {"kind": Kind.USER, "tenant_id": self.here.pk, "password": "!"} | fields
        return User(email=f"kit{next(_numbers)}@example.com", **fields)

    @cached_property
    def operator(self) -> User:
        """A platform operator, who has no distributor."""
        return User.objects.create_user(f"kit{next(_numbers)}@example.com", is_superuser=True)

    @cached_property
    def staff(self) -> User:
        return self.person(staff_role=StaffRole.STAFF)

    @cached_property
    def organization(self) -> Organization:
        return make_organization(self.here)

    @cached_property
    def empty_organization(self) -> Organization:
        return make_organization(self.here)

    @cached_property
    def foreign_organization(self) -> Organization:
        return make_organization(self.there)

    @cached_property
    def first_member(self) -> User:
        return make_member(self.organization)

    @cached_property
    def member(self) -> User:
        """A second member, so no admin."""
        assert self.first_member
        return make_member(self.organization)

    @cached_property
    def resident(self) -> User:
        """Somebody who holds `home` since NOON."""
        person = self.person()
        map_meter(self.home, person, NOON)
        return person

    @cached_property
    def home(self) -> Meter:
        return make_meter(self.here)

    @cached_property
    def meter(self) -> Meter:
        """A meter that only its distributor holds."""
        return make_meter(self.here)

    @cached_property
    def foreign_meter(self) -> Meter:
        return make_meter(self.there)

    @cached_property
    def retired_meter(self) -> Meter:
        """A meter out of service whose distributor's row is gone."""
        meter = make_meter(self.here)
        Meter.objects.filter(pk=meter.pk).update(retired_at=NOON)
        meter.maps.all().delete()
        meter.refresh_from_db()
        return meter

    @property
    def map_of_resident(self) -> MeterMap:
        return MeterMap.objects.get(entity_id=self.resident.pk)

    @property
    def map_of_distributor(self) -> MeterMap:
        return self.meter.maps.get(entity_id=self.here.pk)

    @cached_property
    def feeder(self) -> Feeder:
        return Feeder.objects.create(distributor=self.here, name="North")

    @cached_property
    def foreign_feeder(self) -> Feeder:
        return Feeder.objects.create(distributor=self.there, name="South")

    @cached_property
    def group(self) -> OrganizationGroup:
        return OrganizationGroup.objects.create(distributor=self.here, name="Schools")

    @cached_property
    def group_member(self) -> GroupMember:
        return GroupMember.objects.create(group=self.group, organization=self.organization)

    @cached_property
    def message(self) -> Message:
        return Message.objects.create(kind="test", recipient="somebody@example.com")

    @cached_property
    def notice(self) -> Notice:
        return Notice.objects.create(user=self.staff, topic=Topic.EVENTS, title="An event")

    @cached_property
    def choice(self) -> NotificationChoice:
        return NotificationChoice.objects.create(user=self.staff, topic=Topic.EVENTS, channel=Channel.EMAIL)

    @cached_property
    def attempt(self) -> Attempt:
        return Attempt.objects.create(message=self.message)

    @cached_property
    def exclusion(self) -> Exclusion:
        return Exclusion.objects.create(
            distributor=self.here, kind="outage", meter=self.meter, start=NOON, end=NOON + HOUR
        )

    @cached_property
    def reading(self) -> IntervalReading:
        return IntervalReading.objects.create(meter=self.meter, start=NOON, energy_wh=400, predicted_wh=500)

    @cached_property
    def prediction(self) -> Prediction:
        bounds = {"wh": 500, "lower_wh": 400, "upper_wh": 600, "forecast_number": 1}
        return Prediction.objects.create(meter=self.meter, start=NOON, issued_at=NOON - HOUR, **bounds)

    @cached_property
    def revision(self) -> ReadingRevision:
        values = {"energy_wh": 1, "quality": 0, "replaced_by_wh": 2, "source": "test"}
        return ReadingRevision.objects.create(meter=self.meter, start=NOON, **values)

    @cached_property
    def forecast(self) -> Forecast:
        return Forecast.objects.create(distributor=self.here, issued_at=NOON, horizon_hours=48, engine="similar-days")

    @cached_property
    def meter_forecast(self) -> MeterForecast:
        return MeterForecast.objects.create(forecast=self.forecast, meter=self.meter, rung="mean")

    def program_named(self, name: str) -> Program:
        return Program.objects.create(distributor=self.here, name=name)

    @cached_property
    def program(self) -> Program:
        return self.program_named("Peak")

    @cached_property
    def foreign_program(self) -> Program:
        return Program.objects.create(distributor=self.there, name="Peak")

    def version_of(self, program: Program, number: int = 1) -> ProgramVersion:
        return ProgramVersion.objects.create(
            program=program, number=number, preset="three-day", rule_sha256="0" * 64, rate_per_kw=Decimal("2.80")
        )

    @cached_property
    def draft(self) -> ProgramVersion:
        """Terms of a program that are not published."""
        program = self.program_named("In the making")
        values = {"preset": "three-day", "rule_sha256": "0" * 64, "rate_per_kw": Decimal("2.80")}
        return ProgramVersion.objects.create(program=program, number=1, published_at=None, **values)

    @cached_property
    def version(self) -> ProgramVersion:
        return self.version_of(self.program)

    def event_at(self, start: datetime) -> Event:
        return Event.objects.create(program=self.program, version=self.version, start=start, end=start + HOUR)

    @cached_property
    def event(self) -> Event:
        return self.event_at(NOON)

    @cached_property
    def enrollment(self) -> Enrollment:
        return Enrollment.objects.create(program=self.program, meter=self.meter, enrolled_at=NOON)

    @cached_property
    def nomination(self) -> Nomination:
        return Nomination.objects.create(enrollment=self.enrollment, kw=Decimal(1), source="test")

    @cached_property
    def participation(self) -> Participation:
        return Participation.objects.create(event=self.event, meter=self.meter)

    @cached_property
    def run(self) -> SettlementRun:
        hashes = {"rule_sha256": "0" * 64, "inputs_sha256": "1" * 64}
        return SettlementRun.objects.create(event=self.event, number=1, preset="three-day", **hashes)

    @cached_property
    def sealed_run(self) -> SettlementRun:
        """A run that is whole, without lines."""
        SettlementRun.objects.filter(pk=self.run.pk).update(sealed_at=NOON)
        self.run.refresh_from_db()
        return self.run

    @cached_property
    def sealed_line(self) -> SettlementLine:
        """A line of a run that is whole."""
        line = self.line
        assert self.sealed_run
        return line

    @cached_property
    def line(self) -> SettlementLine:
        return SettlementLine.objects.create(run=self.run, meter=self.meter, status="ok", holder=self.holder)

    @cached_property
    def holder(self) -> Entity:
        return Entity.objects.get(pk=self.organization.pk)

    @cached_property
    def batch(self) -> LedgerBatch:
        return LedgerBatch.objects.create(distributor=self.here, number=1, sha256="2" * 64)

    @cached_property
    def entry(self) -> LedgerEntry:
        return LedgerEntry.objects.create(
            batch=self.batch, account="owed", holder=self.holder, amount=Decimal("2.80"), key="kit"
        )

    def membership_of(self, user: User) -> Membership:
        return Membership.objects.get(user=user)

    def entity_of(self, profile: Entity) -> Entity:
        """The plain entity of a user, an organization or a distributor."""
        return Entity.objects.get(pk=profile.pk)
