from datetime import timedelta
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from common import cache as portal_cache
from delivery.models import Message
from openadr.models import Upstream
from openadr.tests.upstream_world import make_town, make_upstream
from tests.redis_server import portal_on_redis

pytestmark = pytest.mark.django_db


def doctor() -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("doctor", stdout=said)
    except SystemExit as end:
        return int(end.code), said.getvalue()
    return 0, said.getvalue()


def test_doctor_finds_a_sound_portal_well():
    code, said = doctor()
    assert "FAULT" not in said
    assert code == 0
    for words in ("DATABASE_URL", "Database:", "Migrations: all applied.", "Jobs:", "Outbox:", "Mail:", "Disk:"):
        assert words in said


def test_doctor_keeps_secrets_to_itself(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "do-not-show-" + "s" * 50)
    assert "do-not-show" not in doctor()[1]


def test_doctor_names_an_outbox_that_nobody_drains():
    Message.objects.create(
        kind="mail", recipient="a@example.com", next_attempt_at=timezone.now() - timedelta(minutes=5)
    )
    code, said = doctor()
    assert code == 1
    assert "is a worker running?" in said


@override_settings(DEMO=True)
def test_doctor_names_vtns_above_that_no_worker_polls(here):
    make_upstream(make_town(here.distributor, homes=1), 9)
    assert "VTNs above: 1 polled in time." in doctor()[1]
    Upstream.objects.update(next_poll_at=timezone.now() - timedelta(minutes=3))
    code, said = doctor()
    assert code == 1
    assert "VTNs above: 1 not polled for over two minutes. Does a worker serve the queue “upstream”?" in said
    Upstream.objects.update(is_active=False)
    assert "VTNs above: 0 polled in time." in doctor()[1]


@override_settings(
    DELIVERY_EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=9
)
def test_doctor_names_a_mail_server_that_does_not_answer():
    code, said = doctor()
    assert code == 1
    assert "FAULT Mail:" in said.replace("\x1b[31;1m", "").replace("\x1b[0m", "")


def test_doctor_says_that_redis_is_away_and_when_it_is_back(tmp_path):
    with portal_on_redis(tmp_path) as redis, override_settings(REDIS_URL=redis.url):
        assert "Cache and sessions: Redis answers." in doctor()[1]
        redis.stop()
        code, said = doctor()
        assert code == 1
        assert "Cache: Redis is away." in said
        assert "REDIS_URL" in said.partition("Cache: Redis is away.")[2].partition("\n")[0]
        redis.start()
        # Another call of the command is another process, which remembers nothing.
        portal_cache._away_until.clear()
        assert "Cache and sessions: Redis answers." in doctor()[1]


@pytest.mark.mariadb
def test_wrong_isolation_is_an_error():
    assert [problem for problem in run_checks(databases=["default"], tags=["database"]) if problem.is_serious()] == []
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION tx_isolation = 'REPEATABLE-READ'")
        try:
            found = run_checks(databases=["default"], tags=["database"])
        finally:
            cursor.execute("SET SESSION tx_isolation = 'READ-COMMITTED'")
    assert "portal.E001" in [problem.id for problem in found]
