"""Hostile and broken VTNs: what they do stays with them."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest

from openadr.upstream import client, guard
from openadr.upstream.client import Link, exchange
from openadr.upstream.faults import FAULTS, Fault, fault_words
from openadr.upstream.guard import addresses_of, cleaned_url, is_allowed

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@contextmanager
def serving(answer, pause=0.0, times=1):
    """A server on this machine that says the same to everybody; what it heard is collected."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def serve():
            for _number in range(times):
                try:
                    sock, _address = server.accept()
                except OSError:
                    return
                with sock:
                    heard.append(_request(sock))
                    try:
                        for part in answer if isinstance(answer, list) else [answer]:
                            sock.sendall(part)
                            stopped.wait(pause)
                    except OSError:
                        return

        stopped = threading.Event()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/OpenADR2/Simple/2.0b", heard
        stopped.set()


def _request(sock):
    said = b""
    while not said.endswith(b"<x/>") and (part := sock.recv(65536)):
        said += part
    return said


def fault_of(url):
    with pytest.raises(Fault) as caught:
        exchange(Link(url), "OadrPoll", b"<x/>")
    return caught.value


class TestGuard:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.9", "169.254.169.254", "0.0.0.0", "100.64.0.1",
            "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
            "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:0001::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
            "2001:0:0:0:0:0:80ff:fffe", "fec0::1", "feff::1", "168.63.129.16", "::ffff:168.63.129.16",
        ],
    )  # fmt: skip
    def test_no_private_address_is_reached(self, settings, address):
        settings.DEMO = False
        assert not is_allowed(address)

    @pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "[::1]"])
    def test_no_spelling_of_this_machine_is_reached(self, settings, host):
        settings.DEMO = False
        with pytest.raises(Fault, match=r"forbidden|name"):
            addresses_of(host.strip("[]"), 443)

    def test_public_addresses_and_named_networks_are_reached(self, settings):
        settings.DEMO = False
        settings.UPSTREAM_NETWORKS = ["10.8.0.0/16", "fd00:1::/32"]
        assert [is_allowed(each) for each in ("1.1.1.1", "2606:4700::1111", "10.8.3.4", "fd00:1::5", "10.9.0.1")] == [
            True, True, True, True, False,
        ]  # fmt: skip

    def test_a_name_with_one_private_address_is_refused(self, settings, monkeypatch):
        settings.DEMO = False
        rows = [(2, 1, 6, "", (address, 443)) for address in ("1.1.1.1", "10.0.0.1")]
        monkeypatch.setattr(guard.socket, "getaddrinfo", lambda *args, **kwargs: rows)
        with pytest.raises(Fault, match="forbidden"):
            addresses_of("vtn.example.com", 443)

    def test_a_name_is_looked_up_once_for_a_connection(self, monkeypatch):
        real, asked = socket.getaddrinfo, []

        def look_up(host, *args, **kwargs):
            if host[0].isdigit():
                return real(host, *args, **kwargs)
            asked.append(host)
            return [(2, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "10.0.0.1", 0))]

        monkeypatch.setattr(guard.socket, "getaddrinfo", look_up)
        with serving(OK + b"Content-Length: 0\r\n\r\n") as (url, heard):
            assert exchange(Link(url.replace("127.0.0.1", "rebinding.example")), "OadrPoll", b"<x/>") == b""
            assert len(heard) == len(asked) == 1

    def test_plain_http_is_for_the_demonstration(self, settings):
        settings.DEMO = False
        with pytest.raises(Fault, match="plain"):
            cleaned_url("http://vtn.example.com")

    @pytest.mark.parametrize(
        "url",
        [
            "", "vtn.example.com", "ftp://x", "https://", "https://a@b/", "https://x:99999", "https://x/?a", "file:///x",
            "https://:secret@host", "https://@host", "https://.example.com", f"https://{'a' * 64}.example.com",
            "https://x/vtn-ä", "https://x/a b", "https://x/a\x7fb",
        ],
    )  # fmt: skip
    def test_what_is_no_address_is_refused(self, url):
        with pytest.raises(Fault, match="name"):
            cleaned_url(url)


