"""What a browser would send back of a form it was shown."""

from html.parser import HTMLParser
from typing import Any


class _Form(HTMLParser):
    """Collects the controls of the page's forms that are sent by POST."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._select = self._textarea = ""
        self._is_post = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._is_post = given.get("method", "").lower() == "post"
        if not self._is_post:
            return
        if tag == "input" and name and _counts(given):
            self.values.setdefault(name, []).append(given.get("value", _unset(given)))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.values.setdefault(self._select, []).append(given.get("value", ""))
        elif tag == "textarea":
            self._textarea = name

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values.setdefault(self._textarea, []).append(data.strip("\n"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "form":
            self._is_post = False


def _counts(given: dict[str, str]) -> bool:
    kind = given.get("type", "text")
    if kind in ("submit", "button", "file") or "disabled" in given:
        return False
    return kind not in ("checkbox", "radio") or "checked" in given


def _unset(given: dict[str, str]) -> str:
    return "on" if given.get("type") == "checkbox" else ""


def values_of(html: str) -> dict[str, Any]:
    """Name -> values of everything that the page's forms would send."""
    form = _Form()
    form.feed(html)
    return {name: values for name, values in form.values.items() if name not in ("csrfmiddlewaretoken", "action")}
