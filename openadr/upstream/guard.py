"""Which addresses the portal may talk to, as operators of many tenants type them.

A name is looked up once, each address behind it is judged, and the connection goes to a judged address, not to the
name: a name that means something else a moment later changes nothing.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from openadr.upstream.faults import Fault
from openadr.vtn20b.names import PATH

Address = IPv4Address | IPv6Address
PORTS = {"https": 443, "http": 80}
# Public by their number, but a cloud's own services to the machines inside it.
INWARD = frozenset({ip_address("168.63.129.16")})


def cleaned_url(text: str) -> str:
    """The address of a VTN, as far as its services, without a slash at its end.

    Raises:
        Fault: "plain" for HTTP without TLS outside the demonstration, "name" for what is no address.

    >>> cleaned_url("https://vtn.example.com/")
    'https://vtn.example.com/OpenADR2/Simple/2.0b'
    """
    try:
        parts = urlsplit(text.strip())
        is_whole = bool((parts.hostname or "").encode("idna")) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise Fault("name") from None
    if not is_whole or parts.scheme not in PORTS or parts.query or parts.fragment or not _is_sendable(parts):
        raise Fault("name")
    if parts.scheme == "http" and not settings.DEMO:
        raise Fault("plain")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or PATH}"


def _is_sendable(parts: SplitResult) -> bool:
    """Whether it has neither a user nor a password, which would be stored in clear, and a path of HTTP."""
    path = parts.path
    return "@" not in parts.netloc and path.isascii() and path.isprintable() and " " not in path


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses behind a name, all of them allowed.

    Raises:
        Fault: "name" where there are none, "forbidden" where one may not be reached.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Fault("name", host) from None
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    # One that is forbidden refuses them all: whoever sets such a name means no good, or does not know.
    if not addresses or not all(is_allowed(address) for address in addresses):
        raise Fault("forbidden", host)
    return addresses


def is_allowed(text: str) -> bool:
    """Whether an address is public, or in a network that the settings name; in the demonstration this machine too.

    >>> is_allowed("169.254.169.254"), is_allowed("::ffff:10.0.0.1"), is_allowed("1.1.1.1")
    (False, False, True)
    """
    address = ip_address(text.partition("%")[0])
    inner = _inner(address)
    networks = [ip_network(name, strict=False) for name in settings.UPSTREAM_NETWORKS]
    if any(inner in network for network in networks if network.version == inner.version):
        return True
    if settings.DEMO and inner.is_loopback:
        return True
    # Some versions of Python take site-local addresses for global ones.
    is_inward = inner in INWARD or (isinstance(inner, IPv6Address) and inner.is_site_local)
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or is_inward)


def _inner(address: Address) -> Address:
    """The address that one of version 6 stands for, where it stands for one of version 4."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    # 64:ff9b::/96 leads to version 4 through a translator.
    if int(address) >> 32 == 0x64FF9B << 64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
