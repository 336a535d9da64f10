"""The addresses of the portal, read from its URL configuration."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, get_resolver

_CONVERTER = re.compile(r"<(?:[^>:]+:)?([^>]+)>")


@dataclass(frozen=True)
class Route:
    """One pattern; `template` is its address with the names of its parameters: `/meters/<pk>`."""

    template: str
    name: str
    is_csrf_exempt: bool

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters, in order."""
        return _CONVERTER.findall(self.template)

    def address(self, values: list[Any]) -> str:
        """The address with these values."""
        remaining = iter(values)
        return _CONVERTER.sub(lambda _: str(next(remaining)), self.template)


@cache
def all_routes() -> tuple[Route, ...]:
    """Every route, named or not, once."""
    return tuple(dict.fromkeys(_walk(get_resolver(), "", "")))


def _walk(resolver: Any, prefix: str, space: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        text = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            exempt = bool(getattr(entry.callback, "csrf_exempt", False))
            yield Route(_template(text), space + (entry.name or ""), exempt)
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _walk(entry, text, inner)


def _template(pattern: str) -> str:
    """The address that people read, out of converters and regular expressions.

    >>> _template("meters/<int:pk>/readings.csv")
    '/meters/<pk>/readings.csv'
    """
    if "(?P<" in pattern:
        plain = re.sub(r"(?<=/)\^", "", pattern)
        return str(simplify_regex(plain)).replace("\\", "")
    return "/" + _CONVERTER.sub(r"<\1>", pattern)
