"""Sessions that Redis holds a copy of, which opens nothing until the database says that it still holds.

Redis may be away while a session ends, and come back with the copy of before: by a break in the network, or from its
own disk. So the person of a session is looked up together with the session's row, in the one query that every request
makes anyway, and a copy that is not what the row says is not used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore
from django.contrib.sessions.backends.db import SessionStore as RowStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.core.cache.backends.base import BaseCache
from django.db.models import Exists
from django.utils import timezone


class SessionStore(CachedStore):
    """The copy is the signed text of the row: what somebody else writes into Redis is neither run nor believed.

    Attributes:
        unconfirmed: the copy that was read, while nobody has asked the database for it.
    """

    cache_key_prefix = "session:"
    _cache: BaseCache

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.unconfirmed: str | None = None
        self._written = ""

    def load(self) -> dict[str, Any]:
        """What the copy says, else the row."""
        kept = self._cache.get(self.cache_key)
        if not isinstance(kept, str):
            return self._load_row()
        self.unconfirmed = kept
        copied: dict[str, Any] = self.decode(kept)
        return copied

    def read_row(self) -> None:
        """What the session says from now on is what its row says; without a row it is empty and has no key."""
        self._session_cache = self._load_row()

    def _load_row(self) -> dict[str, Any]:
        self.unconfirmed = None
        row = self._get_session_from_db()  # type: ignore[attr-defined]  # of Django, without a stub
        if row is None:
            return {}
        self._cache.set(self.cache_key, row.session_data, self.get_expiry_age(expiry=row.expire_date))
        said: dict[str, Any] = self.decode(row.session_data)
        return said

    def exists(self, session_key: str) -> bool:
        """Whether there is a row."""
        return RowStore.exists(self, session_key)

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row; its text is signed anew each time, so the copy takes it from here."""
        row = super().create_model_instance(data)
        self._written = row.session_data
        return row

    def save(self, must_create: bool = False) -> None:
        """Writes the row, then the copy."""
        RowStore.save(self, must_create)
        self._cache.set(self.cache_key, self._written, self.get_expiry_age())
        self.unconfirmed = None

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)


_asking: ContextVar[SessionStore | None] = ContextVar("session_that_asks", default=None)


@contextmanager
def confirming(session: SessionBase) -> Iterator[None]:
    """Whoever is looked up within is looked up together with the row of this session."""
    token = _asking.set(session if isinstance(session, SessionStore) else None)
    try:
        yield
    finally:
        _asking.reset(token)


def copy_to_confirm() -> SessionStore | None:
    """The session whose person is looked up now, if what it says is only a copy."""
    session = _asking.get()
    return session if session is not None and session.unconfirmed is not None else None


def row_is_as(session: SessionStore) -> Exists:
    """The condition that the session's row lives and says what its copy says."""
    rows = Session.objects.filter(session_key=session.session_key, session_data=session.unconfirmed)
    return Exists(rows.filter(expire_date__gt=timezone.now()))
