"""What happened at another process a moment ago: a look at the database before a refusal."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openadr.models import Ven, VenState
from openadr.services.enrolling import rotate_certificate
from openadr.tests.delivery_world import make_ven
from openadr.tests.desk_world import answered, polled, work_inline
from openadr.tests.signed import device
from openadr.tests.wire import kind, make_desk, make_registered, message, poll
from openadr.vtn20b.second_look import REFUSED_AFTER

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inline(monkeypatch, settings):
    work_inline(monkeypatch, settings)


@pytest.fixture
def ven(here):
    return make_registered(here.distributor, here.home, owner=here.resident)


@pytest.fixture
def desk(ven):
    return make_desk()


def test_who_was_enrolled_and_registered_elsewhere_is_served_at_once(desk, here):
    assert kind(polled(desk, make_registered(here.distributor)).body) == "oadrResponse"


def test_who_registered_elsewhere_is_not_asked_to_register(here):
    late = make_ven(here.distributor)
    desk = make_desk()
    Ven.objects.filter(pk=late.pk).update(state=VenState.REGISTERED, registration_id="r", knows_our_reports=True)
    assert kind(polled(desk, late).body) == "oadrResponse"


def test_a_certificate_pinned_elsewhere_is_good_at_once(here):
    pump = device(here.distributor)
    desk = make_desk(is_open=False)
    rotate_certificate(ven=pump.ven)
    fresh_one = pump.ven.certificates.exclude(fingerprint=pump.fingerprint).get().fingerprint
    answers = [answered(desk, pump.poll(), each) for each in (pump.fingerprint, fresh_one, "0" * 64, None)]
    assert [answer.status for answer in answers] == [200, 200, 403, 403]


def test_strangers_cannot_make_us_ask_the_database_at_will(desk, ven, settings):
    bodies = [message("oadrPoll", ven_id=f"nobody-{number}") for number in range(200)]
    with CaptureQueriesContext(connection) as asked:
        began = time.monotonic()
        answers = [answered(desk, body, None, f"192.0.2.{number}") for number, body in enumerate(bodies)]
        seconds = time.monotonic() - began
    assert {(answer.status, answer.body) for answer in answers} == {(403, b"Not registered or not authorized.")}
    looks = sum(
        '"openadr_ven"."ven_id" =' in each["sql"] or "`openadr_ven`.`ven_id` =" in each["sql"] for each in asked
    )
    assert 1 <= looks <= 20 + 20 * seconds


def test_one_address_cannot_use_up_the_looks_of_others(desk, ven, here):
    late = make_registered(here.distributor)
    for number in range(100):
        answered(desk, message("oadrPoll", ven_id=f"nobody-{number}"), None, "192.0.2.1")
    assert answered(desk, poll(late), None, "192.0.2.2").status == 200


def test_unknown_and_revoked_are_looked_up_alike(ven, here):
    revoked = make_registered(here.distributor)
    Ven.objects.filter(pk=revoked.pk).update(state=VenState.REVOKED)
    counts, took = [], []
    for ven_id in ("nobody", revoked.ven_id):
        desk = make_desk()
        with CaptureQueriesContext(connection) as asked:
            began = time.monotonic()
            assert answered(desk, message("oadrPoll", ven_id=ven_id)).status == 403
        counts.append(len(asked))
        took.append(time.monotonic() - began)
    assert counts[0] == counts[1] > 0
    assert min(took) >= REFUSED_AFTER


def test_while_the_database_is_away_a_stranger_is_refused_as_ever(desk, ven, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(desk.snapshot, "fresh_at", desk.snapshot.fresh_at - 6)
    with django_assert_num_queries(0):
        assert answered(desk, message("oadrPoll", ven_id="nobody")).status == 403
