"""The outbox: written with the change, delivered once, tried again, given up in the end."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from delivery import services
from delivery.models import Attempt, DeliveryState, Message
from delivery.services import BACKOFF, LEASE, Outgoing, drain, enqueue, enqueue_many, register
from delivery.tasks import sweep_outbox
from tests.builder import make_distributor, make_user

pytestmark = pytest.mark.django_db

KIND = "test-kind"


@pytest.fixture
def handled(monkeypatch):
    """What the handler of the test's kind was given; its `problem` is raised if there is one."""
    monkeypatch.setattr(services, "_handlers", dict(services._handlers))

    class Handled(list):
        problem = None

    calls = Handled()

    @register(KIND)
    def handle(message):
        calls.append(message.recipient)
        if calls.problem is not None:
            raise calls.problem

    return calls


def put(recipient="a", **fields):
    return enqueue(kind=KIND, recipient=recipient, payload={"n": 1}, **fields)


def make_due():
    Message.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


class TestEnqueue:
    def test_rolled_back_transaction_leaves_nothing(self, handled):
        with transaction.atomic():
            put()
            transaction.set_rollback(True)
        assert not Message.objects.exists()
        assert drain() == 0
        assert handled == []

    def test_message_of_one_key_exists_once(self, handled):
        first, second = put(dedupe_key="event 7"), put("b", dedupe_key="event 7")
        assert first.pk == second.pk
        assert second.recipient == "a"
        drain()
        assert handled == ["a"]

    def test_key_counts_after_delivery_too(self, handled):
        put(dedupe_key="event 7")
        drain()
        put(dedupe_key="event 7")
        assert drain() == 0

    def test_messages_without_a_key_may_repeat(self, handled):
        put()
        put()
        assert drain() == 2

    def test_transaction_goes_on_after_a_known_key(self, handled):
        put(dedupe_key="event 7")
        with transaction.atomic():
            put(dedupe_key="event 7")
            put("later")
        assert Message.objects.filter(recipient="later").exists()

    def test_other_refusals_of_the_database_are_not_taken_for_a_known_key(self, handled):
        with pytest.raises(IntegrityError), transaction.atomic():
            enqueue(kind=KIND, recipient=None, payload={}, dedupe_key="event 8")


class TestDrain:
    def test_delivered_message_is_marked_and_never_tried_again(self, handled):
        message = put()
        assert drain() == 1
        message.refresh_from_db()
        assert message.state == DeliveryState.DELIVERED
        assert message.finished_at is not None
        make_due()
        assert drain() == 0
        assert handled == ["a"]

    def test_oldest_comes_first_and_the_limit_holds(self, handled):
        for name in "abc":
            put(name)
        assert drain(limit=2) == 2
        assert handled == ["a", "b"]

    def test_task_drains(self, handled):
        put()
        sweep_outbox()
        assert handled == ["a"]

    def test_failed_message_waits_longer_each_time_and_ends_unreachable(self, handled):
        message = put()
        handled.problem = RuntimeError("no route")
        for wait in BACKOFF:
            before = timezone.now()
            assert drain() == 1
            message.refresh_from_db()
            assert message.state == DeliveryState.PENDING
            assert before + wait <= message.next_attempt_at <= timezone.now() + wait
            assert drain() == 0
            make_due()
        assert drain() == 1
        message.refresh_from_db()
        assert message.state == DeliveryState.UNREACHABLE
        assert message.finished_at is not None
        make_due()
        assert drain() == 0
        assert len(handled) == len(BACKOFF) + 1
        assert set(Attempt.objects.values_list("error", flat=True)) == {"RuntimeError: no route"}

    def test_message_that_fails_holds_up_no_other(self, handled):
        put("a")
        handled.problem = RuntimeError("no route")
        drain()
        handled.problem = None
        put("b")
        drain()
        assert Message.objects.get(recipient="b").state == DeliveryState.DELIVERED

    def test_message_delivered_at_the_second_try_keeps_both_attempts(self, handled):
        message = put()
        handled.problem = RuntimeError("no route")
        drain()
        handled.problem = None
        make_due()
        drain()
        assert list(message.attempts.order_by("id").values_list("error", flat=True)) == ["RuntimeError: no route", ""]

    def test_unknown_kind_is_a_failed_attempt_with_the_reason(self):
        message = enqueue(kind="nobody-knows", recipient="a", payload={})
        assert drain() == 1
        message.refresh_from_db()
        assert message.state == DeliveryState.PENDING
        assert message.attempts.get().error == "no handler for nobody-knows"

    def test_payload_changed_by_a_handler_that_fails_stays(self, handled):
        @register(KIND)
        def handle(message):
            message.payload = {}
            raise RuntimeError

        message = put()
        drain()
        message.refresh_from_db()
        assert message.payload == {"n": 1}

    def test_process_that_dies_midway_leaves_the_message_for_a_later_drain(self, handled):
        message = put()
        handled.problem = SystemExit()
        with pytest.raises(SystemExit):
            drain()
        handled.problem = None
        message.refresh_from_db()
        assert message.state == DeliveryState.PENDING
        assert timezone.now() < message.next_attempt_at <= timezone.now() + LEASE
        make_due()
        assert drain() == 1
        message.refresh_from_db()
        assert message.state == DeliveryState.DELIVERED

    def test_drain_that_outlived_its_lease_does_not_undo_what_another_marked(self, handled):
        @register(KIND)
        def handle(message):
            Message.objects.filter(pk=message.pk).update(state=DeliveryState.DELIVERED, finished_at=timezone.now())
            raise RuntimeError("too late")

        message = put()
        drain()
        message.refresh_from_db()
        assert message.state == DeliveryState.DELIVERED

    def test_attempts_are_never_changed(self, handled):
        put()
        drain()
        with pytest.raises(IntegrityError), transaction.atomic():
            Attempt.objects.update(error="nothing happened")


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_handler_runs(handled):
    """On SQLite an open one would keep every writer out while a mail server is slow."""
    states = []

    @register(KIND)
    def handle(message):
        states.append(connection.in_atomic_block)

    put()
    drain()
    assert states == [False]


