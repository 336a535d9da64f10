"""Who sees and who manages what: one table over roles and querysets."""

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser

from accounts.models import ApiToken, ApprovalStatus, AuditEntry, Entity, PersonalExport, User
from accounts.services import set_approval
from delivery.models import Channel, FailedJob, Message, Notice, NotificationChoice, Phone, Topic
from delivery.services import enqueue
from meters.models import ArchivedMonth, ClaimCode, Exclusion, Feeder, ImportBatch, Meter, MeterMap, QualityHit
from meters.services import issue_claim_codes
from organizations.access import Role, holder_id_of, role_of
from organizations.models import (
    Distributor,
    GroupMember,
    Invitation,
    Membership,
    Organization,
    OrganizationGroup,
    OrganizationRequest,
)
from organizations.services import Guest, invite, promote_member, request_organization
from tests.builder import make_member, make_token, make_world

pytestmark = pytest.mark.django_db

ALL, OWN, NONE = "both distributors", "own distributor", "nothing"
# What no role opens: everybody reads what they were told, and nobody else does.
MINE = (Notice, NotificationChoice, PersonalExport, Phone)

STAFF_READS = {"staff": OWN, "auditor": OWN, "admin": OWN, "platform": ALL}
RUNS = {"admin": OWN, "platform": ALL}
# Who sees what; a name says a single row of the own side; who is not named sees nothing.
VISIBLE = {
    Distributor: {
        **STAFF_READS,
        "resident": OWN,
        "organization_admin": OWN,
        "member": OWN,
        "other_organization_admin": OWN,
    },
    Organization: {
        **STAFF_READS,
        "organization_admin": {"organization"},
        "member": {"organization"},
        "other_organization_admin": {"other_organization"},
    },
    OrganizationGroup: STAFF_READS,
    OrganizationRequest: STAFF_READS,
    Invitation: {**STAFF_READS, "organization_admin": {"organization"}},
    Membership: {
        **STAFF_READS,
        "organization_admin": {"organization_admin", "member", "pending"},
        "member": {"member"},
        "other_organization_admin": {"other_organization_admin"},
    },
    User: {
        **STAFF_READS,
        "resident": {"resident"},
        "organization_admin": {"organization_admin"},
        "member": {"member"},
        "other_organization_admin": {"other_organization_admin"},
    },
    ApiToken: {**STAFF_READS, "resident": {"resident"}},
    AuditEntry: STAFF_READS,
    ClaimCode: STAFF_READS,
    FailedJob: {"platform": ALL},
    Meter: {**STAFF_READS, "resident": {"home"}, "organization_admin": {"school"}, "member": {"school"}},
    MeterMap: {**STAFF_READS, "resident": {"home"}, "organization_admin": {"school"}, "member": {"school"}},
    Feeder: STAFF_READS,
    Exclusion: {**STAFF_READS, "resident": {"home"}},
    ImportBatch: {**STAFF_READS, "organization_admin": {"organization"}},
    QualityHit: STAFF_READS,
    ArchivedMonth: STAFF_READS,
    Message: RUNS,
}
MANAGED = {
    Distributor: RUNS,
    Organization: {
        **RUNS,
        "organization_admin": {"organization"},
        "other_organization_admin": {"other_organization"},
    },
    OrganizationGroup: RUNS,
    OrganizationRequest: RUNS,
    Invitation: {**RUNS, "organization_admin": {"organization"}},
    Membership: {
        **RUNS,
        "organization_admin": {"organization_admin", "member", "pending"},
        "other_organization_admin": {"other_organization_admin"},
    },
    User: RUNS,
    ApiToken: RUNS,
    Meter: RUNS,
    MeterMap: RUNS,
    Feeder: RUNS,
    ClaimCode: RUNS,
    Exclusion: RUNS,
    ImportBatch: {**RUNS, "organization_admin": {"organization"}},
    QualityHit: RUNS,
    FailedJob: {"platform": ALL},
}
ROLES = {
    "resident": Role.RESIDENT,
    "organization_admin": Role.ORGANIZATION_ADMIN,
    "member": Role.ORGANIZATION_MEMBER,
    "other_organization_admin": Role.ORGANIZATION_ADMIN,
    "pending": Role.PENDING,
    "staff": Role.DISTRIBUTOR_STAFF,
    "auditor": Role.AUDITOR,
    "admin": Role.DISTRIBUTOR_ADMIN,
    "platform": Role.PLATFORM,
}


@pytest.fixture
def world():
    world = make_world()
    for side in (world.here, world.there):
        group = OrganizationGroup.objects.create(distributor=side.distributor, name="Public")
        GroupMember.objects.create(group=group, organization=side.organization)
        make_token(side.resident)
        request_organization(person=side.neighbor, distributor=side.distributor, name="Bakery")
        invite(organization=side.organization, guest=Guest("guest@example.com"), by=side.organization_admin)
        Exclusion.objects.create(
            distributor=side.distributor,
            kind="outage",
            meter=side.home,
            start="2026-01-01T00:00Z",
            end="2026-01-02T00:00Z",
        )
        issue_claim_codes(meters=[side.home], by=side.admin)
        ImportBatch.objects.create(distributor=side.distributor, organization=side.organization, source="page")
        QualityHit.objects.create(
            distributor=side.distributor,
            meter=side.home,
            rule="gap",
            start="2026-01-01T00:00Z",
            end="2026-01-02T00:00Z",
        )
        ArchivedMonth.objects.create(
            distributor=side.distributor, month="2025-01-01", rows=1, energy_wh=1, archived_at="2025-03-01T00:00Z"
        )
        Notice.objects.create(user=side.resident, topic=Topic.EVENTS, title="An event is coming")
        NotificationChoice.objects.create(user=side.resident, topic=Topic.EVENTS, channel=Channel.EMAIL, wanted=False)
        PersonalExport.objects.create(user=side.resident)
        Phone.objects.create(user=side.resident)
        FailedJob.objects.create(task="settle", error="away")
        enqueue(kind="mail", recipient="x@example.com", payload={}, tenant_id=side.distributor.pk)
    return world


