"""Organizations and groups for distributor admins."""

import pytest
from django.urls import reverse

from accounts.models import ApprovalStatus
from organizations.models import GroupMember, Invitation, Organization, OrganizationGroup, RequestState
from organizations.services import create_group, request_organization
from tests.builder import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PAGES = ("operator_organizations", "operator_groups", "operator_brand")


@pytest.fixture
def boss(client, here):
    client.force_login(here.admin)
    return client


@pytest.fixture
def wish(here):
    person = make_user(here.distributor, "baker@example.com", approval_status=ApprovalStatus.PENDING)
    return request_organization(person=person, distributor=here.distributor, name="Hither Bakery", message="Two ovens")


def post(client, name, /, *args, **data) -> str:
    return client.post(reverse(name, args=args), data, follow=True).text


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["staff", "auditor", "organization_admin", "resident"])
def test_only_admins_decide(client, here, name, who):
    client.force_login(getattr(here, who))
    assert client.get(reverse(name)).status_code == 403


def test_requests_and_organizations_are_listed_with_counts(boss, here, wish):
    page = boss.get(reverse("operator_organizations")).text
    assert "Two ovens" in page
    assert "Hither Schools" in page
    assert "Thither" not in page
    assert boss.get(reverse("operator_organizations"), {"find": "water"}).text.count("Hither Schools") == 0


def test_unproved_address_is_not_listed(boss, wish):
    wish.person.emailaddress_set.update(verified=False)
    assert "Two ovens" not in boss.get(reverse("operator_organizations")).text


def test_request_is_approved(boss, wish):
    assert "is registered" in post(boss, "operator_organization_request", wish.pk, action="approve")
    assert Organization.objects.get(name="Hither Bakery").memberships.get().is_admin
    assert "answered or withdrawn" in post(boss, "operator_organization_request", wish.pk, action="approve")


def test_similar_name_is_pointed_out_and_a_taken_one_refused(boss, here, wish):
    wish.name = "hither schools"
    wish.save()
    assert "There is “Hither Schools” already." in boss.get(reverse("operator_organizations")).text
    assert "already" in post(boss, "operator_organization_request", wish.pk, action="approve")
    wish.refresh_from_db()
    assert wish.state == RequestState.PENDING


def test_refusal_needs_a_reason(boss, wish):
    assert "Say why" in post(boss, "operator_organization_request", wish.pk, action="refuse", reason=" ")
    assert "Refused" in post(boss, "operator_organization_request", wish.pk, action="refuse", reason="No customer")
    wish.refresh_from_db()
    assert (wish.state, wish.reason) == (RequestState.REFUSED, "No customer")


def test_stranger_finds_nothing_of_it(client, world, wish):
    client.force_login(world.there.admin)
    group = create_group(distributor=world.here.distributor, name="Schools", by=world.here.admin)
    addresses = [
        reverse("operator_organization_request", args=[wish.pk]),
        reverse("operator_organization_invite", args=[world.here.organization.pk]),
        reverse("operator_group", args=[group.pk]),
    ]
    for address in addresses:
        assert client.post(address, {"action": "approve"}).status_code == 404
    wish.refresh_from_db()
    assert wish.state == RequestState.PENDING


def test_first_admin_is_invited(boss, here):
    page = post(boss, "operator_organization_invite", here.organization.pk, emails="head@example.com", role="admin")
    assert "1 invitation is on its way." in page
    assert Invitation.objects.get().role == "admin"


def test_number_of_queries_does_not_grow_with_organizations(boss, here, django_assert_max_num_queries):
    for number in range(30):
        Organization.objects.create(distributor=here.distributor, name=f"Site {number}")
    with django_assert_max_num_queries(25):
        boss.get(reverse("operator_organizations"))


class TestGroups:
    def test_group_is_made_filled_renamed_and_deleted(self, boss, here):
        post(boss, "operator_groups", name="  All   schools ")
        group = OrganizationGroup.objects.get()
        assert group.name == "All schools"
        post(boss, "operator_group", group.pk, name="Public", organizations=[here.organization.pk])
        group.refresh_from_db()
        assert group.name == "Public"
        assert GroupMember.objects.get().organization_id == here.organization.pk
        post(boss, "operator_group", group.pk, name="Public", organizations=[here.other_organization.pk])
        assert GroupMember.objects.get().organization_id == here.other_organization.pk
        assert "is deleted" in post(boss, "operator_group", group.pk, action="delete")
        assert not OrganizationGroup.objects.exists()

    def test_taken_name_is_said(self, boss, here):
        first = create_group(distributor=here.distributor, name="Schools", by=here.admin)
        second = create_group(distributor=here.distributor, name="Water", by=here.admin)
        assert "of this name already" in post(boss, "operator_groups", name="schools")
        assert "of this name already" in post(boss, "operator_group", second.pk, name="Schools")
        assert {first.name, OrganizationGroup.objects.get(pk=second.pk).name} == {"Schools", "Water"}

    def test_organization_of_another_distributor_is_no_choice(self, boss, world):
        group = create_group(distributor=world.here.distributor, name="Schools", by=world.here.admin)
        page = post(boss, "operator_group", group.pk, name="Schools", organizations=[world.there.organization.pk])
        assert "Select a valid choice" in page
        assert not GroupMember.objects.exists()
