from datetime import timedelta
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from delivery.models import Message

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


@override_settings(
    DELIVERY_EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=9
)
def test_doctor_names_a_mail_server_that_does_not_answer():
    code, said = doctor()
    assert code == 1
    assert "FAULT Mail:" in said.replace("\x1b[31;1m", "").replace("\x1b[0m", "")


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
