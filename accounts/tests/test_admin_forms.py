"""Forms of the admin: the distributor is set, choices are one's own, and no refusal is a crash."""

import pytest
from django.urls import reverse

from accounts.models import ApiToken, Entity, StaffRole, User
from meters.models import Feeder, Meter, MeterMap
from organizations.models import Distributor, GroupMember, Membership, Organization, OrganizationGroup
from tests.builder import make_distributor, make_member, make_organization, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def as_admin(client, world):
    client.force_login(world.here.admin)
    return client


@pytest.fixture
def as_platform(client, world):
    client.force_login(world.platform)
    return client


def url(model, action, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def add(client, model, **data):
    return client.post(url(model, "add"), data)


def change(client, row, **data):
    return client.post(url(type(row), "change", row.pk), data)


def errors(answer):
    """All sentences of a form that came back."""
    assert answer.status_code == 200, answer.status_code
    form = answer.context["adminform"].form
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def group_data(name, *organizations, **more):
    data = {"name": name, "members-TOTAL_FORMS": len(organizations), "members-INITIAL_FORMS": 0}
    for number, organization in enumerate(organizations):
        data[f"members-{number}-organization"] = organization.pk
    return data | more


def local(text):
    day, _, time = text.partition(" ")
    return day, time or "00:00:00"


def map_data(meter, holder, since="2026-01-01", until=None):
    data = {"meter": meter.pk, "entity": holder.pk}
    data["valid_from_0"], data["valid_from_1"] = local(since)
    data["valid_to_0"], data["valid_to_1"] = local(until) if until else ("", "")
    return data


METER = {"number": "X1", "interval_minutes": 30, "reading_kind": "interval"}


class TestDistributorIsSet:
    def test_organization(self, as_admin, world):
        assert add(as_admin, Organization, name="Library").status_code == 302
        assert Organization.objects.get(name="Library").distributor == world.here.distributor

    def test_meter(self, as_admin, world):
        assert add(as_admin, Meter, **METER).status_code == 302
        meter = Meter.objects.get(number="X1")
        assert meter.distributor == world.here.distributor
        assert meter.maps.get().entity_id == world.here.distributor.pk

    def test_feeder(self, as_admin, world):
        assert add(as_admin, Feeder, name="South").status_code == 302
        assert Feeder.objects.get(name="South").distributor == world.here.distributor

    def test_group_with_members(self, as_admin, world):
        data = group_data("Public", world.here.organization)
        assert add(as_admin, OrganizationGroup, **data).status_code == 302
        group = OrganizationGroup.objects.get()
        assert group.distributor == world.here.distributor
        assert list(group.organizations.all()) == [world.here.organization]

    def test_user(self, as_admin, world):
        answer = add(as_admin, User, email="Eve@Example.com", staff_role="staff", first_name="Eve")
        assert answer.status_code == 302
        user = User.objects.get(email="eve@example.com")
        assert (user.tenant_id, user.staff_role) == (world.here.distributor.pk, StaffRole.STAFF)
        assert not user.has_usable_password()
        assert not user.is_approved

    @pytest.mark.parametrize("model", [Organization, Meter, Feeder, OrganizationGroup])
    def test_posted_distributor_is_ignored(self, as_admin, world, model):
        data = METER | group_data("Posted") | {"distributor": world.there.distributor.pk}
        assert add(as_admin, model, **data).status_code == 302
        row = model.objects.order_by("pk").last()
        assert row.distributor_id == world.here.distributor.pk

    def test_posted_fields_of_a_person_are_ignored(self, as_admin, world):
        add(
            as_admin,
            User,
            email="eve@example.com",
            tenant=world.there.distributor.pk,
            is_superuser="on",
            approval_status="approved",
            password="x",
        )
        user = User.objects.get(email="eve@example.com")
        assert (user.tenant_id, user.is_superuser) == (world.here.distributor.pk, False)
        assert not user.is_approved
        assert not user.has_usable_password()


class TestUniqueness:
    @pytest.mark.parametrize("model", [Organization, Feeder, OrganizationGroup])
    def test_name_taken_is_said_on_the_form(self, as_admin, world, model):
        model.objects.create(distributor=world.here.distributor, name="Taken")
        assert "of this name already" in errors(add(as_admin, model, **group_data("Taken")))

    @pytest.mark.parametrize("model", [Organization, Feeder, OrganizationGroup])
    def test_name_of_the_other_distributor_is_free(self, as_admin, world, model):
        model.objects.create(distributor=world.there.distributor, name="Taken")
        assert add(as_admin, model, **group_data("Taken")).status_code == 302

    @pytest.mark.parametrize("model", [Organization, Feeder, OrganizationGroup])
    def test_new_name_that_is_taken_is_said_on_the_form(self, as_admin, world, model):
        model.objects.create(distributor=world.here.distributor, name="Taken")
        row = model.objects.create(distributor=world.here.distributor, name="Mine")
        assert "of this name already" in errors(change(as_admin, row, **group_data("Taken")))

    def test_meter_number_taken_is_said_on_the_form(self, as_admin, world):
        assert "number already" in errors(add(as_admin, Meter, **METER | {"number": "Hither-home"}))
        assert add(as_admin, Meter, **METER | {"number": "Thither-home"}).status_code == 302

    def test_address_taken_is_said_on_the_form(self, as_admin, world):
        for taken in (world.here.resident.email, world.there.resident.email.upper()):
            assert "has an account already" in errors(add(as_admin, User, email=taken))

    def test_organization_twice_in_a_group_is_said_on_the_form(self, as_admin, world):
        data = group_data("Public", world.here.organization, world.here.organization)
        assert add(as_admin, OrganizationGroup, **data).status_code == 200
        assert not OrganizationGroup.objects.exists()


class TestChoices:
    def test_choices_of_foreign_keys_are_ones_own(self, as_admin, world):
        there = world.there
        assert "feeder" in as_admin.get(url(Meter, "add")).context["adminform"].form.fields
        feeder = Feeder.objects.visible_to(there.admin).get()
        assert "feeder" in add(as_admin, Meter, **METER | {"feeder": feeder.pk}).context["adminform"].form.errors
        answer = add(as_admin, Membership, user=there.resident.pk, organization=there.organization.pk)
        assert set(answer.context["adminform"].form.errors) == {"user", "organization"}
        answer = add(as_admin, MeterMap, **map_data(there.home, there.resident))
        assert {"meter", "entity"} <= set(answer.context["adminform"].form.errors)
        answer = add(as_admin, ApiToken, user=there.resident.pk, name="x", scopes=["meters:read"])
        assert "user" in answer.context["adminform"].form.errors

    def test_inline_of_a_group_offers_and_takes_own_organizations_only(self, as_admin, world):
        assert "Thither Schools" not in as_admin.get(url(OrganizationGroup, "add")).text
        query = {"app_label": "organizations", "model_name": "groupmember", "field_name": "organization", "term": "Sch"}
        offered = as_admin.get(reverse("admin:autocomplete"), query).json()["results"]
        assert [row["text"] for row in offered] == ["Hither Schools"]
        data = group_data("Public", world.there.organization)
        assert add(as_admin, OrganizationGroup, **data).status_code == 200
        assert not GroupMember.objects.exists()

    def test_inline_row_of_another_group_cannot_be_changed(self, as_admin, world):
        group = OrganizationGroup.objects.create(distributor=world.there.distributor, name="Theirs")
        theirs = GroupMember.objects.create(group=group, organization=world.there.organization)
        mine = OrganizationGroup.objects.create(distributor=world.here.distributor, name="Mine")
        data = group_data("Mine", world.here.organization) | {
            "members-INITIAL_FORMS": 1,
            "members-0-id": theirs.pk,
            "members-0-group": mine.pk,
            "members-0-DELETE": "on",
        }
        change(as_admin, mine, **data)
        theirs.refresh_from_db()
        assert theirs.group_id == group.pk


class TestMembership:
    def test_first_member_added_in_the_admin_becomes_admin(self, as_admin, world):
        empty = make_organization(world.here.distributor)
        user = make_user(world.here.distributor)
        assert add(as_admin, Membership, user=user.pk, organization=empty.pk).status_code == 302
        assert Membership.objects.get(user=user).is_admin

    def test_later_member_added_in_the_admin_is_a_member(self, as_admin, world):
        user = make_user(world.here.distributor)
        answer = add(as_admin, Membership, user=user.pk, organization=world.here.organization.pk, role="admin")
        assert answer.status_code == 302
        assert not Membership.objects.get(user=user).is_admin

    @pytest.mark.parametrize("who", ["member", "resident", "staff"])
    def test_who_cannot_join_is_said_on_the_form(self, as_admin, world, who):
        user = getattr(world.here, who)
        answer = add(as_admin, Membership, user=user.pk, organization=world.here.other_organization.pk)
        assert errors(answer)

    def test_membership_is_shown_and_not_edited(self, as_admin, world):
        membership = world.here.member.membership
        assert as_admin.get(url(Membership, "change", membership.pk)).status_code == 200
        answer = change(as_admin, membership, user=membership.user_id, organization=membership.organization_id)
        assert answer.status_code == 403


class TestMeterMap:
    def test_map_of_a_resident_is_made(self, as_admin, world):
        newcomer = make_user(world.here.distributor)
        meter = Meter.objects.create(distributor=world.here.distributor, number="X1")
        assert add(as_admin, MeterMap, **map_data(meter, newcomer)).status_code == 302
        assert MeterMap.objects.get(entity_id=newcomer.pk).holder_kind == "user"

    @pytest.mark.parametrize(
        ("meter", "holder", "sentence"),
        [
            ("neighbor_home", "newcomer", "has a resident"),
            ("school", "resident", "has a meter already"),
            ("free", "member", "Members of an organization"),
        ],
    )
    def test_violation_is_said_on_the_form(self, as_admin, world, meter, holder, sentence):
        people = {"newcomer": make_user(world.here.distributor)}
        meters = {"free": Meter.objects.create(distributor=world.here.distributor, number="X1")}
        row = map_data(
            meters.get(meter) or getattr(world.here, meter), people.get(holder) or getattr(world.here, holder)
        )
        before = MeterMap.objects.count()
        assert sentence in errors(add(as_admin, MeterMap, **row))
        assert MeterMap.objects.count() == before

    def test_end_before_start_is_said_on_the_form(self, as_admin, world):
        row = map_data(world.here.school, world.here.other_organization, "2026-01-02", "2026-01-01")
        assert "end must be after" in errors(add(as_admin, MeterMap, **row))

    def test_same_row_twice_is_said_on_the_form(self, as_admin, world):
        row = map_data(world.here.school, world.here.other_organization)
        assert add(as_admin, MeterMap, **row).status_code == 302
        assert errors(add(as_admin, MeterMap, **row))

    def test_map_across_distributors_is_said_on_the_form(self, as_platform, world):
        newcomer = make_user(world.there.distributor)
        meter = Meter.objects.create(distributor=world.here.distributor, number="X1")
        assert "different distributors" in errors(add(as_platform, MeterMap, **map_data(meter, newcomer)))

    def test_map_of_a_resident_can_be_ended(self, as_admin, world):
        row = MeterMap.objects.get(entity_id=world.here.resident.pk)
        data = map_data(world.here.home, world.here.resident, "2020-01-01", "2026-01-01")
        assert change(as_admin, row, **data).status_code == 302
        row.refresh_from_db()
        assert row.valid_to is not None

    def test_row_of_the_distributor_cannot_be_changed(self, as_admin, world):
        row = MeterMap.objects.get(meter=world.here.home, holder_kind="distributor")
        data = map_data(world.here.home, world.here.distributor, "1970-01-01", "2026-01-01")
        assert change(as_admin, row, **data).status_code == 403


class TestPeople:
    def test_member_cannot_be_made_staff(self, as_admin, world):
        answer = change(as_admin, world.here.member, staff_role="admin", is_active="on")
        assert "cannot work for the distributor" in errors(answer)

    def test_address_and_approval_are_not_edited(self, as_admin, world):
        answer = change(
            as_admin,
            world.here.resident,
            email="thief@example.com",
            approval_status="rejected",
            first_name="Rita",
            is_active="on",
            is_superuser="on",
        )
        assert answer.status_code == 302
        user = User.objects.get(pk=world.here.resident.pk)
        assert (user.email, user.first_name) == (world.here.resident.email, "Rita")
        assert user.is_approved
        assert not user.is_superuser

    def test_platform_operator_chooses_the_distributor(self, as_platform, world):
        there = world.there.distributor.pk
        assert add(as_platform, User, email="eve@example.com", tenant=there).status_code == 302
        assert User.objects.get(email="eve@example.com").tenant_id == there

    @pytest.mark.parametrize("tenant", ["", "organization"])
    def test_platform_operator_must_choose_a_distributor(self, as_platform, world, tenant):
        chosen = world.here.organization.pk if tenant else ""
        assert errors(add(as_platform, User, email="eve@example.com", tenant=chosen))
        assert not User.objects.filter(email="eve@example.com").exists()

    def test_key_of_a_token_is_shown_once(self, as_admin, world):
        answer = as_admin.post(
            url(ApiToken, "add"),
            {"user": world.here.resident.pk, "name": "pump", "scopes": ["meters:read"]},
            follow=True,
        )
        (text,) = [str(message) for message in answer.context["messages"] if "drp_" in str(message)]
        key = text.split(": ")[1].split()[0]
        token = ApiToken.objects.get(user=world.here.resident)
        assert token.digest == ApiToken.digest_of(key)
        assert key not in as_admin.get(url(ApiToken, "change", token.pk)).text


class TestPlatform:
    @pytest.mark.parametrize("model", [Organization, Meter, Feeder, OrganizationGroup])
    def test_platform_operator_chooses_once_whose_row_it_is(self, as_platform, world, model):
        there = world.there.distributor.pk
        assert add(as_platform, model, **METER | group_data("New"), distributor=there).status_code == 302
        row = model.objects.order_by("pk").last()
        assert row.distributor_id == there
        answer = change(as_platform, row, **METER | group_data("Renamed"), distributor=world.here.distributor.pk)
        assert answer.status_code == 302
        row.refresh_from_db()
        assert row.distributor_id == there

    def test_platform_operator_makes_and_removes_a_distributor(self, as_platform):
        data = {"name": "Yonder", "timezone": "Europe/Athens", "currency": "EUR"}
        assert add(as_platform, Distributor, **data).status_code == 302
        made = Distributor.objects.get(name="Yonder")
        assert made.kind == "distributor"
        as_platform.post(url(Distributor, "delete", made.pk), {"post": "yes"})
        assert not Entity.objects.filter(pk=made.pk).exists()

    @pytest.mark.parametrize(
        "wrong", [{"timezone": "Mars/Base"}, {"currency": "euro"}, {"name": "Hither"}, {"latitude": "91"}]
    )
    def test_wrong_words_about_a_distributor_are_said_on_the_form(self, as_platform, world, wrong):
        data = {"name": "Yonder", "timezone": "UTC", "currency": "EUR"} | wrong
        assert errors(add(as_platform, Distributor, **data))

    def test_distributor_admin_changes_the_own_one_only(self, as_admin, world):
        data = {"name": "Hither & Co", "timezone": "UTC", "currency": "EUR"}
        assert change(as_admin, world.here.distributor, **data).status_code == 302
        assert add(as_admin, Distributor, **data).status_code == 403
        assert as_admin.post(url(Distributor, "delete", world.here.distributor.pk)).status_code == 403
        change(as_admin, world.there.distributor, **data)
        world.there.distributor.refresh_from_db()
        assert world.there.distributor.name == "Thither"


class TestWhatOnlyTheDatabaseRefuses:
    def test_group_across_distributors_ends_as_a_message(self, as_platform, world):
        data = group_data("Mixed", world.there.organization, distributor=world.here.distributor.pk)
        answer = as_platform.post(url(OrganizationGroup, "add"), data, follow=True)
        assert any("another distributor" in str(message) for message in answer.context["messages"])
        assert not OrganizationGroup.objects.exists()

    def test_refusal_at_deletion_ends_as_a_message(self, as_platform, world):
        """A distributor that has people cannot go: Django's own page says what is in the way."""
        answer = as_platform.post(url(Distributor, "delete", world.here.distributor.pk), {"post": "yes"})
        assert answer.status_code in (200, 302)
        assert Distributor.objects.filter(pk=world.here.distributor.pk).exists()

    def test_organization_with_people_of_two_kinds_can_be_renamed(self, as_admin, world):
        make_member(world.here.organization)
        assert change(as_admin, world.here.organization, name="Renamed").status_code == 302

    def test_refusal_that_no_form_check_knows_ends_as_a_message(self, as_admin, world, monkeypatch):
        """Somebody takes the name between the form's check and the save."""
        monkeypatch.setattr(Feeder, "validate_constraints", lambda self, exclude=None: None)
        Feeder.objects.create(distributor=world.here.distributor, name="Taken")
        answer = as_admin.post(url(Feeder, "add"), {"name": "Taken"}, follow=True)
        assert answer.status_code == 200
        assert [str(m) for m in answer.context["messages"]] == ["There is a feeder of this name already."]
        assert make_distributor() is not None