def people_of(world):
    return {name: getattr(world.here, name) for name in ROLES if name != "platform"} | {"platform": world.platform}


def row_of(model, thing):
    """The row of `model` that belongs to a named thing of the side."""
    if model is Membership:
        return Membership.objects.get(user=thing).pk
    if model is Invitation:
        return Invitation.objects.get(organization=thing).pk
    if model is ImportBatch:
        return ImportBatch.objects.get(organization=thing).pk
    if model is ApiToken:
        return ApiToken.objects.get(user=thing).pk
    if model is MeterMap:
        return MeterMap.objects.exclude(holder_kind="distributor").get(meter=thing).pk
    return Exclusion.objects.get(meter=thing).pk if model is Exclusion else thing.pk


def of_distributor(model, distributor):
    """Ids of all rows of one distributor."""
    path = {
        Distributor: "pk",
        Membership: "organization__distributor",
        Invitation: "organization__distributor",
        User: "tenant",
        ApiToken: "user__tenant",
        MeterMap: "meter__distributor",
        Message: "tenant",
        AuditEntry: "tenant",
        ClaimCode: "meter__distributor",
    }.get(model, "distributor")
    return set(model._base_manager.filter(**{path: distributor.pk}).values_list("pk", flat=True))


def expected(model, what, side):
    if what == ALL:
        return set(model._base_manager.values_list("pk", flat=True))
    if what == OWN:
        return of_distributor(model, side.distributor)
    return set() if what == NONE else {row_of(model, getattr(side, name)) for name in what}


def ids(rows):
    return sorted(rows.values_list("pk", flat=True))


def test_each_role_sees_exactly_its_rows(world):
    for model, table in VISIBLE.items():
        if model is not FailedJob:
            assert of_distributor(model, world.there.distributor), "the other side has rows that could be seen"
        for name, person in people_of(world).items():
            rows = expected(model, table.get(name, NONE), world.here)
            assert ids(model.objects.visible_to(person)) == sorted(rows), (model, name)


def test_everybody_sees_their_own_notices_choices_and_downloads_only(world):
    for model in MINE:
        for name, person in people_of(world).items():
            own = model._base_manager.filter(user_id=person.pk) if name != "pending" else model._base_manager.none()
            assert ids(model.objects.visible_to(person)) == ids(own), (model, name)
        assert model.objects.visible_to(world.here.resident).exists()


def test_each_role_manages_exactly_its_rows(world):
    of_distributors = set(MeterMap.objects.filter(holder_kind="distributor").values_list("pk", flat=True))
    for model, table in MANAGED.items():
        for name, person in people_of(world).items():
            rows = expected(model, table.get(name, NONE), world.here)
            rows -= of_distributors if model is MeterMap else set()
            assert ids(model.objects.managed_by(person)) == sorted(rows), (model, name)


def test_who_lost_approval_sees_and_manages_nothing(world):
    promote_member(membership=world.here.member.membership)
    others = (world.here.organization, world.here.other_organization)
    for organization in others:
        # Somebody stays, so that the others may go.
        promote_member(membership=make_member(organization).membership)
    for name, person in people_of(world).items():
        set_approval(user=person, status=ApprovalStatus.REJECTED, by=None)
        for model in VISIBLE:
            assert not model.objects.visible_to(person).exists(), (model, name)
        for model in MANAGED:
            assert not model.objects.managed_by(person).exists(), (model, name)


def test_every_model_with_visible_to_below_is_in_the_table():

    rooms = {"accounts", "delivery", "organizations", "meters"}
    filtered = {
        model
        for model in apps.get_models()
        if model._meta.app_label in rooms and hasattr(model._default_manager.all(), "visible_to")
    }
    dated = {model for model in filtered if model.__name__ in ("IntervalReading", "Prediction")}
    assert filtered - dated == set(VISIBLE) | set(MINE)


def test_roles_follow_from_account_and_membership(world):
    assert {name: role_of(person) for name, person in people_of(world).items()} == ROLES
    assert role_of(AnonymousUser()) is Role.ANONYMOUS


def test_holder_is_the_organization_for_members_and_oneself_for_others(world):
    assert holder_id_of(world.here.member) == world.here.organization.pk
    assert holder_id_of(world.here.resident) == world.here.resident.pk


def test_staff_never_sees_a_platform_operator_of_the_own_tenant(world):
    User.objects.create_user(
        "root@example.com", is_superuser=True, approval_status="approved", tenant_id=world.here.distributor.pk
    )
    assert not User.objects.visible_to(world.here.admin).filter(is_superuser=True).exists()


def test_entities_have_no_rows_of_their_own_beside_people_and_profiles(world):
    assert Entity.objects.count() == (User.objects.count() + Organization.objects.count() + Distributor.objects.count())
