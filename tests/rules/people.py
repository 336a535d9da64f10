"""Rules on first members, approval and deletion: proofs of their cells."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.middleware import SessionMiddleware
from django.forms import modelform_factory
from django.test import RequestFactory

from accounts.models import ApprovalStatus, Entity, User
from organizations.models import Membership, MembershipRole
from tests.rules.ids import refused
from tests.rules.kit import Kit
from tests.rules.table import proves
from tests.rules.writes import execute, raw_delete, raw_insert, raw_update

PRIME, APPROVE = "org prime admin", "approve residential"
DELETED: dict[str, Callable[[Kit], Entity]] = {
    "link user entity delete": lambda kit: kit.person(),
    "link org entity delete": lambda kit: kit.organization,
}


def _request() -> object:
    request = RequestFactory().get("/")
    SessionMiddleware(lambda _request: None).process_request(request)
    request._messages = FallbackStorage(request)
    return request


def _by_admin(row: Entity) -> None:
    ModelAdmin(type(row), AdminSite()).delete_model(_request(), row)


def _of_queryset(row: Entity) -> None:
    type(row).objects.filter(pk=row.pk).delete()


def _prove_deletion(rule: str, path: str, delete: Callable[[Entity], object]) -> None:
    @proves(rule, path, "fills")
    def _entity_goes_along() -> None:
        row = DELETED[rule](Kit())
        pk = row.pk
        delete(row)
        assert not type(row).objects.filter(pk=pk).exists()
        assert not Entity.objects.filter(pk=pk).exists()


for _rule in DELETED:
    _prove_deletion(_rule, "save", lambda row: row.delete())
    _prove_deletion(_rule, "form", _by_admin)
    _prove_deletion(_rule, "bulk", _of_queryset)
    _prove_deletion(_rule, "raw", raw_delete)
    proves(_rule, "update", "—")(lambda: None)


def _first(kit: Kit, role: str = MembershipRole.MEMBER) -> Membership:
    return Membership(user=kit.person(), organization=kit.empty_organization, role=role)


def _is_prime(membership: Membership) -> None:
    membership = Membership.objects.get(user_id=membership.user_id)
    assert membership.role == MembershipRole.ADMIN
    assert membership.user.approval_status == ApprovalStatus.APPROVED


@proves(PRIME, "save", "fills")
def _prime_saved() -> None:
    kit = Kit()
    first = _first(kit)
    first.save()
    _is_prime(first)
    second = _first(kit)
    second.save()
    assert second.role == MembershipRole.MEMBER
    assert User.objects.get(pk=second.user_id).approval_status == ApprovalStatus.PENDING


@proves(PRIME, "form", "fills")
def _prime_by_form() -> None:
    kit = Kit()
    asked = {"user": kit.person().pk, "organization": kit.empty_organization.pk}
    short = modelform_factory(Membership, fields=["user", "organization"])
    full = modelform_factory(Membership, fields=["user", "organization", "role"])
    assert not full(asked | {"role": "member"}).is_valid()
    form = short(asked)
    assert form.is_valid(), form.errors
    _is_prime(form.save())


@proves(PRIME, "bulk", "refuses")
def _prime_in_bulk() -> None:
    kit = Kit()
    refused(Membership.objects.bulk_create, [_first(kit)])
    refused(Membership.objects.bulk_create, [_first(kit, MembershipRole.ADMIN) for _ in range(2)])


@proves(PRIME, "update", "refuses")
def _prime_updated() -> None:
    kit = Kit()
    row = Membership.objects.filter(user=kit.member)
    refused(row.update, organization=kit.empty_organization)


@proves(PRIME, "raw", "refuses")
def _prime_by_hand() -> None:
    kit = Kit()
    refused(raw_insert, _first(kit))
    raw_insert(_first(kit, MembershipRole.ADMIN))
    refused(raw_insert, _first(kit, MembershipRole.ADMIN))


def _verify(user: User) -> None:
    address = EmailAddress.objects.create(user=user, email=user.email, primary=True)
    EmailConfirmationHMAC(address).confirm(_request())
    user.refresh_from_db()


@proves(APPROVE, "save", "fills")
def _resident_saved() -> None:
    kit = Kit()
    resident, member = kit.person(), kit.member
    assert resident.approval_status == ApprovalStatus.PENDING
    _verify(resident)
    assert resident.approval_status == ApprovalStatus.APPROVED
    User.objects.filter(pk=member.pk).update(approval_status=ApprovalStatus.PENDING)
    EmailAddress.objects.filter(user=member).delete()
    _verify(member)
    assert member.approval_status == ApprovalStatus.PENDING


@proves(APPROVE, "form", "fills")
def _resident_by_form() -> None:
    kit = Kit()
    form = modelform_factory(User, fields=["email", "tenant"])({"email": "new@example.com", "tenant": kit.here.pk})
    assert form.is_valid(), form.errors
    user = form.save()
    assert user.approval_status == ApprovalStatus.PENDING
    _verify(user)
    assert user.approval_status == ApprovalStatus.APPROVED


@proves(APPROVE, "bulk", "refuses")
def _resident_in_bulk() -> None:
    with pytest.raises(ValueError, match="bulk create"):
        User.objects.bulk_create([Kit().unsaved_person(approval_status=ApprovalStatus.APPROVED)])


@proves(APPROVE, "update", "refuses")
def _resident_updated() -> None:
    refused(User.objects.filter(pk=Kit().person().pk).update, approval_status="maybe")


@proves(APPROVE, "raw", "refuses")
def _resident_by_hand() -> None:
    person = Kit().person()
    refused(raw_update, person, {"approval_status": "maybe"})
    refused(execute, "UPDATE accounts_user SET approval_status = NULL WHERE entity_id = %s", [person.pk])