@pytest.mark.mariadb
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.django_db(transaction=True)
def test_two_drains_at_once_deliver_each_message_once(handled):
    names = [f"r{n}" for n in range(40)]
    for name in names:
        put(name)
    barrier = threading.Barrier(3)

    def run():
        barrier.wait()
        try:
            drain()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(handled) == sorted(names)
    assert Attempt.objects.count() == len(names)


@pytest.mark.mariadb
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.django_db(transaction=True)
def test_two_writers_of_one_key_at_once_make_one_message(handled):
    barrier, keys = threading.Barrier(2), []

    def run():
        barrier.wait()
        try:
            with transaction.atomic():
                keys.append(put(dedupe_key="event 7").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_only_distributor_admins_and_the_platform_see_messages():
    distributor = make_distributor()
    put(tenant_id=distributor.pk)
    resident = make_user(distributor)
    admin = make_user(distributor, staff_role="admin")
    staff = make_user(distributor, staff_role="staff")
    platform = User.objects.create_superuser("root@example.com", None)
    seen = [Message.objects.visible_to(user).count() for user in (resident, staff, admin, platform)]
    assert seen == [0, 0, 1, 1]


class TestDeadProcess:
    def test_counts_as_an_attempt(self, handled):
        message = put()
        handled.problem = SystemExit()
        with pytest.raises(SystemExit):
            drain()
        make_due()
        handled.problem = None
        drain()
        assert list(message.attempts.order_by("id").values_list("error", flat=True)) == [services.DIED, ""]

    def test_message_that_kills_each_process_ends_unreachable(self, handled):
        message = put()
        handled.problem = SystemExit()
        for _ in range(len(BACKOFF) + 1):
            with pytest.raises(SystemExit):
                drain()
            make_due()
        assert drain() == 0
        message.refresh_from_db()
        assert message.state == DeliveryState.UNREACHABLE
        assert message.attempts.count() == len(BACKOFF) + 1
        assert len(handled) == len(BACKOFF) + 1

    def test_ordinary_failure_is_counted_once(self, handled):
        message = put()
        handled.problem = RuntimeError("no route")
        drain()
        make_due()
        drain()
        assert message.attempts.count() == 2


class TestWhatIsKept:
    @pytest.mark.parametrize("demo", [False, True])
    def test_payload_of_a_message_that_is_given_up_is_dropped_too(self, handled, settings, demo):
        settings.DEMO = demo
        register(KIND, keep=("n",))(services._handlers[KIND])
        message = enqueue(kind=KIND, recipient="a", payload={"n": 1, "link": "secret"})
        handled.problem = RuntimeError("no route")
        for _ in range(len(BACKOFF) + 1):
            drain()
            make_due()
        message.refresh_from_db()
        assert message.state == DeliveryState.UNREACHABLE
        assert message.payload == ({"n": 1, "link": "secret"} if demo else {"n": 1})

    def test_recipient_is_forgotten_where_that_is_asked_for(self, handled, monkeypatch):
        monkeypatch.setattr(services, "_forgotten", set())
        register(KIND, keep=(), forget_recipient=True)(services._handlers[KIND])
        message = put()
        drain()
        message.refresh_from_db()
        assert (handled, message.recipient, message.payload) == (["a"], "", {})


class TestMany:
    def test_are_written_with_few_statements(self, django_assert_max_num_queries):
        messages = [Outgoing(kind=KIND, recipient=f"r{n}", payload={}, dedupe_key=f"k{n}") for n in range(700)]
        with django_assert_max_num_queries(20):
            assert enqueue_many(messages) == 700
        assert enqueue_many(messages) == 0
        assert Message.objects.count() == 700

    def test_without_a_key_they_may_repeat(self):
        assert enqueue_many([Outgoing(kind=KIND, recipient="a", payload={})] * 3) == 3

    def test_one_that_exists_keeps_none_of_the_others_back(self):
        put(dedupe_key="k1")
        keys = ["k0", "k1", "k2"]
        assert enqueue_many([Outgoing(kind=KIND, recipient="b", payload={}, dedupe_key=key) for key in keys]) == 2
        assert Message.objects.get(dedupe_key="k1").recipient == "a"

    def test_may_wait(self, handled):
        later = timezone.now() + timedelta(hours=1)
        enqueue_many([Outgoing(kind=KIND, recipient="a", payload={}, not_before=later)])
        assert drain() == 0
        assert Message.objects.get().next_attempt_at == later
