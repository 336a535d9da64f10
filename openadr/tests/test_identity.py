"""Two running VTNs with TLS: nobody gets in who should not, nothing counts twice, and who is revoked is cut off."""

import ssl
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

import pytest

from openadr.services.enrolling import revoke_ven
from openadr.tests.running import ROOT, running_vtn, shared_database
from openadr.tests.signed import Device, device, send, trusting
from openadr.vtn20b.names import PATH
from tests.builder import make_world

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
REFUSED = b"Not registered or not authorized.\n"


def connected(port: int, context: ssl.SSLContext) -> HTTPSConnection:
    return HTTPSConnection("127.0.0.1", port, context=context, timeout=10)


def once(port: int, context: ssl.SSLContext, body: bytes) -> tuple[int, bytes]:
    connection = connected(port, context)
    try:
        return send(connection, body)
    finally:
        connection.close()


def eventually(refused, seconds: float = 1.5) -> float:
    """After how many seconds it was so."""
    began = time.monotonic()
    while not refused():
        assert time.monotonic() - began < seconds
    return time.monotonic() - began


def test_nobody_gets_in_who_should_not(tmp_path: Path, settings) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.REDIS_URL = ""
    here = make_world().here
    pump, other = device(here.distributor), device(here.distributor, "Other")
    strict = device(here.distributor, "Strict", must_sign=True)
    own = {"VAR_DIR": str(tmp_path / "var"), "DEMO": "false", "VTN_URL": "https://127.0.0.1:8080", "arguments": ()}
    with (
        shared_database(tmp_path) as url,
        running_vtn(url, tmp_path, **own) as one,
        running_vtn(url, tmp_path, **own) as two,
    ):
        contexts = {each.ven.name: each.context(tmp_path) for each in (pump, other, strict)}

        def poll(port: int, who: Device, body: bytes) -> tuple[int, bytes]:
            return once(port, contexts[who.ven.name], body)

        assert poll(one.port, pump, pump.poll())[0] == 200
        assert poll(one.port, other, pump.poll()) == (403, REFUSED)
        assert poll(one.port, other, other.poll(ven_id="ven-nobody")) == (403, REFUSED)
        assert poll(one.port, strict, strict.poll()) == (403, REFUSED)
        signed = strict.poll(is_signed=True)
        status, answer = poll(one.port, strict, signed)
        assert (status, b"Signature" in answer) == (200, True)
        for port in (one.port, two.port):
            assert poll(port, strict, signed) == (403, REFUSED)
        _no_certificate(one.port, pump)
        _plain_http(one.port, pump)
        one.kill()
        with running_vtn(url, tmp_path, **own) as again:
            assert poll(again.port, strict, signed) == (403, REFUSED)
            assert poll(again.port, strict, strict.poll(is_signed=True))[0] == 200
        live = connected(two.port, contexts["Pump"])
        assert send(live, pump.poll())[0] == 200
        revoke_ven(ven=pump.ven)
        eventually(lambda: send(live, pump.poll()) == (403, REFUSED))
        live.close()


def _no_certificate(port: int, pump: Device) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        once(port, trusting(), pump.poll())


def _plain_http(port: int, pump: Device) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    with pytest.raises((OSError, HTTPException)):
        send(connection, pump.poll())
    connection.close()


def test_beyond_its_rate_a_ven_is_answered_before_its_message_came(tmp_path: Path, settings) -> None:
    settings.VAR_DIR = tmp_path / "var"
    here = make_world().here
    pump, other = device(here.distributor), device(here.distributor, "Other")
    own = {"VAR_DIR": str(tmp_path / "var"), "DEMO": "false", "VTN_RATE": "3", "arguments": ()}
    with shared_database(tmp_path) as url, running_vtn(url, tmp_path, **own) as vtn:
        link = connected(vtn.port, pump.context(tmp_path))
        assert [send(link, pump.poll())[0] for _ in range(5)] == [200, 200, 200, 429, 429]
        link.putrequest("POST", f"{PATH}/OadrPoll")
        for name, value in (("Content-Type", "application/xml"), ("Content-Length", "200000")):
            link.putheader(name, value)
        link.endheaders(b"<")
        answer = link.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (429, "close")
        assert 0 < int(answer.headers["Retry-After"]) <= 20
        link.close()
        assert once(vtn.port, other.context(tmp_path), other.poll())[0] == 200


def test_vtn_does_not_start_where_nobody_would_check_certificates(tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin", "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3", "VAR_DIR": str(tmp_path),
        "SECRET_KEY": "x" * 50,
    }  # fmt: skip
    for arguments, more in ((["--plain"], {}), (["--plain", "--host", "0.0.0.0"], {"DEMO": "true"})):
        done = subprocess.run(
            [sys.executable, "manage.py", "runvtn", "--port", "0", *arguments],
            cwd=ROOT, env=environment | more, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1
        assert "certificate" in done.stderr
