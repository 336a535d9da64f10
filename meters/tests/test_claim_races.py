"""Two who claim with one bill at once. Only MariaDB has two writers."""

import pytest
from django.core.cache import cache

from meters.errors import ClaimRefused
from meters.models import ClaimCode, MeterMap
from meters.services import claim_meter, issue_claim_codes
from meters.tests.test_races import at_once
from tests.builder import make_distributor, make_meter, make_user

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

ROUNDS = 8


def claim(user, meter, code):
    def task():
        try:
            return claim_meter(user=user, number=meter.number, code=code).entity_id
        except ClaimRefused:
            return None

    return task


def test_a_code_links_one_of_two_who_use_it_at_once():
    for _round in range(ROUNDS):
        cache.clear()
        distributor = make_distributor()
        meter, people = make_meter(distributor), [make_user(distributor) for _person in range(2)]
        code = issue_claim_codes(meters=[meter])[0].code
        results = at_once(*(claim(user, meter, code) for user in people))
        assert sorted(result is None for result in results) == [False, True]
        row = MeterMap.objects.get(meter=meter, holder_kind="user")
        assert ClaimCode.objects.get(meter=meter).used_by_id == row.entity_id in results


def test_one_who_uses_two_codes_at_once_gets_one_meter():
    for _round in range(ROUNDS):
        cache.clear()
        distributor = make_distributor()
        meters, user = [make_meter(distributor) for _meter in range(2)], make_user(distributor)
        issued = issue_claim_codes(meters=meters)
        results = at_once(*(claim(user, each.meter, each.code) for each in issued))
        assert results.count(user.pk) == 1
        assert ClaimCode.objects.filter(used_at__isnull=False).filter(meter__in=meters).count() == 1


def test_two_who_swap_homes_at_once_do_not_stop_each_other():
    for _round in range(ROUNDS):
        cache.clear()
        distributor = make_distributor()
        meters = [make_meter(distributor) for _meter in range(2)]
        people = [make_user(distributor) for _person in range(2)]
        issued = issue_claim_codes(meters=meters)
        at_once(*(claim(user, each.meter, each.code) for user, each in zip(people, issued, strict=True)))
        again = issue_claim_codes(meters=meters)
        pairs = zip(people, reversed(again), strict=True)
        at_once(*(claim(user, each.meter, each.code) for user, each in pairs))
        open_maps = MeterMap.objects.open().filter(meter__in=meters, holder_kind="user")
        assert len({row.entity_id for row in open_maps}) == open_maps.count() == 2
