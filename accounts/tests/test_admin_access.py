"""The admin by role: whose rows it shows, and who may change them."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import ApiToken, ApprovalStatus, AuditEntry, User
from accounts.tenant_admin import TenantAdmin
from meters.models import Feeder, Meter, MeterMap
from organizations.models import Distributor, GroupMember, Membership, Organization, OrganizationGroup
from tests.builder import PASSWORD, make_token, make_user, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ADMINS = {model: one for model, one in admin.site._registry.items() if isinstance(one, TenantAdmin)}
READERS = ["admin", "staff", "auditor"]
OWN = [Organization, OrganizationGroup, Membership, User, ApiToken, Meter, MeterMap, Feeder, Distributor]


@pytest.fixture
def world():
    world = make_world()
    for side in (world.here, world.there):
        group = OrganizationGroup.objects.create(distributor=side.distributor, name=f"{side.distributor} Public")
        GroupMember.objects.create(group=group, organization=side.organization)
        make_token(side.resident)
    return world


def rows_of(model, side):
    """Rows of one side, by the admin of that side."""
    return model._default_manager.visible_to(side.admin)


def change_url(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def add_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


@pytest.mark.parametrize("role", READERS)
def test_list_shows_own_rows_only(client, world, role):
    client.force_login(getattr(world.here, role))
    for model in OWN:
        answer = client.get(list_url(model))
        assert answer.status_code == 200
        shown = set(answer.context["cl"].queryset.values_list("pk", flat=True))
        assert shown, model
        assert shown == set(rows_of(model, world.here).values_list("pk", flat=True)), model
        for marker in ("Thither", world.there.admin.email, world.there.resident.email):
            assert marker not in answer.text, model


@pytest.mark.parametrize("role", READERS)
def test_foreign_row_is_unknown(client, world, role):
    client.force_login(getattr(world.here, role))
    for model in OWN:
        row = rows_of(model, world.there).first()
        for action in ("change", "delete", "history"):
            url = change_url(row).replace("change", action)
            for answer in (client.get(url), client.post(url, {"post": "yes", "name": "stolen"})):
                assert answer.status_code in (302, 403, 404), (model, action, answer.status_code)
                assert "Thither" not in answer.text
        assert model._base_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("role", READERS)
def test_pages_of_own_rows_name_nothing_foreign(client, world, role):
    client.force_login(getattr(world.here, role))
    for model in OWN:
        for row in rows_of(model, world.here)[:2]:
            answer = client.get(change_url(row))
            assert answer.status_code == 200, model
            assert "Thither" not in answer.text, model
            assert world.there.resident.email not in answer.text, model


@pytest.mark.parametrize("role", ["staff", "auditor"])
def test_staff_and_auditor_read_only(client, world, role):
    client.force_login(getattr(world.here, role))
    for model in ADMINS:
        assert client.get(list_url(model)).status_code in (200, 403), model
        assert client.get(add_url(model)).status_code == 403, model
        assert client.post(add_url(model), {}).status_code == 403, model
    for model in OWN:
        row = rows_of(model, world.here).first()
        assert client.post(change_url(row), {"name": "changed"}).status_code == 403, model
        assert client.post(change_url(row).replace("change", "delete"), {"post": "yes"}).status_code == 403
        assert model._base_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("role", ["staff", "auditor"])
def test_staff_and_auditor_run_no_action(client, world, role):
    client.force_login(getattr(world.here, role))
    membership = world.here.pending.membership
    for model, action, row in (
        (Membership, "approve", membership),
        (User, "approve", world.here.pending),
        (ApiToken, "revoke", ApiToken.objects.get(user=world.here.resident)),
        (Feeder, "delete_selected", Feeder.objects.visible_to(world.here.admin).get()),
    ):
        client.post(list_url(model), {"action": action, "_selected_action": [row.pk], "post": "yes"})
    world.here.pending.refresh_from_db()
    assert world.here.pending.approval_status == ApprovalStatus.PENDING
    assert ApiToken.objects.get(user=world.here.resident).revoked_at is None
    assert Feeder.objects.count() == 2


@pytest.mark.parametrize(
    ("role", "status"), [("resident", 403), ("member", 403), ("organization_admin", 403), ("pending", 302)]
)
def test_customers_get_no_admin_page(client, world, role, status):
    client.force_login(getattr(world.here, role))
    for model in ADMINS:
        for answer in (client.get(list_url(model)), client.get(add_url(model))):
            assert answer.status_code == status


def test_platform_operator_sees_both_distributors(client, world):
    client.force_login(world.platform)
    for model in OWN:
        answer = client.get(list_url(model))
        assert answer.context["cl"].queryset.count() == model._base_manager.count()


class TestActions:
    def run(self, client, model, action, *rows):
        data = {"action": action, "_selected_action": [row.pk for row in rows], "post": "yes"}
        return client.post(list_url(model), data, follow=True)

    def test_action_reaches_no_foreign_row(self, client, world):
        client.force_login(world.here.admin)
        there = world.there
        self.run(client, Membership, "approve", there.pending.membership)
        self.run(client, User, "approve", there.pending)
        self.run(client, User, "reject", there.resident)
        self.run(client, Membership, "remove", there.member.membership)
        self.run(client, ApiToken, "revoke", ApiToken.objects.get(user=there.resident))
        self.run(client, Feeder, "delete_selected", Feeder.objects.visible_to(there.admin).get())
        assert User.objects.get(pk=there.pending.pk).approval_status == ApprovalStatus.PENDING
        assert User.objects.get(pk=there.resident.pk).approval_status == ApprovalStatus.APPROVED
        assert Membership.objects.filter(user=there.member).exists()
        assert ApiToken.objects.get(user=there.resident).revoked_at is None
        assert Feeder.objects.count() == 2

    def test_decision_on_a_member_is_logged_in_words(self, client, world):
        client.force_login(world.here.admin)
        self.run(client, Membership, "approve", world.here.pending.membership)
        assert User.objects.get(pk=world.here.pending.pk).approval_status == ApprovalStatus.APPROVED
        entry = AuditEntry.objects.filter(act="member.approve").first()
        assert (entry.actor_id, entry.organization_id) == (world.here.admin.pk, world.here.organization.pk)
        assert not admin.models.LogEntry.objects.exists()

    def test_refused_decision_is_said_row_by_row(self, client, world):
        client.force_login(world.here.admin)
        rows = [world.here.organization_admin.membership, world.here.member.membership]
        answer = self.run(client, Membership, "remove", *rows)
        texts = [str(message) for message in answer.context["messages"]]
        assert any("only admin" in text for text in texts)
        assert not Membership.objects.filter(user=world.here.member).exists()
        assert Membership.objects.filter(user=world.here.organization_admin).exists()

    def test_own_account_is_not_refused_by_oneself(self, client, world):
        client.force_login(world.here.admin)
        self.run(client, User, "reject", world.here.admin, world.here.resident)
        assert User.objects.get(pk=world.here.admin.pk).is_approved
        assert not User.objects.get(pk=world.here.resident.pk).is_approved

    def test_revoked_token_opens_nothing(self, client, world):
        _, key = make_token(world.here.neighbor)
        client.force_login(world.here.admin)
        self.run(client, ApiToken, "revoke", ApiToken.objects.get(user=world.here.neighbor))
        client.logout()
        assert client.get("/api/schema", headers={"authorization": f"Bearer {key}"}).status_code == 401


class TestOracles:
    @pytest.mark.parametrize(
        ("model", "query"),
        [
            (User, "password__startswith=p"),
            (ApiToken, "digest__startswith=a"),
            (ApiToken, "user__password__startswith=p"),
            (Membership, "user__password__startswith=p"),
            (Meter, "distributor__name__startswith=T"),
        ],
    )
    def test_list_cannot_be_filtered_by_what_it_does_not_show(self, client, world, model, query):
        client.force_login(world.here.staff)
        assert client.get(f"{list_url(model)}?{query}").status_code in (302, 400)

    def test_filter_of_feeders_names_no_foreign_one(self, client, world):
        client.force_login(world.here.admin)
        assert "Thither North" not in client.get(list_url(Meter)).text


def _many(side, count):
    for _ in range(count):
        user = make_user(side.distributor)
        make_token(user)
        Membership.objects.create(user=user, organization=side.organization)
        number = f"{user.pk}"
        meter = Meter.objects.create(
            distributor=side.distributor, number=number, feeder=Feeder.objects.visible_to(side.admin)[0]
        )
        MeterMap.objects.create(meter=meter, entity_id=side.organization.pk, valid_from="2026-01-01T00:00Z")
        Organization.objects.create(distributor=side.distributor, name=number)
        Feeder.objects.create(distributor=side.distributor, name=number)
        OrganizationGroup.objects.create(distributor=side.distributor, name=number)


def test_list_costs_the_same_queries_for_many_rows(client, world, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(TenantAdmin, "list_per_page", 1000)
    client.force_login(world.here.admin)
    _many(world.here, 3)
    costs = {}
    for model in OWN:
        client.get(list_url(model))
        with django_assert_max_num_queries(40) as queries:
            client.get(list_url(model))
        costs[model] = len(queries)
    _many(world.here, 30)
    for model, cost in costs.items():
        with django_assert_max_num_queries(cost, info=model):
            client.get(list_url(model))


def test_password_of_the_builder_is_not_shown(client, world):
    """The page of a person shows neither hash nor password."""
    user = make_user(world.here.distributor, password=PASSWORD)
    client.force_login(world.here.admin)
    assert user.password not in client.get(change_url(user)).text
