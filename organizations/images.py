"""What a picture is, told by its bytes: neither its name nor what the browser says of it counts."""

import struct

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
MEDIA_TYPES = (PNG, JPEG, WEBP)
LARGEST = 200_000
# A small file may unpack to a huge picture in every visitor's browser.
LARGEST_SIDE = 2_000


def media_type_of(content: bytes) -> str | None:
    """The type of a whole PNG, JPEG or WebP file; None for anything else.

    >>> media_type_of(b"<svg onload=alert(1)>") is None
    True
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and b"IEND" in content[-12:]:
        return PNG
    if content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return JPEG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        length: int = struct.unpack("<I", content[4:8])[0]
        return WEBP if length + 8 in (len(content), len(content) - 1) else None
    return None


def size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None where the file does not say it where it must."""
    readers = {PNG: _png_size, JPEG: _jpeg_size, WEBP: _webp_size}
    kind = media_type_of(content)
    try:
        return readers[kind](content) if kind else None
    except (struct.error, IndexError):
        return None


def _png_size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    at = 2
    while content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        # SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def _webp_size(content: bytes) -> tuple[int, int] | None:
    form = content[12:16]
    if form == b"VP8X":
        width, height = content[24:27], content[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if form == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L":
        bits: int = struct.unpack("<I", content[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None