class TestClient:
    def test_answers_arrive(self):
        with serving(OK + b"Content-Length: 4\r\n\r\n<ok>") as (url, heard):
            assert exchange(Link(url), "OadrPoll", b"<x/>") == b"<ok>"
        assert heard[0].startswith(b"POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\n")

    def test_redirects_are_not_followed(self):
        with serving(OK + b"Content-Length: 0\r\n\r\n") as (canary, reached):
            answer = f"HTTP/1.1 307 Go\r\nLocation: {canary}\r\nContent-Length: 0\r\n\r\n".encode()
            with serving(answer) as (url, _heard):
                fault = fault_of(url)
            assert reached == []
        assert (fault.code, fault.detail) == ("status", "307")

    def test_a_slow_drip_ends(self, monkeypatch):
        monkeypatch.setattr(client, "EXCHANGE_SECONDS", 0.3)
        began = time.monotonic()
        with serving([OK, *[b"X-A: b\r\n"] * 200], pause=0.05) as (url, _heard):
            assert fault_of(url).code == "timeout"
        assert time.monotonic() - began < 3

    def test_a_body_that_drips_ends(self, monkeypatch):
        monkeypatch.setattr(client, "EXCHANGE_SECONDS", 0.3)
        with serving([OK + b"\r\n", *[b"<a/>"] * 200], pause=0.05) as (url, _heard):
            assert fault_of(url).code == "timeout"

    def test_endless_answers_are_cut(self):
        with serving([OK + b"\r\n", *[b"a" * 65536] * 50]) as (url, _heard):
            assert fault_of(url).code == "too_large"

    def test_packed_answers_are_refused(self):
        with serving(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b") as (url, _heard):
            assert fault_of(url).code == "not_valid"

    @pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n<x"])
    def test_broken_answers_are_told_as_such(self, answer):
        with serving(answer) as (url, _heard):
            assert fault_of(url).code == "cut"

    @pytest.mark.parametrize("url", ["https://.127.0.0.1", "http://127.0.0.1:{port}/ä", "http://127.0.0.1:{port}/a b"])
    def test_an_address_that_cannot_be_asked_is_a_fault(self, monkeypatch, url):
        monkeypatch.setattr(client, "addresses_of", lambda host, port: ["127.0.0.1"])
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            monkeypatch.setitem(client.PORTS, "https", port)
            assert fault_of(url.format(port=port)).code in ("name", "cut")

    def test_dead_addresses_take_no_longer_than_one_exchange(self, monkeypatch):
        tried, clock = [], [0.0]

        def connect(address, timeout):
            tried.append(timeout)
            clock[0] += timeout
            raise TimeoutError

        monkeypatch.setattr(client, "monotonic", lambda: clock[0])
        monkeypatch.setattr(client, "addresses_of", lambda host, port: [f"1.1.1.{last}" for last in range(30)])
        monkeypatch.setattr(client.socket, "create_connection", connect)
        assert fault_of("https://vtn.example.com").code == "timeout"
        assert len(tried) <= client.MOST_ADDRESSES
        assert sum(tried) <= client.EXCHANGE_SECONDS

    def test_a_slow_look_up_counts(self, monkeypatch):
        clock = [0.0]

        def look_up(host, port):
            clock[0] += client.EXCHANGE_SECONDS
            return ["1.1.1.1"]

        monkeypatch.setattr(client, "monotonic", lambda: clock[0])
        monkeypatch.setattr(client, "addresses_of", look_up)
        assert fault_of("https://vtn.example.com").code == "timeout"

    def test_nobody_there_is_told_as_such(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        assert fault_of(f"http://127.0.0.1:{port}").code == "refused"

    def test_a_key_is_in_no_repr(self):
        assert "secret" not in repr(Link("https://x", "certificate", "secret"))


def test_every_fault_says_what_to_do():
    for code, words in FAULTS.items():
        assert str(words.what).endswith(".")
        assert str(words.to_do).endswith(".")
        found = fault_words(Fault(code, "detail").stored)
        assert found == (words, "detail")
