"""Points as the first system wrote them."""

import re
import struct
from decimal import Decimal

_WKT = re.compile(r"\s*POINT\s*\(\s*([-+0-9.eE]+)\s+([-+0-9.eE]+)\s*\)\s*", re.IGNORECASE)
# MySQL puts four bytes of the reference system before the well-known binary of a point.
_LENGTH = 25
_MICRODEGREE = Decimal("0.000001")

Point = tuple[Decimal, Decimal]


def point_of(text: str | None) -> Point | None:
    """The two numbers of a point in well-known text, in hex or in raw bytes; None for none.

    Raises:
        ValueError: It is no point.

    >>> point_of("POINT(-73.2 44.5)")
    (Decimal('-73.200000'), Decimal('44.500000'))
    """
    if not text:
        return None
    match = _WKT.fullmatch(text)
    if match:
        return _decimal(float(match.group(1))), _decimal(float(match.group(2)))
    try:
        raw = bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode("utf-8", "surrogateescape")
    except ValueError:
        raw = b""
    if len(raw) != _LENGTH or raw[4] not in (0, 1):
        raise ValueError(f"“{text[:40]}” is no point")
    order = "<" if raw[4] else ">"
    kind, first, second = struct.unpack(f"{order}Idd", raw[5:])
    if kind != 1:
        raise ValueError(f"“{text[:40]}” is no point")
    return _decimal(first), _decimal(second)


def latitude_first(points: list[Point]) -> bool:
    """Whether the first numbers must be latitudes: some second one is too large for it, and no first one is."""
    return any(abs(second) > 90 for _first, second in points) and all(abs(first) <= 90 for first, _second in points)


def _decimal(value: float) -> Decimal:
    if not -180 <= value <= 180:
        raise ValueError(f"{value} is no degree")
    return Decimal(value).quantize(_MICRODEGREE)
