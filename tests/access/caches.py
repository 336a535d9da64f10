"""What caches on the way may keep, and what the portal's own cache keeps."""

from typing import Any

from django.core.cache.backends.locmem import LocMemCache

from tests.access.cases import Case
from tests.access.outcome import Outcome

# They say nothing of anybody: figures without data, the drawing of the API, style sheets, health.
FOR_EVERYBODY = ("/charts/figures/", "/api/docs", "/api/schema", "/healthz", "/readyz", "/brand/", "/admin/jsi18n/")
NOBODY = ("visitor", "revoked")


def is_kept_private(case: Case, outcome: Outcome) -> bool:
    """Whether no cache gives the answer to somebody else: by what it says, or since it depends on the session."""
    if case.role in NOBODY or outcome.status != 200 or case.route.template.startswith(FOR_EVERYBODY):
        return True
    headers = outcome.headers
    varies = {name.strip() for name in headers.get("vary", "").lower().split(",")}
    control = headers.get("cache-control", "")
    says = "private" in control or "no-store" in control
    return "public" not in control and (says or bool(varies & {"cookie", "authorization"}))


class NotingCache(LocMemCache):
    """A cache in memory that notes what was kept."""

    kept: set[str] = set()

    def set(self, key: str, *args: Any, **kwargs: Any) -> None:
        """As the cache's own."""
        self.kept.add(key)
        super().set(key, *args, **kwargs)

    def add(self, key: str, *args: Any, **kwargs: Any) -> bool:
        """As the cache's own."""
        self.kept.add(key)
        return bool(super().add(key, *args, **kwargs))
