"""Guessing claim codes, and codes that are right too late."""

import pytest
from django.test import Client

from meters.errors import ClaimRefused
from meters.models import MeterMap
from meters.services import claim_meter, issue_claim_codes
from meters.services.retire import retire_meter
from tests.builder import make_distributor, make_meter, make_user

pytestmark = pytest.mark.django_db


def guess(user, meter, address):
    client = Client(REMOTE_ADDR=address)
    client.force_login(user)
    return client.post("/meters/claim", {"number": meter.number, "code": "0000-0000-0000"}).status_code


def test_addresses_of_one_network_share_their_tries():
    distributor = make_distributor()
    people = [make_user(distributor) for _person in range(4)]
    meters = [make_meter(distributor) for _meter in range(4)]
    tries = [guess(people[number % 4], meters[number % 4], f"2001:db8:1:2::{number + 1:x}") for number in range(31)]
    assert tries == [200] * 30 + [429]
    assert guess(people[3], meters[3], "2001:db8:1:3::1") == 200


def test_code_of_a_meter_out_of_service_links_nothing():
    distributor = make_distributor()
    meter, person = make_meter(distributor), make_user(distributor)
    code = issue_claim_codes(meters=[meter])[0].code
    retire_meter(meter=meter)
    with pytest.raises(ClaimRefused):
        claim_meter(user=person, number=meter.number, code=code)
    assert not MeterMap.objects.filter(entity_id=person.pk).exists()
