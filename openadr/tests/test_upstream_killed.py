"""A worker ended by SIGKILL in the middle of a poll, and two workers at once. Only MariaDB has two writers."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from events.models import Event, EventState
from events.tests.world import next_span
from openadr.models import Upstream, UpstreamPolicy
from openadr.tests.upstream_world import OtherVtn, make_town, make_upstream, poll_now
from openadr.upstream.polling import poll
from tests.builder import make_distributor

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]
VEN = "ven-of-larkfield"

# Polls, and stands still once the VTN has answered the given message, until it is killed.
WORKER = """
import sys
import django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.DEMO = True
from openadr.upstream import talk
from openadr.upstream.polling import poll
real = talk.exchange

def exchange(link, service, body):
    said = real(link, service, body)
    if sys.argv[3].encode() in body:
        print("answered", flush=True)
        sys.stdin.read()
    return said

talk.exchange = exchange
poll(int(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.mark.parametrize("message", ["oadrCreatePartyRegistration", "oadrRequestEvent", "oadrCreatedEvent"])
def test_killed_worker_is_taken_over(message):
    with OtherVtn() as vtn:
        upstream = make_upstream(make_town(make_distributor()), vtn.port, UpstreamPolicy.SCHEDULE)
        vtn.do("event", ven=VEN, id="peak", start=next_span()[0].isoformat(), minutes=60)
        arguments = [sys.executable, "-c", WORKER, connection.settings_dict["NAME"], str(upstream.pk), message]
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "drportal.settings"}
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as worker:
            assert worker.stdout.readline() == b"answered\n"
            worker.send_signal(signal.SIGKILL)
        # Its lease still lasts.
        assert not poll(upstream.pk)
        upstream.refresh_from_db()
        assert timezone.now() < upstream.next_poll_at < timezone.now() + timedelta(minutes=4)
        for _number in range(2):
            assert poll_now(upstream).last_fault == ""
        assert [event.state for event in Event.objects.all()] == [EventState.NOTIFIED]
        assert vtn.opts("peak")[-1] == (0, "optIn")


def test_of_many_workers_one_polls():
    with OtherVtn() as vtn:
        upstream = make_upstream(make_town(make_distributor()), vtn.port)
        gate, polled = threading.Barrier(6), []

        def work():
            gate.wait()
            polled.append(poll(upstream.pk))
            connection.close()

        workers = [threading.Thread(target=work) for _number in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert sorted(polled) == [False] * 5 + [True]
        assert len(vtn.heard("oadrQueryRegistration")) == 1
        assert Upstream.objects.get().last_fault == ""
