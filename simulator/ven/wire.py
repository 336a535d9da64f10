"""The way to a VTN: HTTP(S) with one pool of connections for all VENs of the process."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

import aiohttp

from simulator.errors import SimulatorError
from simulator.ven.config import VenConfig
from simulator.ven.reading import Incoming, read_message

_TIMEOUT = aiohttp.ClientTimeout(total=20)
_HEADERS = {"Content-Type": "application/xml"}
_MAX_BYTES = 4 * 2**20


class VtnAway(SimulatorError):
    """The VTN does not answer, or asks for patience; the same message may succeed later."""

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class VtnRefused(SimulatorError):
    """The VTN does not want this VEN, or this message."""


class NotRegistered(SimulatorError):
    """The VTN does not know this VEN, or not any more."""


class Wire:
    """Connections of one process, used as `async with Wire() as wire`. `limit` of them are open at once."""

    def __init__(self, limit: int = 50) -> None:
        # Who waits for a connection of our own has not been kept waiting by the VTN.
        self._room = asyncio.Semaphore(limit)
        self._contexts: dict[VenConfig, ssl.SSLContext | bool] = {}

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, headers=_HEADERS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, config: VenConfig, service: str, body: bytes) -> Incoming:
        """The VTN's answer to one message.

        Raises:
            VtnAway: no answer in time, or one that asks to come back later.
            VtnRefused: any other answer without success.
            BadMessage: the answer is no message.
        """
        address = f"{config.url}/{service}"
        try:
            async with self._room, self._session.post(address, data=body, ssl=self._context(config)) as answer:
                content = await _content(answer)
        except aiohttp.ClientConnectorCertificateError:
            raise VtnRefused(f"The VTN at {config.url} shows a certificate that “ca” does not vouch for.") from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise VtnAway(f"The VTN at {config.url} does not answer ({_reason(error)}).") from None
        if answer.status in {408, 425, 429} or answer.status >= 500:
            wait = answer.headers.get("Retry-After", "")
            raise VtnAway(f"The VTN answered with {answer.status}.", float(wait) if wait.isdigit() else 0.0)
        if answer.status not in {200, 201}:
            raise VtnRefused(
                f"The VTN answered {service} with {answer.status}: {content[:200].decode('utf-8', 'replace')}"
            )
        return read_message(content)

    def _context(self, config: VenConfig) -> ssl.SSLContext | bool:
        if config not in self._contexts:
            self._contexts[config] = _context(config)
        return self._contexts[config]


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    """The body, or its beginning where it is far too long for a message."""
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > _MAX_BYTES:
            answer.close()
            break
    return bytes(content)


def _context(config: VenConfig) -> ssl.SSLContext | bool:
    """The VEN's own certificate, and its trust in the VTN's alone."""
    if not config.url.startswith("https:"):
        return True
    try:
        context = ssl.create_default_context(cafile=config.ca)
        if config.certificate and config.key:
            context.load_cert_chain(config.certificate, config.key)
    except (OSError, ssl.SSLError) as error:
        raise SimulatorError(f"The certificate of {config.ven_name} cannot be used: {_reason(error)}.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
