"""Pages of an organization: everybody reads, admins let people in and change roles."""

from datetime import timedelta
from itertools import chain

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApprovalStatus
from dashboards.selectors.organization import fleet_of
from dashboards.tests.story import add_readings, coming_event, line_of, lower, make_program, past_event, settled
from dashboards.views import organization as organization_views
from delivery.models import Message
from meters.models import MeterMap
from organizations.models import Membership, MembershipRole
from tests.builder import make_member, make_meter, map_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

READABLE = ("organization_home", "organization_meters", "organization_rewards")
FOR_ADMINS = (
    "organization_approvals",
    "organization_people",
    "organization_invitations",
    "organization_audit",
    "organization_audit_csv",
)


@pytest.fixture
def boss(client, here):
    client.force_login(here.organization_admin)
    return client


def get(client, name) -> str:
    response = client.get(reverse(name))
    assert response.status_code == 200
    return response.content.decode()


def post(client, name, **data) -> str:
    response = client.post(reverse(name), data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def status_of(user) -> str:
    user.refresh_from_db()
    return user.approval_status


# ---- who may come ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", READABLE)
def test_members_read(client, here, name):
    client.force_login(here.member)
    assert get(client, name)


@pytest.mark.parametrize("name", FOR_ADMINS)
def test_members_do_not_decide(client, here, name):
    client.force_login(here.member)
    assert client.get(reverse(name)).status_code == 403
    answer = client.post(reverse(name), {"action": "approve", "ids": here.pending.membership.pk})
    assert answer.status_code == (405 if "audit" in name else 403)
    assert status_of(here.pending) == ApprovalStatus.PENDING


@pytest.mark.parametrize("who", ["resident", "staff", "admin"])
@pytest.mark.parametrize("name", READABLE + FOR_ADMINS)
def test_whoever_has_no_organization_does_not_find_its_pages(client, here, who, name):
    client.force_login(getattr(here, who))
    assert client.get(reverse(name)).status_code == 404


def test_home_leads_members_to_the_organization(client, here):
    client.force_login(here.member)
    assert client.get(reverse("home"))["Location"] == reverse("organization_home")
    assert client.get(reverse("rewards"))["Location"] == reverse("organization_rewards")


# ---- overview, meters, rewards ---------------------------------------------------------------------------


@pytest.fixture
def event(here):
    add_readings(here.school, energy_wh=1000, predicted_wh=900)
    event = past_event(make_program(here, here.school, kw="5"))
    lower(here.school, event, 500)
    settled(event)
    return event


def test_overview_shows_load_savings_and_rank(boss, here, event):
    page = get(boss, "organization_home")
    assert "Hither Schools" in page
    assert "Used today so far" in page
    assert "$2.80" in page
    assert "Which meter saved most in events" in page
    assert reverse("chart_rank", args=[here.organization.pk]) in page
    assert "One person waits for your answer." in page
    assert page.index("<dt>Saved in events") < page.index("<dt>Below forecast") < page.index("taken off")


def test_member_is_not_told_who_waits(client, here):
    client.force_login(here.member)
    assert "waits for your answer" not in get(client, "organization_home")


def test_overview_without_meters_says_so(client, here):
    client.force_login(here.other_organization_admin)
    page = get(client, "organization_home")
    assert "No meters yet" in page
    assert "No event is coming" in page


def test_overview_shows_the_next_event(boss, here):
    coming_event(make_program(here, here.school))
    page = get(boss, "organization_home")
    assert "Waiting for your answer" in page
    assert 'value="join"' in page


def test_meters_are_listed_with_rank_and_last_reading(boss, here, event):
    idle = make_meter(here.distributor, "Hither-idle")
    map_meter(idle, here.organization)
    page = get(boss, "organization_meters")
    for words in ("Hither-school", "1.000 kWh", "Hither-idle", "none in 30 days"):
        assert words in page


def test_many_meters_are_listed_in_pages_and_ranked_among_all(boss, here, monkeypatch):
    monkeypatch.setattr(organization_views, "PER_PAGE", 2)
    for number in range(4):
        map_meter(make_meter(here.distributor, f"Hither-z{number}"), here.organization)
    pages = [boss.get(reverse("organization_meters"), {"page": page}).context for page in (1, 2, 3, "x", 99)]
    shown = [[row["cells"][0]["text"] for row in page["rows"]] for page in pages]
    assert [len(rows) for rows in shown] == [2, 2, 1, 2, 1]
    assert sorted(chain(*shown[:3])) == ["Hither-school", *(f"Hither-z{number}" for number in range(4))]
    assert (shown[3], shown[4]) == (shown[0], shown[2])
    assert {page["page_obj"].paginator.count for page in pages} == {5}


def test_newest_reading_is_the_one_of_the_time_in_which_the_meter_was_ours(here):
    now = timezone.now()
    add_readings(here.school, days=10)
    meter_map = MeterMap.objects.get(meter=here.school, entity=here.organization)
    MeterMap.objects.filter(pk=meter_map.pk).update(valid_to=now - timedelta(days=4))
    fleet = fleet_of(user=here.member, holder_id=here.organization.pk, meters=[here.school, here.home], now=now)
    (last,) = fleet.last_end.values()
    assert now - timedelta(days=4, minutes=30) <= last <= now - timedelta(days=4) + timedelta(minutes=30)


def test_rewards_list_each_meter(boss, here, event):
    page = get(boss, "organization_rewards")
    assert "$2.80" in page
    assert "Hither-school" in page
    assert reverse("reward_why", args=[line_of(event, here.school).pk]) in page


def test_other_organization_sees_nothing_of_it(client, here, event):
    client.force_login(here.other_organization_admin)
    for name in READABLE:
        assert "Hither-school" not in get(client, name)


def test_number_of_queries_does_not_grow_with_meters_or_people(boss, here):
    add_readings(here.school, days=1)
    counts = []
    for turn in range(2):
        with CaptureQueriesContext(connection) as queries:
            for name in READABLE + FOR_ADMINS:
                get(boss, name)
        counts.append(len(queries))
        for number in range(3):
            meter = make_meter(here.distributor, f"Hither-{turn}{number}")
            map_meter(meter, here.organization)
            add_readings(meter, days=1)
            make_member(here.organization)
            make_member(here.organization, approval_status=ApprovalStatus.PENDING)
    assert counts[0] == counts[1]


# ---- approvals -------------------------------------------------------------------------------------------


def test_waiting_person_is_listed_with_since_when(boss, here):
    Membership.objects.filter(user=here.pending).update(created_at=timezone.now() - timedelta(days=3))
    page = get(boss, "organization_approvals")
    assert here.pending.email in page
    assert "3 days" in page
    assert "Nothing found" in page


def test_unverified_person_is_counted_and_not_listed(boss, here):
    EmailAddress.objects.filter(user=here.pending).update(verified=False)
    page = get(boss, "organization_approvals")
    assert here.pending.email not in page
    assert "One more person has not confirmed the address yet." in page


def test_approving_one_lets_in_and_writes(boss, here):
    page = post(boss, "organization_approvals", action="approve", ids=here.pending.membership.pk)
    assert "Approved:" in page
    assert status_of(here.pending) == ApprovalStatus.APPROVED
    assert Message.objects.filter(recipient=here.pending.email).exists()


def test_refusing_many_takes_the_reason_into_the_mail(boss, here):
    second = make_member(here.organization, approval_status=ApprovalStatus.PENDING)
    ids = [here.pending.membership.pk, second.membership.pk]
    page = post(boss, "organization_approvals", action="reject", ids=ids, reason="Contract ended in June.")
    assert "Refused:" in page
    for user in (here.pending, second):
        assert status_of(user) == ApprovalStatus.REJECTED
        assert Message.objects.get(recipient=user.email).payload["reason"] == "Contract ended in June."


def test_refused_person_can_be_approved_after_all(boss, here):
    post(boss, "organization_approvals", action="reject", ids=here.pending.membership.pk)
    assert "Approve after all" in get(boss, "organization_approvals")
    post(boss, "organization_approvals", action="approve", ids=here.pending.membership.pk)
    assert status_of(here.pending) == ApprovalStatus.APPROVED


def test_choosing_nobody_is_said(boss):
    assert "Choose at least one person" in post(boss, "organization_approvals", action="approve")


def test_unknown_action_is_not_found(boss, here):
    data = {"action": "delete", "ids": here.pending.membership.pk}
    assert boss.post(reverse("organization_approvals"), data).status_code == 404


def test_people_of_another_organization_cannot_be_decided_on(boss, world):
    foreign = [world.there.pending, make_member(world.here.other_organization, approval_status="pending")]
    for user in foreign:
        page = post(boss, "organization_approvals", action="approve", ids=user.membership.pk)
        assert "Choose at least one person" in page
        assert status_of(user) == ApprovalStatus.PENDING


def test_approved_member_is_not_refused_by_an_approval(boss, here):
    post(boss, "organization_approvals", action="reject", ids=here.member.membership.pk)
    assert status_of(here.member) == ApprovalStatus.APPROVED


def test_same_name_is_pointed_out(boss, here):
    for user in (here.pending, here.member):
        user.first_name, user.last_name = "Kim", "Okoye"
        user.save()
    page = get(boss, "organization_approvals")
    assert f"Same name as {here.member.email}, who is a member." in page


def test_other_mail_domain_is_pointed_out(boss, here):
    here.pending.email = "kim@elsewhere.example"
    here.pending.save()
    assert "Other mail domain than your people, who have example.com." in get(boss, "organization_approvals")


def test_nobody_waiting_is_said(boss, here):
    here.pending.membership.delete()
    assert "Nobody waits for your answer" in get(boss, "organization_approvals")


# ---- people ----------------------------------------------------------------------------------------------


def test_people_are_listed_with_their_roles(boss, here):
    page = get(boss, "organization_people")
    assert here.member.email in page
    assert here.pending.email not in page
    assert "(you)" in page


def test_member_is_promoted_and_demoted(boss, here):
    pk = here.member.membership.pk
    assert "Admin now:" in post(boss, "organization_people", action="promote", id=pk)
    assert Membership.objects.get(pk=pk).role == MembershipRole.ADMIN
    assert "Member now:" in post(boss, "organization_people", action="demote", id=pk)
    assert Membership.objects.get(pk=pk).role == MembershipRole.MEMBER


@pytest.mark.parametrize("action", ["demote", "remove"])
def test_last_admin_stays_and_hears_why(boss, here, action):
    pk = here.organization_admin.membership.pk
    page = post(boss, "organization_people", action=action, id=pk)
    assert "only admin" in page
    assert Membership.objects.get(pk=pk).role == MembershipRole.ADMIN


def test_removing_asks_first_and_then_closes_the_account(boss, here):
    pk = here.member.membership.pk
    assert f'id="remove-{pk}"' in get(boss, "organization_people")
    assert "Removed:" in post(boss, "organization_people", action="remove", id=pk)
    assert not Membership.objects.filter(pk=pk).exists()
    assert status_of(here.member) == ApprovalStatus.REJECTED


def test_admin_who_steps_down_is_led_away(boss, here):
    post(boss, "organization_people", action="promote", id=here.member.membership.pk)
    data = {"action": "demote", "id": here.organization_admin.membership.pk}
    assert boss.post(reverse("organization_people"), data)["Location"] == reverse("home")


def test_people_of_another_organization_cannot_be_changed(boss, world):
    for user in (world.there.member, world.here.other_organization_admin):
        data = {"action": "remove", "id": user.membership.pk}
        assert boss.post(reverse("organization_people"), data).status_code == 404
        assert Membership.objects.filter(user=user).exists()


@pytest.mark.parametrize(
    "data", [{"action": "remove", "id": "x"}, {"action": "crown", "id": "1"}, {"action": "promote", "id": "x"}]
)
def test_nonsense_is_not_found(boss, data):
    assert boss.post(reverse("organization_people"), data).status_code == 404


def test_waiting_person_cannot_be_promoted(boss, here):
    data = {"action": "promote", "id": here.pending.membership.pk}
    assert boss.post(reverse("organization_people"), data).status_code == 404


def test_no_page_names_the_other_distributor(boss, world, event):
    add_readings(world.there.school, days=1)
    for name in READABLE + FOR_ADMINS:
        assert "Thither" not in get(boss, name)
