"""Accounts and organizations."""

from datetime import time
from typing import Any

from accounts.models import AuditEntry, Entity, ExportState, Kind, PersonalExport, StaffRole, User
from organizations.models import (
    Distributor,
    DistributorLogo,
    GroupMember,
    Invitation,
    Membership,
    MembershipRole,
    Organization,
    OrganizationGroup,
    OrganizationRequest,
)
from tests.builder import make_organization
from tests.rules.examples.example import Change, Example, again
from tests.rules.kit import NOON, Kit

GENERATED = "one column is generated: forms cannot set it, so only the database needs to look"
PRIMARY_KEY = "the columns are the row's primary key: Django would write another row"
NO_FORM = "no form writes it"
NO_ENTITY_YET = "the entity that says so does not exist before the row is saved"
KIND_BY_CODE = "a receiver has set the kind, and the other constraint named here refuses that"


def _user_of_organization(kit: Kit) -> User:
    return kit.unsaved_person(entity_id=kit.organization.pk, tenant_id=kit.here.pk)


def _organization_elsewhere(kit: Kit) -> Change:
    return kit.organization, {"distributor": kit.there}


def _organization_named_twice(kit: Kit) -> Change:
    return make_organization(kit.here), {"name": kit.organization.name}


def _distributor_of_organization(kit: Kit) -> Distributor:
    return Distributor(entity_id=kit.organization.pk, name="Twice", kind=Kind.DISTRIBUTOR)


def _organization_of_user(kit: Kit) -> Organization:
    return Organization(
        entity_id=kit.person().pk, name="Twice", distributor=kit.here, kind=Kind.ORGANIZATION, tenant=kit.here
    )


def _second_group(kit: Kit) -> OrganizationGroup:
    return OrganizationGroup.objects.create(distributor=kit.here, name="Second")


def _member_of_second_group(kit: Kit) -> Change:
    second = GroupMember.objects.create(group=_second_group(kit), organization=kit.organization)
    return second, {"group": kit.group_member.group}


def _export(kit: Kit) -> PersonalExport:
    return PersonalExport.objects.create(user=kit.staff)


def _audit_entry(kit: Kit) -> AuditEntry:
    entry = AuditEntry.objects.filter(object_id=kit.person().pk).first()
    assert entry
    return entry


def _saved(row: Any) -> Any:
    row.save()
    return row


def _logo(kit: Kit) -> DistributorLogo:
    logo = DistributorLogo(distributor=kit.here, content=b"", media_type="image/png", digest="0")
    logo.save()
    return logo


def _request(kit: Kit, **fields: Any) -> OrganizationRequest:
    fields = {"distributor": kit.here, "name": "Bakery"} | fields
    return OrganizationRequest(**({"person": kit.person()} | fields))


def _two_requests(kit: Kit) -> Change:
    return _saved(_request(kit)), {"person": _saved(_request(kit)).person}


def _invitation(kit: Kit, **fields: Any) -> Invitation:
    fields = {"organization": kit.organization, "email": "a@example.com", "expires_at": NOON} | fields
    return Invitation(digest=Invitation.digest_of(Invitation.new_token()), **fields)


def _membership(user: User, organization: Organization, role: str = MembershipRole.MEMBER) -> Membership:
    return Membership(user=user, organization=organization, role=role)


def _joins(kit: Kit, user: User, role: str = MembershipRole.MEMBER) -> Membership:
    assert kit.first_member
    return _membership(user, kit.organization, role)


ENTITY_WAYS = {
    "save new": PRIMARY_KEY,
    "form new": GENERATED,
    "save change": PRIMARY_KEY,
    "form change": GENERATED,
    "bulk change": PRIMARY_KEY,
}

