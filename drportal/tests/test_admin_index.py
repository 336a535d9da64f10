"""The first page of the administration: what needs somebody, and only that."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.attention import needs_of
from accounts.models import ApprovalStatus, User
from dashboards.tests.story import add_readings, make_program, past_event
from delivery.jobs import note_failure
from delivery.models import DeliveryState, FailedJob, Message
from forecasting.models import Forecast, ForecastState
from meters.models import Meter
from organizations.models import Membership, OrganizationRequest
from settlement.models import RunKind
from settlement.services import open_dispute, settle
from tests.builder import make_member, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
INDEX = "/admin/"


def titles(user):
    return [need.title for need in needs_of(User.objects.get(pk=user.pk))]


def need(user, words):
    (found,) = [each for each in needs_of(User.objects.get(pk=user.pk)) if words in each.title]
    return found


@pytest.fixture
def calm(world):
    """Nothing needs anybody: everybody is approved, every meter speaks, every admin has a second factor."""
    User.objects.update(approval_status=ApprovalStatus.APPROVED)
    Meter.objects.update(retired_at=timezone.now())
    from allauth.mfa.models import Authenticator

    for side in (world.here, world.there):
        Authenticator.objects.get_or_create(user=side.admin, type="totp", defaults={"data": {}})
    return world


def test_nothing_needs_you_where_all_is_well(client, calm):
    client.force_login(calm.here.admin)
    assert titles(calm.here.admin) == []
    assert "Nothing needs you." in client.get(INDEX).text


class TestEach:
    def test_people_wait_by_organization_the_longest_first(self, calm):
        late = make_member(calm.here.other_organization, approval_status=ApprovalStatus.PENDING)
        User.objects.filter(pk=calm.here.pending.pk).update(approval_status=ApprovalStatus.PENDING)
        Membership.objects.filter(user=late).update(created_at=timezone.now() - timedelta(days=3))
        found = need(calm.here.admin, "wait for approval")
        assert (found.count, [part.label for part in found.parts]) == (2, ["Hither Water", "Hither Schools"])
        assert timezone.now() - found.oldest > timedelta(days=2)

    def test_a_request_for_an_organization(self, calm):
        person = make_user(calm.here.distributor)
        OrganizationRequest.objects.create(person=person, distributor=calm.here.distributor, name="Library")
        assert titles(calm.here.admin) == ["1 organization wants to be registered"]

    def test_a_meter_that_went_silent_and_one_that_never_spoke(self, calm):
        Meter.objects.filter(pk__in=[calm.here.home.pk, calm.here.school.pk]).update(retired_at=None)
        add_readings(calm.here.school, days=1)
        found = need(calm.here.admin, "silent")
        assert (found.count, found.text) == (1, "1 of them never sent a reading.")

    def test_messages_that_did_not_arrive(self, calm):
        now, tenant = timezone.now(), calm.here.distributor.pk
        for state, age in ((DeliveryState.UNREACHABLE, 2), (DeliveryState.PENDING, 2), (DeliveryState.PENDING, 0)):
            Message.objects.create(
                tenant_id=tenant, kind="mail", recipient="a@example.com", state=state, finished_at=now,
                created_at=now - timedelta(hours=age),
            )  # fmt: skip
        found = need(calm.here.admin, "not delivered")
        assert (found.count, found.text) == (2, "1 given up, 1 still being tried.")

    def test_a_failed_job_is_for_the_platform_only(self, calm):
        note_failure(sender="task", exception=ValueError("no"), args=(7,), kwargs={})
        assert need(calm.platform, "job failed").count == 1
        assert "7" in FailedJob.objects.get().given
        assert titles(calm.here.admin) == []

    def test_a_failed_forecast_and_an_event_to_settle_and_a_dispute(self, calm):
        side = calm.here
        Forecast.objects.create(
            distributor=side.distributor, issued_at=timezone.now(), horizon_hours=48, engine="x",
            state=ForecastState.FAILED,
        )  # fmt: skip
        add_readings(side.home, days=8)
        event = past_event(make_program(side, side.home))
        line = settle(event=event, kind=RunKind.PRELIMINARY).lines.get()
        open_dispute(line=line, category="reading", by=side.resident)
        assert titles(side.admin) == [
            "1 forecast failed in the last week",
            "1 dispute",
            "1 event waits for its settlement",
        ]

    def test_an_admin_with_a_password_alone(self, calm):
        from allauth.mfa.models import Authenticator

        Authenticator.objects.filter(user=calm.here.admin).delete()
        assert titles(calm.here.admin) == ["1 admin without a second factor"]


def test_nothing_of_another_distributor_is_told(client, world):
    world.there.organization.name = "Thither marker"
    for user in (world.here.admin, world.here.staff, world.here.auditor):
        client.force_login(user)
        text = client.get(INDEX).text
        assert "Thither" not in text
        assert "Hither" in text


def test_every_need_leads_to_a_list_with_exactly_those(client, world):
    client.force_login(world.platform)
    note_failure(sender="task", exception=ValueError("no"), args=(), kwargs={})
    found = needs_of(world.platform)
    assert len(found) >= 3
    for each in found:
        answer = client.get(each.url)
        assert answer.status_code == 200, each.url
        assert answer.context["cl"].result_count == each.count, (each.title, each.url)


def test_the_page_costs_the_same_queries_for_many_needs(client, world):
    client.force_login(world.here.admin)

    def count():
        with CaptureQueriesContext(connection) as queries:
            client.get(INDEX)
        return len(queries)

    count()
    few = count()
    for _number in range(20):
        make_member(world.here.organization, approval_status=ApprovalStatus.PENDING)
        Meter.objects.create(distributor=world.here.distributor, number=f"X{_number}")
    assert count() == few


def test_the_list_pages_of_foreign_apps_are_gone(client, world):
    client.force_login(world.platform)
    for address in ("auth/group", "account/emailaddress", "mfa/authenticator", "usersessions/usersession"):
        assert client.get(f"/admin/{address}/").status_code == 404


def test_the_header_names_the_distributor(client, world):
    client.force_login(world.here.admin)
    assert "Hither" in client.get(reverse("admin:meters_meter_changelist")).text
