"""Messages that mean harm, against the reader and against a running VTN, each in a process of its own."""

import json
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from openadr.errors import MessageError, NotValid
from openadr.tests.hostile.messages import hostile, poll
from openadr.tests.running import running_vtn, shared_database
from openadr.tests.signed import device, send
from openadr.vtn20b import safe
from tests.builder import make_world

# Harmless for all that: long, but what the schema says.
TAKEN = {"long id", "many ends of lines", "many references", "many namespaces"}
SERVICE = "/OpenADR2/Simple/2.0b/OadrPoll"


@pytest.fixture(autouse=True)
def nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tests before taught the reader is usual to it no more."""
    monkeypatch.setattr(safe, "_usual", set())
    monkeypatch.setattr(safe, "_taught", {})


def test_reader_refuses_every_hostile_message_quickly_and_stays_small() -> None:
    script = Path(__file__).parent / "hostile" / "reading.py"
    done = subprocess.run([sys.executable, script, "4"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 4 * len(list(hostile()))
    assert {name for _again, name, status, _took, _more in rows if status == 200} <= TAKEN
    assert max(took for *_rest, took, _more in rows) < 1
    assert max(more for *_rest, more in rows) < 64


@pytest.mark.parametrize(
    "kind", ["unfinished_tags", "instructions", "blanks", "references", "references_of_attributes", "names"]
)
def test_reader_keeps_nothing_of_what_strangers_invent(kind: str) -> None:
    script = Path(__file__).parent / "hostile" / "leaking.py"
    done = subprocess.run([sys.executable, script, kind], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 60


def test_document_type_is_refused_without_a_look_at_it() -> None:
    bodies = [body for name, body in hostile() if "type in" not in name and b"DOCTYPE" in body]
    assert len(bodies) >= 9
    for body in bodies:
        with pytest.raises(MessageError, match="document type"):
            safe.parse(body)


def test_schema_location_of_a_message_is_not_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0)
        port = canary.getsockname()[1]
        where = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation='
        root = safe.read_message(poll(root=f'{where}"http://x http://127.0.0.1:{port}/x.xsd"').encode())
        assert safe.kind_of(root)[0] == "oadrPoll"
        with pytest.raises(BlockingIOError):
            canary.accept()


def test_comment_or_instruction_inside_an_id_does_not_split_it() -> None:
    for inner in ("ven-<!-- x -->1", "ven-<?x y?>1", "ven-<![CDATA[1]]>", "ven-&#49;"):
        element = safe.kind_of(safe.read_message(poll(inner).encode()))[1]
        assert [child.text for child in element] == ["ven-1"]


def test_lenient_reading_still_wants_one_message_in_one_frame() -> None:
    strange = poll(after="<x/>").encode()
    with pytest.raises(NotValid) as refused:
        safe.read_message(strange)
    assert refused.value.root is not None
    assert safe.kind_of(safe.read_message(strange, is_lenient=True))[0] == "oadrPoll"
    for name, body in hostile():
        if name in ("second signed object", "signed object first", "empty payload", "empty signed object"):
            with pytest.raises(NotValid):
                safe.read_message(body, is_lenient=True)


def test_unusual_names_are_read_apart_and_usual_ones_are_learned() -> None:
    before = set(safe._usual)
    safe.parse(b"<never-heard-of-it/>")
    assert safe._usual == before
    odd = poll().replace("oadr:", "strange:").replace(":oadr=", ":strange=").encode()
    safe.read_message(odd)
    assert any(b"strange:oadrPoll" in tag for tag in safe._usual)


def test_indented_messages_are_usual_once_one_was_taken() -> None:
    body = poll(after="").replace("<ei:venID>", "\n" + 20 * " " + "<ei:venID>").encode()
    with pytest.raises(safe.Unusual):
        safe.parse(body, may_wait=False)
    safe.read_message(body)
    safe.parse(body, may_wait=False)
    for odd in (body.replace(b"<ei:venID>ven", b"<ei:venID>&odd;ven"), body.replace(b"<ei:", b"<!-- --><ei:", 1)):
        with pytest.raises(safe.Unusual):
            safe.parse(odd, may_wait=False)


def test_one_sender_cannot_use_up_what_is_learned() -> None:
    for number in range(3 * safe.LEARNED_OF_ONE):
        _root, names = safe.opened(poll(root=f' xmlns:q{number}="u"').encode())
        safe.learn(names, "hostile")
    assert len(safe._usual) <= safe.LEARNED_OF_ONE
    safe.learn({b"<x>"}, "other")
    assert b"<x>" in safe._usual


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_running_vtn_outlives_every_hostile_message(tmp_path: Path) -> None:
    pump = device(make_world().here.distributor)
    with shared_database(tmp_path) as url, running_vtn(url, tmp_path) as vtn:
        memory = Path(f"/proc/{vtn.process.pid}/statm")
        before = int(memory.read_text().split()[1])
        for name, body in hostile():
            connection = HTTPConnection("127.0.0.1", vtn.port, timeout=5)
            began = time.monotonic()
            try:
                status, _body = send(connection, body)
            except (BrokenPipeError, ConnectionResetError):
                status = 413  # it hung up in the middle of what was too large
            connection.close()
            assert 400 <= status < 500, name
            assert time.monotonic() - began < 1, name
        assert (int(memory.read_text().split()[1]) - before) * 4096 < 64e6
        connection = HTTPConnection("127.0.0.1", vtn.port, timeout=5)
        assert send(connection, pump.poll())[0] == 200
        connection.close()