EXAMPLES = {
    "entity_kind_known": Example(
        new=lambda kit: Entity(kind="ghost"),
        change=lambda kit: (kit.entity_of(kit.organization), {"kind": "ghost"}),
        earlier=("entity_tenant_by_kind", "entity_tenant_fixed"),
    ),
    "entity_tenant_by_kind": Example(
        new=lambda kit: Entity(kind=Kind.ORGANIZATION),
        change=lambda kit: (kit.entity_of(kit.organization), {"tenant": None}),
        earlier=("entity_tenant_fixed",),
    ),
    "entity_tenant_is_distributor": Example(
        new=lambda kit: Entity(kind=Kind.USER, tenant=kit.entity_of(kit.organization)),
        change=lambda kit: (kit.entity_of(kit.operator), {"tenant": kit.entity_of(kit.organization)}),
    ),
    "entity_tenant_fixed": Example(
        change=lambda kit: (kit.entity_of(kit.person()), {"tenant": kit.entity_of(kit.there)})
    ),
    "user_entity_kind": Example(
        new=_user_of_organization,
        change=lambda kit: (kit.person(), {"entity": kit.entity_of(kit.organization)}),
        elsewhere=ENTITY_WAYS,
    ),
    "user_approval_known": Example(
        new=lambda kit: kit.unsaved_person(approval_status="maybe"),
        change=lambda kit: (kit.person(), {"approval_status": "maybe"}),
    ),
    "user_staff_role_known": Example(
        new=lambda kit: kit.unsaved_person(staff_role="boss"),
        change=lambda kit: (kit.person(), {"staff_role": "boss"}),
    ),
    "user_has_distributor": Example(
        new=lambda kit: kit.unsaved_person(tenant_id=None),
        change=lambda kit: (kit.operator, {"is_superuser": False}),
        elsewhere={"form new": NO_ENTITY_YET},
    ),
    "user_staff_is_no_member": Example(change=lambda kit: (kit.member, {"staff_role": StaffRole.STAFF})),
    "distributor_entity_kind": Example(
        new=_distributor_of_organization,
        change=lambda kit: (kit.there, {"entity": kit.entity_of(kit.organization)}),
        elsewhere=ENTITY_WAYS,
    ),
    "organization_entity_kind": Example(
        new=_organization_of_user,
        change=lambda kit: (kit.organization, {"entity": kit.entity_of(kit.person())}),
        elsewhere=ENTITY_WAYS,
    ),
    "organization_entity_tenant": Example(
        new=lambda kit: Organization(
            name="Elsewhere", distributor=kit.there, kind=Kind.ORGANIZATION, tenant=kit.entity_of(kit.here)
        ),
        change=_organization_elsewhere,
        earlier=("entity_tenant_fixed",),
        filled=("save new", "form new"),
    ),
    "organization_name_in_distributor": Example(
        new=lambda kit: Organization(
            name=kit.organization.name, distributor=kit.here, kind=Kind.ORGANIZATION, tenant=kit.entity_of(kit.here)
        ),
        change=_organization_named_twice,
    ),
    "group_name_in_distributor": Example(
        new=lambda kit: again(kit.group),
        change=lambda kit: (_second_group(kit), {"name": kit.group.name}),
    ),
    "group_member_once": Example(new=lambda kit: again(kit.group_member), change=_member_of_second_group),
    "group_member_same_distributor": Example(
        new=lambda kit: GroupMember(group=kit.group, organization=kit.foreign_organization),
        change=lambda kit: (kit.group_member, {"organization": kit.foreign_organization}),
    ),
    "membership_role_known": Example(
        new=lambda kit: _joins(kit, kit.person(), "owner"),
        change=lambda kit: (kit.membership_of(kit.member), {"role": "owner"}),
    ),
    "user_quiet_hours_whole": Example(
        new=lambda kit: kit.unsaved_person(quiet_from=time(22)),
        change=lambda kit: (kit.person(), {"quiet_from": time(22)}),
    ),
    "user_closed_stays_closed": Example(
        new=lambda kit: kit.unsaved_person(closed_at=NOON),
        change=lambda kit: (kit.person(is_active=False, closed_at=NOON), {"is_active": True}),
    ),
    "personal_export_state_known": Example(
        new=lambda kit: PersonalExport(user=kit.staff, state="lost", started_at=NOON, digest="x", error="x"),
        change=lambda kit: (_export(kit), {"state": "lost"}),
    ),
    "personal_export_ready_has_link": Example(
        new=lambda kit: PersonalExport(user=kit.staff, state=ExportState.READY, ready_at=NOON, expires_at=NOON),
        change=lambda kit: (_export(kit), {"state": ExportState.READY}),
    ),
    "audit_unchanged": Example(
        change=lambda kit: (_audit_entry(kit), {"act": "nothing.happened"}), delete=_audit_entry
    ),
    "logo_type_known": Example(
        new=lambda kit: DistributorLogo(distributor=kit.here, content=b"", media_type="image/svg+xml", digest="0"),
        change=lambda kit: (_logo(kit), {"media_type": "image/svg+xml"}),
        elsewhere={"form new": NO_FORM, "form change": NO_FORM},
    ),
    "request_state_known": Example(
        new=lambda kit: _request(kit, state="lost", decided_at=NOON),
        change=lambda kit: (_saved(_request(kit)), {"state": "lost"}),
        earlier=("request_end_has_time",),
    ),
    "request_end_has_time": Example(
        new=lambda kit: _request(kit, state="refused"),
        change=lambda kit: (_saved(_request(kit)), {"state": "refused"}),
    ),
    "request_one_at_a_time": Example(
        new=lambda kit: _request(kit, person=_saved(_request(kit)).person),
        change=_two_requests,
    ),
    "request_same_distributor": Example(
        new=lambda kit: _request(kit, distributor=kit.there),
        change=lambda kit: (_saved(_request(kit)), {"distributor": kit.there}),
    ),
    "invitation_role_known": Example(
        new=lambda kit: _invitation(kit, role="owner"),
        change=lambda kit: (_saved(_invitation(kit)), {"role": "owner"}),
    ),
    "invitation_ends_once": Example(
        new=lambda kit: _invitation(kit, accepted_at=NOON, withdrawn_at=NOON),
        change=lambda kit: (_saved(_invitation(kit, accepted_at=NOON)), {"withdrawn_at": NOON}),
    ),
    "invitation_one_per_address": Example(
        new=lambda kit: _invitation(kit, email=_saved(_invitation(kit)).email),
        change=lambda kit: (_saved(_invitation(kit, email="b@example.com")), {"email": _saved(_invitation(kit)).email}),
    ),
    "membership_same_distributor": Example(
        new=lambda kit: _joins(kit, kit.person(kit.there)),
        change=lambda kit: (kit.membership_of(kit.member), {"organization": kit.foreign_organization}),
        earlier=("membership_stays",),
    ),
    "membership_not_for_staff": Example(
        new=lambda kit: _joins(kit, kit.staff),
        change=lambda kit: (kit.membership_of(kit.member), {"user": kit.staff}),
        earlier=("membership_stays",),
    ),
    "membership_not_for_resident_with_meter": Example(
        new=lambda kit: _joins(kit, kit.resident),
        change=lambda kit: (kit.membership_of(kit.member), {"user": kit.resident}),
        earlier=("membership_stays",),
    ),
    "membership_first_is_admin": Example(new=lambda kit: _joins(kit, kit.person(), MembershipRole.ADMIN)),
    "membership_stays": Example(
        change=lambda kit: (kit.membership_of(kit.member), {"organization": kit.empty_organization})
    ),
}
