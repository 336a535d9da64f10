"""Requests that are sent again: once carried out, answered twice."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from delivery.idempotency import (
    KEPT,
    LEASE,
    REPLAYED,
    Answer,
    Claim,
    InFlight,
    KeyReused,
    claim_key,
    idempotent,
    sweep_sent_requests,
)
from delivery.models import SentRequest
from delivery.tasks import sweep_sent_requests as sweep_task
from organizations.models import OrganizationGroup
from tests.builder import make_distributor, make_user

pytestmark = pytest.mark.django_db
PATIENCE = 60


@pytest.fixture
def user():
    return make_user(make_distributor())


def claim(user, key="k1", route="POST /things", body="a" * 64):
    return claim_key(user=user, key=key, route=route, body_sha256=body)


def make_group(user, name="made"):
    OrganizationGroup.objects.create(distributor_id=user.distributor_id, name=name)
    return Answer(201, {"name": name})


def test_a_request_that_is_sent_again_gets_the_answer_of_the_first(user):
    first = claim(user).answer(lambda: make_group(user))
    assert claim(user) == Answer(201, {"name": "made"}, replayed=True)
    assert (first.replayed, OrganizationGroup.objects.count()) == (False, 1)


def test_without_a_key_nothing_is_remembered(user):
    assert claim(user, key="").answer(lambda: make_group(user)).status == 201
    assert not SentRequest.objects.exists()


@pytest.mark.parametrize("other", [{"body": "b" * 64}, {"route": "POST /others"}])
@pytest.mark.parametrize("answered", [True, False])
def test_a_key_stands_for_one_request_only(user, other, answered):
    held = claim(user)
    if answered:
        held.answer(lambda: make_group(user))
    with pytest.raises(KeyReused):
        claim(user, **other)


def test_a_key_belongs_to_its_account(user):
    claim(user).answer(lambda: make_group(user))
    assert isinstance(claim(make_user(make_distributor())), Claim)


def test_a_request_that_is_being_worked_on_is_told_to_wait(user):
    claim(user)
    with pytest.raises(InFlight) as told:
        claim(user)
    assert 1 <= told.value.wait <= LEASE.total_seconds()


def test_what_fails_gives_its_key_back_and_leaves_nothing(user):
    def fails():
        make_group(user)
        raise ValueError("no")

    held = claim(user)
    with pytest.raises(ValueError, match="no"), held.kept():
        held.answer(fails)
    assert not OrganizationGroup.objects.exists()
    assert claim(user, body="b" * 64).answer(lambda: make_group(user)).status == 201


def expire(held):
    past = timezone.now() - timedelta(seconds=1)
    SentRequest.objects.filter(pk=held.row_id).update(held_until=past)
    return Claim(held.row_id, past)


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_comes_too_late(user):
    late = expire(claim(user))
    taken = claim(user)
    assert isinstance(taken, Claim)
    with pytest.raises(InFlight), late.kept():
        late.answer(lambda: make_group(user, "late"))
    assert taken.answer(lambda: make_group(user)).status == 201
    assert list(OrganizationGroup.objects.values_list("name", flat=True)) == ["made"]
    assert claim(user).replayed


def test_answers_go_after_a_week(user):
    old, young = claim(user, key="old"), claim(user, key="young")
    then = timezone.now() - KEPT
    SentRequest.objects.filter(pk=old.row_id).update(created_at=then - timedelta(minutes=1))
    SentRequest.objects.filter(pk=young.row_id).update(created_at=then + timedelta(minutes=1))
    assert sweep_sent_requests() == 1
    assert list(SentRequest.objects.values_list("key", flat=True)) == ["young"]
    sweep_task()
    assert SentRequest.objects.count() == 1


class GroupView(APIView):
    """A view of a later route."""

    authentication_classes = permission_classes = ()

    @idempotent
    def post(self, request):
        if request.data.get("refuse") == "raised":
            raise ValidationError("no")
        made = make_group(request.user, request.data["name"])
        return Response(made.data, status=400 if request.data.get("refuse") else made.status)


def send(user, data, **headers):
    request = APIRequestFactory().post("/groups", data, format="json", headers=headers)
    force_authenticate(request, user)
    return GroupView.as_view()(request)


def test_a_view_answers_twice_and_acts_once(user):
    key = {"Idempotency-Key": "same"}
    first, second = (send(user, {"name": "North"}, **key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert (first.headers.get(REPLAYED), second.headers[REPLAYED]) == (None, "true")
    assert first.data == second.data
    assert OrganizationGroup.objects.count() == 1
    other = send(user, {"name": "South"}, **key)
    assert (other.status_code, OrganizationGroup.objects.count()) == (422, 1)
    assert send(user, {"name": "South"}).status_code == 201


def test_an_answer_on_the_way_is_a_conflict_that_says_when_to_ask_again(user):
    send(user, {"name": "North"}, **{"Idempotency-Key": "same"})
    SentRequest.objects.update(status=None, answer=None)
    told = send(user, {"name": "North"}, **{"Idempotency-Key": "same"})
    assert told.status_code == 409
    assert 1 <= int(told.headers["Retry-After"]) <= 120


@pytest.mark.parametrize("how", ["raised", "answered"])
def test_a_refusal_changes_nothing_and_is_not_remembered(user, how):
    refused = send(user, {"name": "North", "refuse": how}, **{"Idempotency-Key": "same"})
    assert (refused.status_code, OrganizationGroup.objects.count(), SentRequest.objects.count()) == (400, 0, 0)


@pytest.mark.parametrize("key", ["", "x" * 129, "a\tb", "ключ"])
def test_a_key_that_is_none_is_refused(user, key):
    assert send(user, {"name": "North"}, **{"Idempotency-Key": key}).status_code == 400
    assert not OrganizationGroup.objects.exists()


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_acts_and_the_other_waits(user):
    barrier, said = threading.Barrier(2, timeout=PATIENCE), []

    def run():
        barrier.wait()
        try:
            held = claim(user)
            said.append(held.answer(lambda: make_group(user)) if isinstance(held, Claim) else held)
        except InFlight:
            said.append(None)
        finally:
            connection.close()

    for _round in range(10):
        SentRequest.objects.all().delete()
        OrganizationGroup.objects.all().delete()
        said.clear()
        pair = [threading.Thread(target=run) for _ in range(2)]
        for each in pair:
            each.start()
        for each in pair:
            each.join(PATIENCE)
        assert OrganizationGroup.objects.count() == 1
        assert len(said) == 2
        assert sum(answer is not None and not answer.replayed for answer in said) == 1


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_who_still_works_when_the_lease_ends_is_not_overtaken(user):
    held = expire(claim(user))
    told = []

    def ask():
        try:
            told.append(claim(user))
        except InFlight as refusal:
            told.append(refusal)
        finally:
            connection.close()

    def work():
        other = threading.Thread(target=ask)
        other.start()
        other.join(PATIENCE)
        return make_group(user)

    assert held.answer(work).status == 201
    assert isinstance(told[0], InFlight)
    assert claim(user).replayed


CHILD = """
import django, os, signal, sys
django.setup()
from accounts.models import User
from delivery.idempotency import Answer, claim_key
from organizations.models import OrganizationGroup
user = User.objects.get(pk=int(sys.argv[1]))
held = claim_key(user=user, key="k1", route="POST /things", body_sha256="a" * 64)
def work():
    OrganizationGroup.objects.create(distributor_id=user.distributor_id, name="made")
    if sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    return Answer(201, {"name": "made"})
held.answer(work)
os.kill(os.getpid(), signal.SIGKILL)
"""


def die(user, when):
    """A process of its own carries the request out, and is killed before or after the commit."""
    params = connection.get_connection_params()
    where = f"{params.get('host', '')}/{params['database']}?unix_socket={params.get('unix_socket', '')}"
    url = f"mysql://{params['user']}:{params.get('password', '')}@{where.removesuffix('?unix_socket=')}"
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(user.pk), when],
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "drportal.settings"},
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_killed_after_the_commit_the_retry_gets_the_stored_answer(user):
    die(user, "after")
    assert claim(user) == Answer(201, {"name": "made"}, replayed=True)
    assert OrganizationGroup.objects.count() == 1


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_killed_before_the_commit_the_retry_does_it_once_the_lease_has_ended(user):
    die(user, "before")
    assert not OrganizationGroup.objects.exists()
    with pytest.raises(InFlight):
        claim(user)
    SentRequest.objects.update(held_until=timezone.now())
    assert claim(user).answer(lambda: make_group(user)).status == 201
    with transaction.atomic():
        assert OrganizationGroup.objects.count() == 1
