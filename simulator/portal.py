"""The portal as a partner sees it: two requests, a token, and plain words for what goes wrong."""

import json
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from simulator.errors import NotAllowed, PortalAway, PortalRefused, SimulatorError, TokenRefused

TIMEOUT_SECONDS = 30.0
MAX_READINGS = 1000
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LATER = {408, 425, 429, 500, 502, 503, 504}


class Portal:
    """A portal at `url`, spoken to with `token`.

    Raises:
        SimulatorError: the address is not HTTP(S), or would carry the token in the clear to another machine.
    """

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SimulatorError(f"“{url}” is not an address; write it as http://127.0.0.1:8000.")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise SimulatorError(f"{url} would send the token in the clear; use https for another machine.")
        self.url = url.rstrip("/")
        self._host, self._port, self._base = parts.hostname, _port(parts.port, url), parts.path.rstrip("/")
        self._connection_class = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def post_readings(self, readings: Sequence[dict[str, str]]) -> None:
        """Hands in at most 1,000 readings; the same ones twice are the portal's to recognise."""
        self._request("POST", "/api/v1/readings", {"readings": list(readings)})

    def active_events(self) -> Any:
        """The portal's list of the events now running, as it came."""
        return self._request("GET", "/api/v1/events?state=active")

    def all_events(self) -> Any:
        """The portal's list of events in every state, as it came."""
        return self._request("GET", "/api/v1/events")

    def _request(self, method: str, path: str, content: object = None) -> Any:
        """The decoded answer to one request on its own connection.

        Raises:
            PortalAway: no answer, or one that asks to come back later.
            TokenRefused: 401.
            NotAllowed: 403.
            PortalRefused: any other answer but success.
        """
        body = None if content is None else json.dumps(content)
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        connection = self._connection_class(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, self._base + path, body, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            raise PortalAway(f"The portal at {self.url} does not answer ({_reason(error)}).") from None
        finally:
            connection.close()
        self._check(method, path, response, answer)
        return _decoded(path, answer)

    def _check(self, method: str, path: str, response: HTTPResponse, answer: bytes) -> None:
        status = response.status
        if 200 <= status < 300:
            return
        said = f"The portal answered {method} {path} with {status}"
        if status == 401:
            raise TokenRefused("The portal does not accept the token (401): wrong, expired or withdrawn.")
        if status == 403:
            raise NotAllowed(f"The portal does not allow {method} {path} with this token (403).")
        if status in _LATER:
            raise PortalAway(f"{said}.", _wait_seconds(response))
        raise PortalRefused(f"{said}: {answer[:300].decode('utf-8', 'replace')}")


def _port(port: int | None, url: str) -> int:
    return port or (443 if url.startswith("https:") else 80)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _wait_seconds(response: HTTPResponse) -> float:
    text = response.getheader("Retry-After", "")
    return float(text) if text.isdigit() else 0.0


def _decoded(path: str, answer: bytes) -> Any:
    try:
        return json.loads(answer) if answer else None
    except ValueError:
        raise PortalRefused(f"The portal's answer to {path} is not JSON.") from None
