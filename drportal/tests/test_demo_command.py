"""What `manage.py demo` needs before it starts anything."""

import socket
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from drportal import env
from drportal.management.commands import demo


@pytest.mark.parametrize("above", [0, demo.VTN_ABOVE, demo.MODBUS_ABOVE])
def test_each_port_is_looked_at_before_anything_is_prepared(above, monkeypatch):
    monkeypatch.setattr(demo, "_run", lambda *_: pytest.fail("prepared"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        first = taken - above
        with pytest.raises(CommandError, match=r"is in use\. Choose another: make demo PORT=") as refusal:
            call_command("demo", port=first)
    # Whichever is met first: a neighbour of the free port may be taken as well.
    assert f"PORT={first + demo.ELSEWHERE}" in str(refusal.value)
    assert any(f"Port {first + each} " in str(refusal.value) for each in range(above + 1))


@pytest.mark.parametrize("name", sorted(env.VARIABLES))
def test_settings_of_the_shell_for_devices_and_secrets_stay_out(name, monkeypatch):
    monkeypatch.setenv(name, "of-the-shell")
    given = demo._environment(Path("/nowhere"), 8000)
    if name.startswith(("VTN_", "UPSTREAM_", "REDIS_", "CELERY_", "MFA_", "SMS_", "EMAIL_")) or name in env.SECRETS:
        assert given.get(name) != "of-the-shell"


def test_rest_of_the_shell_stays(monkeypatch):
    monkeypatch.setenv("LANG", "es_ES.UTF-8")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    given = demo._environment(Path("/nowhere"), 8000)
    assert (given["LANG"], given["LOG_LEVEL"]) == ("es_ES.UTF-8", "DEBUG")
