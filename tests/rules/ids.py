"""Rules "add user id" and "add org id": proofs of their cells."""

import pytest
from django.db import IntegrityError, transaction
from django.forms import modelform_factory

from accounts.models import Entity, Kind, User
from organizations.models import Organization
from tests.rules.kit import Kit
from tests.rules.table import proves
from tests.rules.writes import checked, execute

USER, ORGANIZATION = "add user id", "add org id"


def refused(write: object, *args: object, **kwargs: object) -> None:
    """The database refuses the write."""
    with pytest.raises(IntegrityError), transaction.atomic():
        checked(write, *args, **kwargs)


def _is_entity(row: Entity, kind: Kind, tenant: Entity) -> None:
    entity = Entity.objects.get(pk=row.pk)
    assert (entity.kind, entity.tenant_id) == (kind, tenant.pk)


@proves(USER, "save", "fills")
def _user_saved() -> None:
    kit = Kit()
    user = User(email="new@example.com", tenant_id=kit.here.pk)
    user.save()
    _is_entity(user, Kind.USER, kit.here)


@proves(USER, "form", "fills")
def _user_by_form() -> None:
    kit = Kit()
    form = modelform_factory(User, fields=["email", "tenant", "theme", "staff_role"])(
        {"email": "new@example.com", "tenant": kit.here.pk}
    )
    assert form.is_valid(), form.errors
    _is_entity(form.save(), Kind.USER, kit.here)


@proves(USER, "bulk", "refuses")
def _user_in_bulk() -> None:
    with pytest.raises(ValueError, match="bulk create"):
        User.objects.bulk_create([Kit().unsaved_person()])


@proves(USER, "update", "refuses")
def _user_updated() -> None:
    kit = Kit()
    person, entity = kit.person(), kit.entity_of(kit.organization)
    refused(User.objects.filter(pk=person.pk).update, entity=entity)
    refused(Entity.objects.filter(pk=person.pk).update, kind=Kind.ORGANIZATION)


@proves(USER, "raw", "refuses")
def _user_by_hand() -> None:
    kit = Kit()
    person, stranger = kit.person(), kit.organization.pk
    row = "INSERT INTO accounts_user SELECT {columns} FROM accounts_user WHERE entity_id = %s"
    fields = [f for f in User._meta.local_concrete_fields if not f.generated]
    swapped = {"entity_id": "%s", "email": "'copy@example.com'"}
    columns = ", ".join(field.column for field in fields)
    picked = ", ".join(swapped.get(field.column, field.column) for field in fields)
    sql = row.replace("accounts_user SELECT {columns}", f"accounts_user ({columns}) SELECT {picked}")
    for entity_id in (stranger, 10**9):
        refused(execute, sql, [entity_id, person.pk])


@proves(ORGANIZATION, "save", "fills")
def _organization_saved() -> None:
    kit = Kit()
    _is_entity(kit.organization, Kind.ORGANIZATION, kit.here)


@proves(ORGANIZATION, "form", "fills")
def _organization_by_form() -> None:
    kit = Kit()
    form = modelform_factory(Organization, fields=["name", "distributor"])({"name": "N", "distributor": kit.here.pk})
    assert form.is_valid(), form.errors
    _is_entity(form.save(), Kind.ORGANIZATION, kit.here)


@proves(ORGANIZATION, "bulk", "refuses")
def _organization_in_bulk() -> None:
    with pytest.raises(ValueError, match="bulk create"):
        Organization.objects.bulk_create([Organization(name="N", distributor=Kit().here)])


@proves(ORGANIZATION, "update", "refuses")
def _organization_updated() -> None:
    kit = Kit()
    row = Organization.objects.filter(pk=kit.organization.pk)
    refused(row.update, entity=kit.entity_of(kit.person()))
    refused(row.update, distributor=kit.there)
    refused(Entity.objects.filter(pk=kit.organization.pk).update, tenant=kit.there)


@proves(ORGANIZATION, "raw", "refuses")
def _organization_by_hand() -> None:
    kit = Kit()
    sql = "INSERT INTO organizations_organization (entity_id, distributor_id, name) VALUES (%s, %s, 'N')"
    for entity_id in (kit.person().pk, 10**9):
        refused(execute, sql, [entity_id, kit.here.pk])
    execute("INSERT INTO accounts_entity (kind, tenant_id) VALUES ('organization', %s)", [kit.here.pk])
    entity = Entity.objects.latest("pk")
    refused(execute, sql, [entity.pk, kit.there.pk])
