"""The history of changes: who, what, why, and no name that closing an account could not erase."""

import pytest

from accounts.audit import acting_as, deed, record
from accounts.middleware import AuditMiddleware
from accounts.models import ApprovalStatus, AuditEntry, User
from accounts.services import issue_token, set_approval

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(here) -> User:
    """A resident without history."""
    return here.resident


def entries_since(before: int):
    return AuditEntry.objects.filter(pk__gt=before).order_by("pk")


def newest() -> int:
    return AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def test_change_is_told_with_old_and_new_value(person):
    before = newest()
    set_approval(user=person, status=ApprovalStatus.REJECTED, by=None)
    (entry,) = entries_since(before)
    assert entry.changes == {"approval_status": ["approved", "rejected"]}
    assert (entry.object_id, entry.tenant_id) == (person.pk, person.tenant_id)


def test_saving_without_a_change_leaves_no_entry(person):
    before = newest()
    User.objects.get(pk=person.pk).save()
    assert not entries_since(before).exists()


def test_no_entry_names_a_person(here):
    person = User.objects.create_user(
        "very.private@example.com", first_name="Secretive", last_name="Someone", tenant_id=here.distributor.pk
    )
    issue_token(user=person, name="laptop", scopes=["meters:read"])
    person.first_name = "Secretly"
    person.save()
    for entry in AuditEntry.objects.all():
        told = f"{entry.object_repr} {entry.changes} {entry.additional_data} {entry.serialized_data}"
        assert "ecret" not in told
        assert "very.private" not in told


def test_outer_deed_names_the_act_and_inner_ones_fill_in_what_it_left_open(here, person):
    before = newest()
    with deed("member.approve", by=here.admin), deed("account.approve", by=here.staff, reason="known"):
        set_approval(user=person, status=ApprovalStatus.REJECTED, by=here.admin)
    (entry,) = entries_since(before)
    assert (entry.act, entry.actor_id, entry.reason) == ("member.approve", here.admin.pk, "known")


def test_deed_that_changes_nothing_is_recorded_too(here, person):
    entry = record("data.download", target=person, by=person, details={"bytes": 12})
    assert (entry.act, entry.actor_id, entry.additional_data) == ("data.download", person.pk, {"bytes": 12})


def test_both_identities_are_kept(here, person):
    with acting_as(person.pk):
        entry = record("page.seen", target=person, by=here.admin)
    assert (entry.actor_id, entry.acting_as_id) == (here.admin.pk, person.pk)


def test_change_in_a_request_carries_who_and_the_address_that_no_header_can_forge(rf, here, person):
    request = rf.post("/", headers={"X-Forwarded-For": "6.6.6.6"})
    request.user = here.admin
    before = newest()
    AuditMiddleware(lambda _: set_approval(user=person, status=ApprovalStatus.REJECTED, by=here.admin))(request)
    (entry,) = entries_since(before)
    assert (entry.actor_id, entry.remote_addr) == (here.admin.pk, "127.0.0.1")


def test_staff_read_the_history_of_their_distributor_only(world):
    record("test.here", target=world.here.resident)
    record("test.there", target=world.there.resident)
    acts = set(AuditEntry.objects.visible_to(world.here.staff).values_list("act", flat=True))
    assert "test.here" in acts
    assert "test.there" not in acts
    assert not AuditEntry.objects.visible_to(world.here.resident).exists()
