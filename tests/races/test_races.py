"""What two writers at once cannot break. Only MariaDB has two writers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError

from accounts.models import ApprovalStatus, StaffRole, User
from common.constraints import explain_integrity_error
from meters.models import MeterMap
from organizations.errors import LastAdmin
from organizations.models import Distributor, Membership, MembershipRole, Organization
from organizations.services import demote_member, promote_member, reject_member, remove_member
from tests.builder import make_distributor, make_member, make_meter, make_organization, make_user, map_meter
from tests.races.two import ROUNDS, WAYS, Task, Writer
from tests.rules.kit import HOUR, NOON

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]
DAY = timedelta(days=1)
FALLBACK = "Nothing was changed"

each_way = pytest.mark.parametrize("way", WAYS)
Verdict = Callable[[list[Writer]], None]


def _hold(way: str, prepare: Callable[[Distributor], tuple[Task, Task, Verdict]]) -> None:
    """Races, again and again with fresh rows."""
    distributor = make_distributor()
    for _round in range(ROUNDS[way]):
        first, second, verdict = prepare(distributor)
        verdict(WAYS[way](first, second))


def _one_refused(writers: list[Writer]) -> None:
    refused = [writer.refused for writer in writers if writer.refused is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], IntegrityError)
    assert FALLBACK not in explain_integrity_error(refused[0])


def _join(user: User, organization: Organization) -> Task:
    return lambda: Membership.objects.create(user=user, organization=organization)


def _hold_meter(user: User, meter: object, **fields: object) -> Task:
    return lambda: map_meter(meter, user, **fields)


@each_way
def test_two_first_members_make_one_admin(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        organization = make_organization(distributor)
        people = [make_user(distributor, approval_status=ApprovalStatus.PENDING) for _ in range(2)]

        def verdict(writers: list[Writer]) -> None:
            members = Membership.objects.filter(organization=organization)
            admins = members.filter(role=MembershipRole.ADMIN, user__approval_status=ApprovalStatus.APPROVED)
            assert admins.count() == 1
            assert (
                members.exclude(role=MembershipRole.ADMIN).exclude(user__approval_status=ApprovalStatus.PENDING).count()
                == 0
            )
            refused = [writer.refused for writer in writers if writer.refused]
            assert members.count() + len(refused) == 2
            assert all(isinstance(error, IntegrityError) for error in refused)
            assert way == "in autocommit" or not refused

        return _join(people[0], organization), _join(people[1], organization), verdict

    _hold(way, prepare)


@each_way
def test_two_residents_cannot_claim_one_meter(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        meter = make_meter(distributor)
        people = [make_user(distributor) for _ in range(2)]

        def verdict(writers: list[Writer]) -> None:
            _one_refused(writers)
            assert MeterMap.objects.filter(meter=meter, holder_kind="user").count() == 1

        return _hold_meter(people[0], meter), _hold_meter(people[1], meter), verdict

    _hold(way, prepare)


@each_way
def test_one_resident_cannot_claim_two_meters(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        person, meters = make_user(distributor), [make_meter(distributor) for _ in range(2)]

        def verdict(writers: list[Writer]) -> None:
            _one_refused(writers)
            assert MeterMap.objects.filter(entity_id=person.pk).count() == 1

        return _hold_meter(person, meters[0]), _hold_meter(person, meters[1]), verdict

    _hold(way, prepare)


@each_way
def test_ended_maps_of_one_meter_cannot_overlap(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        meter = make_meter(distributor)
        people = [make_user(distributor) for _ in range(2)]
        first = _hold_meter(people[0], meter, valid_from=NOON, valid_to=NOON + 2 * HOUR)
        second = _hold_meter(people[1], meter, valid_from=NOON + HOUR, valid_to=NOON + 3 * HOUR)
        return first, second, _one_refused

    _hold(way, prepare)


@each_way
def test_ended_maps_of_one_resident_cannot_overlap(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        person, meters = make_user(distributor), [make_meter(distributor) for _ in range(2)]
        first = _hold_meter(person, meters[0], valid_from=NOON, valid_to=NOON + 2 * HOUR)
        second = _hold_meter(person, meters[1], valid_from=NOON + HOUR, valid_to=NOON + 3 * HOUR)
        return first, second, _one_refused

    _hold(way, prepare)


def _move(row: MeterMap, **values: object) -> Task:
    return lambda: MeterMap.objects.filter(pk=row.pk).update(**values)


@each_way
def test_maps_cannot_be_stretched_into_each_other(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        meter = make_meter(distributor)
        early = map_meter(meter, make_user(distributor), NOON, valid_to=NOON + HOUR)
        late = map_meter(meter, make_user(distributor), NOON + 3 * HOUR, valid_to=NOON + 4 * HOUR)
        return _move(early, valid_to=NOON + 3 * HOUR), _move(late, valid_from=NOON + HOUR), _one_refused

    def stretch_too_far(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        meter = make_meter(distributor)
        early = map_meter(meter, make_user(distributor), NOON, valid_to=NOON + HOUR)
        late = map_meter(meter, make_user(distributor), NOON + 3 * HOUR, valid_to=NOON + 4 * HOUR)
        middle = NOON + 2 * HOUR
        first, second = _move(early, valid_to=middle + HOUR / 2), _move(late, valid_from=middle)
        return first, second, _one_refused

    _hold(way, prepare)
    _hold(way, stretch_too_far)


@each_way
def test_a_resident_cannot_stretch_two_maps_into_each_other(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        person = make_user(distributor)
        early = map_meter(make_meter(distributor), person, NOON, valid_to=NOON + HOUR)
        late = map_meter(make_meter(distributor), person, NOON + 3 * HOUR, valid_to=NOON + 4 * HOUR)
        middle = NOON + 2 * HOUR
        return _move(early, valid_to=middle + HOUR / 2), _move(late, valid_from=middle), _one_refused

    _hold(way, prepare)


def _neither_both(person: User) -> Verdict:
    def verdict(writers: list[Writer]) -> None:
        _one_refused(writers)
        holds = MeterMap.objects.open().filter(entity_id=person.pk).exists()
        assert holds != Membership.objects.filter(user=person).exists()

    return verdict


@each_way
def test_nobody_gets_a_meter_while_joining(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        person, organization = make_user(distributor), make_organization(distributor)
        make_member(organization)
        return _join(person, organization), _hold_meter(person, make_meter(distributor)), _neither_both(person)

    _hold(way, prepare)


@each_way
def test_nobody_gets_an_old_meter_back_while_joining(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        person, organization = make_user(distributor), make_organization(distributor)
        make_member(organization)
        past = map_meter(make_meter(distributor), person, NOON, valid_to=NOON + HOUR)
        return _join(person, organization), _move(past, valid_to=None), _neither_both(person)

    _hold(way, prepare)


@each_way
def test_nobody_becomes_staff_while_joining(way: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        person, organization = make_user(distributor), make_organization(distributor)
        make_member(organization)

        def verdict(writers: list[Writer]) -> None:
            _one_refused(writers)
            person.refresh_from_db()
            assert bool(person.staff_role) != Membership.objects.filter(user=person).exists()

        def hire() -> None:
            User.objects.filter(pk=person.pk).update(staff_role=StaffRole.STAFF)

        return _join(person, organization), hire, verdict

    _hold(way, prepare)


OUSTED: dict[str, Callable[[Membership, User], None]] = {
    "demote": lambda membership, by: demote_member(membership=membership),
    "remove": lambda membership, by: remove_member(membership=membership, by=by),
    "reject": lambda membership, by: reject_member(membership=membership, by=by),
}


@each_way
@pytest.mark.parametrize("how", OUSTED)
def test_two_admins_who_oust_each_other_leave_one(way: str, how: str) -> None:
    def prepare(distributor: Distributor) -> tuple[Task, Task, Verdict]:
        organization = make_organization(distributor)
        people = [make_member(organization) for _ in range(2)]
        memberships = [Membership.objects.get(user=person) for person in people]
        promote_member(membership=memberships[1])

        def verdict(writers: list[Writer]) -> None:
            assert sorted(type(writer.refused) for writer in writers if writer.refused) == [LastAdmin]
            left = organization.memberships.filter(
                role=MembershipRole.ADMIN, user__approval_status=ApprovalStatus.APPROVED
            )
            assert left.count() == 1

        tasks = [
            lambda: OUSTED[how](memberships[1], people[0]),
            lambda: OUSTED[how](memberships[0], people[1]),
        ]
        return tasks[0], tasks[1], verdict

    _hold(way, prepare)
