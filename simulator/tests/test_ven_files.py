"""Configurations, mutual TLS, and what a VEN makes of messages."""

import asyncio
import json
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from sqlite3 import IntegrityError, connect

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from simulator.errors import SimulatorError
from simulator.tests.vtn import Vtn
from simulator.ven import DataQuality, Resource, Store, Value, Ven, Wire, read_config, read_configs
from simulator.ven.events import Change, EventBook, Span, VenEvent
from simulator.ven.reading import BadMessage, seconds_of

GOOD = {"url": "https://vtn.example:8443", "ven_name": "D-0001", "resources": ["a", {"name": "b", "meter": "D-0001"}]}


def written(folder: Path, **more: object) -> Path:
    path = folder / "D-0001.json"
    path.write_text(json.dumps({**GOOD, **more}))
    return path


def test_configuration_is_read_as_it_was_written(tmp_path):
    for name in ("a.crt", "a.key", "ca.crt"):
        (tmp_path / name).touch()
    path = written(tmp_path, ven_id="ven-1", certificate="a.crt", key="a.key", ca="ca.crt", poll_seconds=3, more=1)
    config = read_config(path)
    assert config.url == "https://vtn.example:8443/OpenADR2/Simple/2.0b"
    assert config.resources == (Resource("a"), Resource("b", "D-0001"))
    assert (config.certificate, config.key, config.ca) == (tmp_path / "a.crt", tmp_path / "a.key", tmp_path / "ca.crt")
    assert (config.ven_id, config.poll_seconds) == ("ven-1", 3.0)
    assert read_configs(tmp_path, url="http://127.0.0.1:1")[0].url == "http://127.0.0.1:1/OpenADR2/Simple/2.0b"


@pytest.mark.parametrize(
    "more",
    [
        {"url": "vtn"},
        {"url": 7},
        {"ven_name": ""},
        {"resources": {}},
        {"resources": [7]},
        {"poll_seconds": 0},
        {"poll_seconds": True},
        {"certificate": "none.crt", "key": "none.key"},
        {"must_sign": True},
    ],
)
def test_configuration_with_a_fault_is_refused_with_its_name(tmp_path, more):
    with pytest.raises(SimulatorError, match=r"D-0001\.json cannot be used"):
        read_config(written(tmp_path, **more))


def test_certificate_without_its_key_is_refused(tmp_path):
    (tmp_path / "a.crt").touch()
    with pytest.raises(SimulatorError, match="belong together"):
        read_config(written(tmp_path, certificate="a.crt"))


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_configuration_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(SimulatorError, match="JSON"):
        read_config(path)


def issue(folder: Path, name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None):
    """A certificate and key of this name, by an issuer or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    certificate = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, key


def tls_of_server(folder: Path) -> ssl.SSLContext:
    """A VTN's: it asks for a client certificate of our authority."""
    ca = issue(folder, "ca", None)
    issue(folder, "vtn", ca)
    issue(folder, "ven", ca)
    issue(folder, "stranger", None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "vtn.crt", folder / "vtn.key")
    context.load_verify_locations(folder / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize(
    ("certificate", "ca", "is_welcome"),
    [("ven", "ca", True), ("stranger", "ca", False), (None, "ca", False), ("ven", "stranger", False)],
)
def test_ven_and_vtn_prove_themselves_to_each_other(tmp_path, certificate, ca, is_welcome):
    said: list[str] = []

    async def test() -> None:
        async with Vtn() as vtn, Wire() as wire:
            await vtn.listen(ssl=tls_of_server(tmp_path))
            pair = {"certificate": f"{certificate}.crt", "key": f"{certificate}.key"} if certificate else {}
            path = written(tmp_path, url=vtn.url, ca=f"{ca}.crt", poll_seconds=0.02, **pair)
            heard = asyncio.Event()

            def say(text: str) -> None:
                said.append(text)
                heard.set()

            task = asyncio.create_task(Ven(read_config(path), (), wire=wire, say=say).run())
            try:
                await asyncio.wait_for(heard.wait() if not is_welcome else vtn.until(lambda: "oadrPoll" in vtn.got), 20)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            assert ("oadrPoll" in vtn.got) is is_welcome

    asyncio.run(test())
    assert bool(said) is not is_welcome


def test_store_reads_a_file_of_before_values_had_a_quality(tmp_path):
    with closing(connect(tmp_path / "s")) as base, base:
        base.execute(
            "CREATE TABLE waiting (ven TEXT, r_id TEXT, start INTEGER, seconds INTEGER NOT NULL, value REAL NOT NULL,"
            " PRIMARY KEY (ven, r_id, start)) WITHOUT ROWID"
        )
        base.execute("INSERT INTO waiting VALUES ('a', 'e', 300, 300, 1.0)")
    store = Store(tmp_path / "s")
    store.keep("a", Value("e", 600, 300, 2.0, DataQuality.UNCERTAIN))
    assert store.waiting("a") == [Value("e", 300, 300, 1.0), Value("e", 600, 300, 2.0, DataQuality.UNCERTAIN)]
    store.close()


def test_store_remembers_over_a_restart_and_writes_all_or_nothing(tmp_path):
    store = Store(tmp_path / "s")
    store.keep("a", Value("e", 300, 300, 1.0))
    store.save("a", {"ven_id": "v"})

    def half() -> None:
        with store.at_once():
            store.put("homes", b"x")
            store.keep("a", Value("e", 600, None, 2.0))  # type: ignore[arg-type]

    with pytest.raises(IntegrityError):
        half()
    store.close()
    again = Store(tmp_path / "s")
    assert again.waiting("a") == [Value("e", 300, 300, 1.0)]
    assert again.load("a") == {"ven_id": "v"}
    assert again.get("homes") is None
    again.drop("a", again.waiting("a"))
    assert again.waiting("a") == []
    again.close()


def event(number: int = 0, status: str = "active", end: int = 200) -> VenEvent:
    return VenEvent("e", number, 100, end, status, spans=(Span(100, end, 1.0),))


def test_book_tells_what_a_list_changes():
    book = EventBook()
    assert book.take([event()]) == [(Change.NEW, event())]
    assert book.take([event()]) == []
    assert book.take([event(1, end=300)]) == [(Change.CHANGED, event(1, end=300))]
    assert EventBook(json.loads(json.dumps(book.rows()))).known == book.known
    assert book.over(299) == []
    assert book.over(300) == [(Change.OVER, event(1, "completed", 300))]
    assert book.over(301) == []
    assert book.take([event(2, end=500)])[0][0] is Change.NEW  # made longer after its end
    assert book.take([event(2, "cancelled", 500)]) == [(Change.CANCELLED, event(2, "cancelled", 500))]
    assert book.take([event(2, end=500)])[0][0] is Change.NEW
    assert book.over(500 + 86_401)
    assert book.known == {}


def test_event_that_was_over_before_it_was_heard_of_is_nothing_to_react_to():
    book = EventBook()
    assert book.take([event(3, "cancelled")]) == []
    assert book.take([]) == []
    assert event().value_at(150) == 1.0
    assert event().value_at(200) == 0.0


@pytest.mark.parametrize("text", ["", "5 minutes", "P1Y", "-PT5M"])
def test_duration_without_a_length_is_no_duration(text):
    with pytest.raises(BadMessage, match="duration"):
        seconds_of(text)
