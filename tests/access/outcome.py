"""One request of a case, undone afterwards, and what came of it in the words of docs/access.md."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from tests.access.figures import count
from tests.access.routes import Route, _template
from tests.access.watch import Change, Rows, changes, snapshot, writes
from tests.access.world import FOREIGN, PUBLIC_NAMES, AccessWorld, Visitor

SAFE = ("GET", "HEAD", "OPTIONS")
# The history goes along with nearly every change; tests/access/test_history.py speaks of it.
HISTORY = "accounts_auditentry"
# Whoever has the link has what it is for.
LINKS = ("/invite/", "/answer/", "/calendar/")


@dataclass(frozen=True)
class Outcome:
    """What somebody got; `text` is the headers and the body."""

    status: int
    location: str
    text: str
    changes: tuple[Change, ...]
    is_safe: bool
    # By their names in small letters.
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """As the table says it: a status, a place, `saves` or `nothing`."""
        if self.is_safe:
            return "CHANGES ROWS" if self.changes else self._place()
        if self.changes:
            return "saves" if self.status < 400 else f"{self.status} CHANGES ROWS"
        place = self._place()
        return "nothing" if self.status < 400 and place not in ("sign-in", "waiting page") else place

    @property
    def columns(self) -> set[str]:
        """What was changed, without the history of it."""
        return {name for change in self.changes if change.table != HISTORY for name in change.columns}

    def new(self, table: str) -> list[dict[str, Any]]:
        """The new rows of a table."""
        return [change.after for change in self.changes if change.table == table and change.after and not change.before]

    def _place(self) -> str:
        if not self.location:
            return str(self.status)
        path = self.location.partition("?")[0]
        if path in ("/accounts/login/", "/admin/login/"):
            return "sign-in"
        return "waiting page" if path == "/accounts/waiting" else _named(path)


def _named(path: str) -> str:
    try:
        return _template(resolve(path).route)
    except Resolver404:
        return path


def send(
    visitor: Visitor, before: Rows, method: str, address: str, body: dict[str, Any] | None = None, **kwargs: Any
) -> Outcome:
    """The outcome of one request; the database is as before. `kwargs` are the browser's."""
    client = visitor.client(**kwargs)
    with transaction.atomic():
        with writes() as seen:
            response = _request(client, method, address, body or {})
            text = f"{response.headers}\n{_content(response)}"
        changed = tuple(changes(before, snapshot())) if seen.tables else ()
        transaction.set_rollback(True)
    location = response.headers.get("Location", "")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Outcome(response.status_code, location, text, changed, is_safe=method in SAFE, headers=headers)


def foreign_words(
    visitor: Visitor, outcome: Outcome, address: str, *, typed: dict[str, Any] | None = None
) -> list[str]:
    """Words of a side that is not the visitor's, in anything they were sent.

    Names of distributors and organizations are public where one signs up: there one chooses one's own. A link
    that somebody was sent (an invitation, an answer, a calendar) tells what it is for to whoever has it. What the
    visitor typed may stand in its field again, and what stood in their file beside the word that it cannot be used.
    """
    count("answers searched for markers")
    pattern = None if address.startswith(LINKS) else FOREIGN.get(visitor.side)
    text = PUBLIC_NAMES.sub("", outcome.text) if address == reverse("account_signup") else outcome.text
    for value in (typed or {}).values():
        text = text.replace(f'value="{value}"', "")
        for cell in _cells(value):
            text = text.replace(cell, "")
    return [text[max(0, hit.start() - 60) : hit.end() + 30] for hit in pattern.finditer(text)] if pattern else []


def _cells(value: Any) -> list[str]:
    """The cells of a CSV file; none of anything else."""
    if not isinstance(value, SimpleUploadedFile):
        return []
    value.seek(0)
    return [cell for cell in re.split(r"[,\s]+", value.read().decode()) if cell]


def _request(client: Client, method: str, address: str, body: dict[str, Any]) -> Any:
    if method in SAFE or method == "DELETE":
        return client.generic(method, address)
    if address.startswith("/api/"):
        return client.generic(method, address, json.dumps(body), content_type="application/json")
    if method == "POST":
        return client.post(address, body)
    return client.generic(method, address, urlencode(body, True), content_type="application/x-www-form-urlencoded")


def _content(response: Any) -> str:
    whole = b"".join(response.streaming_content) if response.streaming else response.content
    return str(whole.decode("utf-8", "replace"))


def values_for(access: AccessWorld, route: Route, objects: list[str], *, side: str = "here") -> list[Any]:
    """Values of the route's parameters: the objects that the table names, of Hither unless said otherwise."""
    life = access.here if side == "here" else access.there
    return [life.rows[_model(route)] if name == "row" else life.objects.get(name, name) for name in objects]


def _model(route: Route) -> str:
    return "/".join(route.template.split("/")[2:4])
