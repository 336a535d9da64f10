"""What goes leaves no entity behind, and what is protected says so."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from accounts.models import Entity
from organizations.models import Distributor
from tests.rules.kit import Kit
from tests.rules.writes import checked, raw_delete

DELETIONS: dict[str, Callable[[Entity], object]] = {
    "row": lambda row: row.delete(),
    "queryset": lambda row: type(row).objects.filter(pk=row.pk).delete(),
    "raw": raw_delete,
}
# Each is held by something that must not lose it.
PROTECTED: dict[str, Callable[[Kit], Entity]] = {
    "resident with a meter": lambda kit: kit.resident,
    "organization in the ledger": lambda kit: kit.entry.holder.as_organization,
    "distributor with people": lambda kit: kit.person().tenant.as_distributor,
    "distributor with meters": lambda kit: kit.meter.distributor,
}

pytestmark = pytest.mark.django_db
each_deletion = pytest.mark.parametrize("delete", DELETIONS.values(), ids=DELETIONS)


def _orphans() -> int:
    return Entity.objects.filter(as_user=None, as_organization=None, as_distributor=None).count()


@each_deletion
def test_a_distributor_takes_its_entity_along(delete: Callable[[Entity], object]) -> None:
    distributor = Kit().there
    delete(distributor)
    assert not Distributor.objects.filter(pk=distributor.pk).exists()
    assert _orphans() == 0
    connection.check_constraints()


@each_deletion
@pytest.mark.parametrize("held", PROTECTED.values(), ids=PROTECTED)
def test_what_is_protected_stays(held: Callable[[Kit], Entity], delete: Callable[[Entity], object]) -> None:
    row = held(Kit())
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        checked(delete, row)
    assert delete is raw_delete or isinstance(refusal.value, ProtectedError)
    assert delete is raw_delete or "protected foreign keys" in str(refusal.value)
    assert Entity.objects.filter(pk=row.pk).exists()
    assert type(row).objects.filter(pk=row.pk).exists()
    assert _orphans() == 0


def test_an_entity_cannot_be_taken_from_under_its_profile() -> None:
    kit = Kit()
    for profile in (kit.person(), kit.organization, kit.there):
        with pytest.raises(IntegrityError), transaction.atomic():
            checked(raw_delete, kit.entity_of(profile))


def test_a_second_account_of_an_address_leaves_no_entity() -> None:
    kit = Kit()
    person = kit.person()
    with pytest.raises(IntegrityError), transaction.atomic():
        type(person).objects.create_user(person.email.upper(), tenant_id=kit.here.pk)
    assert _orphans() == 0


def test_a_meter_without_readings_can_go_and_one_with_a_participation_cannot() -> None:
    kit = Kit()
    empty, taking_part = kit.home, kit.participation.meter
    empty.delete()
    assert not type(empty).objects.filter(pk=empty.pk).exists()
    with pytest.raises(ProtectedError):
        taking_part.delete()
    taking_part.refresh_from_db()
    assert taking_part.retired_at is None
