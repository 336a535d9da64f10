"""One reading as a JSON object: {"meter", "start", "kwh" or "wh", optionally "end" and "quality"}."""

import json
import re
from collections.abc import Mapping
from typing import Any

from meters.formats.sources import Texts

_TEXTS = ("meter", "start", "end", "quality")
_UNITS = {"kwh": "kWh", "wh": "Wh"}
_LETTERS = r'[^"\\\x00-\x1f]'
_WHOLE = r"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,18})?"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]{1,60}")
_MAX_FIELDS = 20
_GAP = r"[ \t\r\n]*"


class _Number(str):
    """A number as it was written, to be read exactly."""

    __slots__ = ()


class _Repeated(dict[str, object]):
    """An object that names a field twice: which of the two values counts is anyone's guess."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Repeated(made)


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def texts_of(row: object) -> tuple[Texts, str]:
    """The texts of one reading and the unit of its energy.

    Raises:
        ValueError: A field is missing, given twice, or not of its kind.
    """
    if not isinstance(row, Mapping):
        raise ValueError("is not an object with meter, start and kwh")
    if isinstance(row, _Repeated):
        raise ValueError("names a field twice")
    name = energy_name(row)
    missing = [each for each in ("meter", "start", name) if row.get(each) in (None, "")]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing")
    if not isinstance(row[name], str | int | float) or isinstance(row[name], bool):
        raise ValueError(f"{name} is not a number")
    texts = {each: _text(each, row.get(each)) for each in _TEXTS}
    # The text of a float is the shortest that means it: what the client wrote.
    value = str(row[name]).strip()
    return Texts(texts["meter"], texts["start"], value, texts["end"], texts["quality"]), _UNITS[name]


def energy_name(row: Mapping[str, object]) -> str:
    """Which field holds the energy: kwh, or wh.

    Raises:
        ValueError: Both are there.
    """
    if "wh" in row and "kwh" in row:
        raise ValueError("has both kwh and wh; give one of them")
    return "wh" if "wh" in row else "kwh"


def pattern_like(row: object) -> tuple[str, str] | None:
    """A pattern for rows with the very fields of this one in its order, and the name of the energy's field.

    What matches is one flat object and nothing else, so splitting at such objects is safe. None if the row is none
    to go by.
    """
    if not isinstance(row, dict) or isinstance(row, _Repeated) or len({"kwh", "wh"} & row.keys()) != 1:
        return None
    # A name with odd signs, or hundreds of them, is no pattern that every engine takes.
    if len(row) > _MAX_FIELDS or not {"meter", "start"} <= row.keys() or not all(map(_PLAIN_NAME.fullmatch, row)):
        return None
    fields = f"{_GAP},{_GAP}".join(f'"{name}"{_GAP}:{_GAP}{_value(name)}' for name in row)
    return rf"^{_GAP}\{{{_GAP}{fields}{_GAP}\}}{_GAP}$", energy_name(row)


def _value(name: str) -> str:
    if name in _UNITS:
        return f"(?P<{name}>{_WHOLE})"
    if name in _TEXTS:
        least = "+" if name in ("meter", "start") else "*"  # without these two a row is a problem
        return f'"(?P<{name}>{_LETTERS}{least})"'
    return f'(?:"{_LETTERS}*"|{_WHOLE}|true|false|null)'


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name} is not a text")
    return str(value).strip()
