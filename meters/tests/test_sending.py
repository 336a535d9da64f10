"""`POST /api/v1/readings` through all of the portal: bodies of every type, keys, limits, and what breaks off."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import Client, override_settings

from accounts.models import AuditEntry, Scope
from delivery.idempotency import REPLAYED
from delivery.models import SentRequest
from meters.models import BatchSource, BatchState, ImportBatch, IntervalReading
from meters.tests.helpers import slot, stored
from tests.builder import make_token

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/readings"
CSV, NDJSON, JSON = "text/csv", "application/x-ndjson", "application/json"
PATIENCE = 60


@pytest.fixture
def token(world):
    return make_token(world.here.admin, Scope.READINGS_WRITE)[1]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path):
    with override_settings(IMPORT_DIR=tmp_path / "imports"):
        yield


@pytest.fixture
def send(token):
    def send(body, kind=CSV, query="", **headers):
        data = body.encode() if isinstance(body, str) else body
        headers = {"Authorization": f"Bearer {token}"} | headers
        # The test client names no type where there is no body.
        more = {} if data else {"CONTENT_TYPE": kind}
        client = Client(raise_request_exception=False)
        return client.post(ADDRESS + query, data, content_type=kind, headers=headers, **more)

    return send


def time(number):
    return f"{slot(number):%Y-%m-%dT%H:%M:%SZ}"


def csv_of(*rows):
    return "\n".join(["meter,start,kwh", *(f"{meter},{time(at)},{kwh}" for meter, at, kwh in rows), ""])


def objects_of(*rows):
    return [{"meter": meter, "start": time(at), "kwh": kwh} for meter, at, kwh in rows]


ROWS = [("Hither-home", at, f"0.{400 + at}") for at in range(12)]
BODIES = {
    CSV: csv_of(*ROWS),
    NDJSON: "\n".join(map(json.dumps, objects_of(*ROWS))),
    JSON: json.dumps({"readings": objects_of(*ROWS)}),
}


@pytest.mark.parametrize("kind", BODIES)
def test_every_type_stores_the_same_as_one_import(world, send, kind):
    answer = send(BODIES[kind], kind)
    batch = ImportBatch.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {
        "new": 12,
        "unchanged": 0,
        "corrected": 0,
        "repeated": 0,
        "skipped": 0,
        "energy_wh": 12 * 400 + 66,
        "errors": [],
        "unknown_meters": {},
        "batch": batch.pk,
    }
    assert [each[1] for each in stored(world.here.home)] == [400 + at for at in range(12)]
    assert (batch.source, batch.state, batch.created_by) == (BatchSource.API, BatchState.STORED, world.here.admin)
    assert (batch.size_bytes, batch.totals["new"]) == (len(BODIES[kind]), 12)
    assert AuditEntry.objects.filter(act="import.store", actor=world.here.admin).exists()
    again = send(BODIES[kind], kind).json()
    assert (again["new"], again["unchanged"]) == (0, 12)


def test_a_few_readings_in_json_are_no_import(send):
    answer = send(json.dumps(objects_of(*ROWS[:10])), JSON)
    assert (answer.json()["new"], answer.json()["batch"]) == (10, None)
    assert not ImportBatch.objects.exists()


def test_one_row_in_two_says_the_same_again(send):
    answer = send(csv_of(ROWS[0], ROWS[0], ROWS[1])).json()
    assert (answer["new"], answer["repeated"], answer["skipped"]) == (2, 1, 0)


def test_what_cannot_be_used_is_listed_with_its_row_and_the_rest_is_stored(send):
    answer = send(csv_of(*ROWS, ("Hither-home", 20, "many"), ("X9", 1, "1"), ("X9", 2, "1")))
    assert answer.status_code == 207
    data = answer.json()
    assert (data["new"], data["skipped"], data["unknown_meters"]) == (12, 3, {"X9": 2})
    assert data["errors"] == [{"row": 14, "problem": "“many” is not a number"}]


def test_only_the_first_thousand_problems_are_listed_and_all_are_counted(send):
    data = send(csv_of(*(("Hither-home", at, "many") for at in range(1_200)))).json()
    assert (len(data["errors"]), data["skipped"]) == (1_000, 1_200)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(csv_of(*ROWS, ("Hither-home", 20, "many")), CSV), (json.dumps(objects_of(ROWS[0], ("X9", 1, "1"))), JSON)],
)
def test_strictly_one_bad_row_stores_nothing(send, body, kind):
    answer = send(body, kind, "?strict=1", **{"Idempotency-Key": "k"})
    assert answer.status_code == 422
    data = answer.json()
    assert (data["new"], data["energy_wh"], data["skipped"], data["batch"]) == (0, 0, 1, None)
    assert "nothing was stored" in data["detail"]
    for model in (IntervalReading, ImportBatch, SentRequest):
        assert not model.objects.exists()
    assert send(BODIES[CSV], CSV, "?strict=1", **{"Idempotency-Key": "k"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        ("", CSV, 400, "empty"),
        ("\n\n", CSV, 400, "empty"),
        ("meter,start,kwh\n", CSV, 400, "no readings"),
        ("when,what\n1,2\n", CSV, 400, "no CSV of readings"),
        (BODIES[CSV], "text/plain", 415, "text/csv"),
        (BODIES[CSV], "multipart/form-data; boundary=x", 415, "text/csv"),
        (BODIES[CSV], "", 415, "text/csv"),
        (BODIES[JSON], CSV, 400, "Content-Type says CSV"),
        (BODIES[CSV], NDJSON, 400, "Content-Type says NDJSON"),
        (b"\x1f\x8b" + b"x" * 90, CSV, 400, ""),
        (b"\xff" * 90, CSV, 400, ""),
        (b"\x00" * 90, NDJSON, 400, ""),
        ("{", JSON, 400, "not valid JSON"),
        ("[" * 60_000, JSON, 400, "not valid JSON"),
        ("[" * 100_000, JSON, 400, ""),
        ('{"a": "\\ud800", "readings": []}', JSON, 400, ""),
        (json.dumps({"readings": "all"}), JSON, 400, "list of objects"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "application/xml", 400, ""),
        ('{"x": 1}\n' * 9, NDJSON, 207, "missing"),
    ],
)
def test_a_body_that_is_none_is_refused_in_words(send, body, kind, status, words):
    answer = send(body, kind)
    assert answer.status_code == status, answer.content
    assert words in json.loads(answer.content.decode()).__str__()
    assert not IntervalReading.objects.exists()


def test_halves_of_characters_are_answered_and_not_stored(send):
    rows = objects_of(*ROWS, ("Hither-home", 20, "\ud800"), ("\ud800", 20, "1"))
    for kind, body in ((JSON, json.dumps(rows)), (NDJSON, "\n".join(map(json.dumps, rows)))):
        answer = send(body, kind, **{"Idempotency-Key": kind})
        assert answer.status_code == 207, answer.content
        assert answer.json()["skipped"] == 2
    assert send(json.dumps(rows[-2:]), JSON).status_code in (207, 400)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, identity"])
def test_a_packed_body_is_not_taken(send, coding):
    answer = send(BODIES[CSV], **{"Content-Encoding": coding})
    assert answer.status_code == 415
    assert coding in str(answer.json())
    assert send(BODIES[CSV], **{"Content-Encoding": "identity"}).status_code == 200


def test_a_body_beyond_the_limit_is_refused_unread(send):
    with override_settings(IMPORT_MAX_BYTES=100):
        answer = send(BODIES[CSV])
    assert answer.status_code == 413
    assert not ImportBatch.objects.exists()


class Broken(io.BytesIO):
    """A connection that breaks while it is read."""

    def read(self, *_args):
        raise OSError("connection reset")


@pytest.mark.parametrize("kind", [CSV, JSON])
@pytest.mark.parametrize("stream", [io.BytesIO, Broken])
def test_half_a_body_is_never_taken_for_a_short_one(token, kind, stream):
    client, body = Client(raise_request_exception=False), BODIES[kind].encode()
    half = body[: body.rindex(b"\n") + 1] if kind == CSV else body
    answer = client.generic(
        "POST",
        ADDRESS,
        b"x",
        content_type=kind,
        headers={"Authorization": f"Bearer {token}"},
        **{"wsgi.input": stream(half), "CONTENT_LENGTH": str(len(half) + 30)},
    )
    assert answer.status_code == 400
    assert "ended before" in str(answer.json())
    assert not IntervalReading.objects.exists()


@pytest.mark.parametrize(("length", "status"), [("", 411), ("-5", 411), ("many", 411)])
def test_a_body_without_its_length_is_asked_for_it(token, length, status):
    answer = Client().generic(
        "POST",
        ADDRESS,
        b"x",
        content_type=CSV,
        headers={"Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked"},
        CONTENT_LENGTH=length,
    )
    assert answer.status_code == status


def test_nothing_stays_on_the_disk(send):
    send(BODIES[CSV])
    send("nothing,of,it\n")
    folder = Path(settings.IMPORT_DIR)
    assert [path.name for path in folder.glob("incoming-*")] == []


def test_the_body_is_never_in_memory_as_a_whole(send, monkeypatch):
    def read_all(_request):
        raise AssertionError("the body was read as a whole")

    monkeypatch.setattr(WSGIRequest, "body", property(read_all))
    assert send(BODIES[CSV]).status_code == 200


@pytest.mark.parametrize("kind", BODIES)
def test_under_a_key_the_same_body_is_answered_twice_and_stored_once(send, kind):
    key = {"Idempotency-Key": "night 1"}
    first, second = (send(BODIES[kind], kind, **key) for _time in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert (first.headers.get(REPLAYED), second.headers[REPLAYED]) == (None, "true")
    assert ImportBatch.objects.count() == 1
    other = send(csv_of(("Hither-home", 30, "1")), CSV, **key)
    assert (other.status_code, IntervalReading.objects.count()) == (422, 12)
    assert send(BODIES[kind], kind, "?strict=1", **key).status_code == 422


def test_the_point_path_remembers_its_answer_too(send):
    body, key = json.dumps(objects_of(ROWS[0])), {"Idempotency-Key": "one"}
    assert send(body, JSON, **key).json()["new"] == 1
    again = send(body, JSON, **key)
    assert (again.json()["new"], again.headers[REPLAYED]) == (1, "true")


def test_what_is_on_its_way_is_told_to_wait(send):
    key = {"Idempotency-Key": "k"}
    send(BODIES[CSV], **key)
    SentRequest.objects.update(status=None, answer=None)
    told = send(BODIES[CSV], **key)
    assert told.status_code == 409
    assert int(told.headers["Retry-After"]) >= 1
    SentRequest.objects.update(held_until=slot(0))
    assert send(BODIES[CSV], **key).json()["unchanged"] == 12


def test_a_refused_body_does_not_use_up_its_key(send):
    key = {"Idempotency-Key": "k"}
    assert send("nothing,of,it\n", **key).status_code == 400
    assert send(BODIES[CSV], **key).status_code == 200


CHILD = """
import os, signal, sys
import django
django.setup()
from django.test import Client
body = open(sys.argv[1], "rb").read()
headers = {"Authorization": "Bearer " + sys.argv[2], "Idempotency-Key": "night 1"}
answer = Client().post("/api/v1/readings", body, content_type="text/csv", headers=headers)
assert answer.status_code == 200, answer.content
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.mariadb
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_between_commit_and_answer_the_retry_gets_the_answer_and_nothing_twice(send, token, tmp_path):
    file = tmp_path / "body.csv"
    file.write_text(BODIES[CSV])
    params = connection.get_connection_params()
    socket = params.get("unix_socket", "")
    url = f"mysql://{params['user']}:{params.get('password', '')}@{params.get('host', '')}/{params['database']}"
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(file), token],
        env=os.environ
        | {
            "DATABASE_URL": f"{url}?unix_socket={socket}" if socket else url,
            "DJANGO_SETTINGS_MODULE": "drportal.settings",
            "VAR_DIR": str(tmp_path),
        },
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    answer = send(BODIES[CSV], **{"Idempotency-Key": "night 1"})
    assert (answer.json()["new"], answer.headers[REPLAYED]) == (12, "true")
    assert (IntervalReading.objects.count(), ImportBatch.objects.count()) == (12, 1)
