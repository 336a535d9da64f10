"""Everything locks the organization before its people, so that two decisions wait for each other."""

import pytest
from django.core.cache import cache

from accounts.models import ApprovalStatus, User
from accounts.services import set_approval
from meters.tests.test_races import at_once
from organizations.models import Membership
from organizations.services import promote_member, reject_member
from tests.builder import make_admin, make_distributor, make_member, make_organization

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]
ROUNDS = 12


def test_two_ways_of_refusing_the_same_admin_at_once_do_not_stop_each_other() -> None:
    distributor = make_distributor()
    organization, admin = make_organization(distributor), make_admin(distributor)
    make_member(organization)
    for _round in range(ROUNDS):
        cache.clear()
        person = make_member(organization)
        membership = Membership.objects.get(user=person)
        promote_member(membership=membership, by=admin)
        at_once(
            lambda membership=membership: reject_member(membership=membership, by=admin),
            lambda person=person: set_approval(user=person, status=ApprovalStatus.REJECTED, by=admin),
        )
        assert User.objects.get(pk=person.pk).approval_status == ApprovalStatus.REJECTED
