"""One exchange with a VTN: a POST with an end in time and size, to a judged address; redirects are not followed."""

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from threading import Timer
from time import monotonic
from urllib.parse import urlsplit

from openadr.upstream.faults import Fault
from openadr.upstream.guard import PORTS, addresses_of
from openadr.upstream.tls import check_pin, context_for
from openadr.vtn20b.safe import MAX_BYTES

CONNECT_SECONDS = 5.0
# Of a name with more addresses the first ones are tried.
MOST_ADDRESSES = 4
# For a whole exchange, from the look-up of the name to the last byte, however slowly it drips.
EXCHANGE_SECONDS = 15.0
OK = (200, 204)
# Alerts with which a server refuses the certificate that it was shown, or that it was shown none.
_REFUSES_OURS = ("ALERT_", "CERTIFICATE_REQUIRED", "UNKNOWN_CA", "BAD_CERTIFICATE")


@dataclass(frozen=True)
class Link:
    """Where a VTN is, and how both ends prove themselves; `key` in clear, so that this is never stored or logged."""

    url: str
    certificate: str = ""
    key: str = ""
    ca: str = ""
    fingerprint: str = ""

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The TLS of all its exchanges."""
        return context_for(certificate=self.certificate, key=self.key, ca=self.ca, is_pinned=bool(self.fingerprint))

    def __repr__(self) -> str:
        return f"Link({self.url})"


def exchange(link: Link, service: str, body: bytes) -> bytes:
    """What the VTN answers to a message; empty where it has nothing to say.

    Raises:
        Fault: it did not work; the code says how.
    """
    parts = urlsplit(f"{link.url}/{service}")
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    end_at = monotonic() + EXCHANGE_SECONDS
    sock = _connected(host, parts.port or PORTS[parts.scheme], end_at)
    end = _End(sock, end_at - monotonic())
    try:
        if is_tls:
            sock = link.context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
            end.watch(sock)
            _secure(sock, link.fingerprint)
        answer = _asked(sock, parts.netloc, parts.path, body)
    except (HTTPException, OSError) as problem:
        raise Fault("timeout") if end.has_come else _fault_of(problem) from None
    except ValueError:  # a name or path that was stored before such were refused
        raise Fault("name", host) from None
    finally:
        end.cancel()
        sock.close()
    if end.has_come:
        raise Fault("timeout")
    return answer


class _End:
    """Shuts a socket when its time is over, whatever it waits for then."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.has_come = False
        self._sock = sock
        self._timer = Timer(max(seconds, 0.0), self._come)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, sock: "ssl.SSLSocket") -> None:
        """Goes on with the socket that has taken the place of the first one."""
        self._sock = sock
        if self.has_come:
            self._come()

    def _come(self) -> None:
        self.has_come = True
        with suppress(OSError):  # it is closed by now
            self._sock.shutdown(socket.SHUT_RDWR)

    def cancel(self) -> None:
        self._timer.cancel()


def _connected(host: str, port: int, end_at: float) -> socket.socket:
    """A socket to the first of its addresses that takes one, as long as there is time."""
    problem = Fault("refused")
    for address in addresses_of(host, port)[:MOST_ADDRESSES]:
        left = end_at - monotonic()
        if left <= 0:
            raise Fault("timeout")
        try:
            return socket.create_connection((address, port), timeout=min(CONNECT_SECONDS, left))
        except TimeoutError:
            problem = Fault("timeout")
        except OSError:
            problem = Fault("refused")
    raise problem


def _secure(sock: ssl.SSLSocket, fingerprint: str) -> None:
    sock.do_handshake()
    if fingerprint:
        check_pin(sock, fingerprint)


def _fault_of(problem: Exception) -> Fault:
    """With TLS 1.3 a server refuses our certificate only after the handshake, as what is read first."""
    if isinstance(problem, TimeoutError):
        return Fault("timeout")
    if isinstance(problem, ssl.SSLCertVerificationError):
        return Fault("untrusted", problem.verify_message)
    reason = getattr(problem, "reason", None) or ""
    if isinstance(problem, ssl.SSLError) and any(sign in reason for sign in _REFUSES_OURS):
        return Fault("own_certificate", reason)
    return Fault("cut", reason)


def _asked(sock: socket.socket, host: str, path: str, body: bytes) -> bytes:
    wire = HTTPConnection(host)
    wire.sock = sock
    sock.settimeout(EXCHANGE_SECONDS)
    # Packed answers could unfold to anything.
    headers = {"Content-Type": "application/xml", "Accept-Encoding": "identity", "Connection": "close"}
    wire.request("POST", path, body, headers)
    answer = wire.getresponse()
    if answer.status not in OK:
        raise Fault("status", str(answer.status))
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Fault("not_valid", "it is packed")
    said = answer.read(MAX_BYTES + 1)
    if len(said) > MAX_BYTES:
        raise Fault("too_large")
    if answer.length:  # it promised more
        raise Fault("cut")
    return said
