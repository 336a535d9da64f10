"""What every page shows of the notices."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from delivery.board import unread_count


def notices(request: HttpRequest) -> dict[str, Any]:
    """`unread_notices`: how many notices the reader has not read; counted only by pages that show it."""
    user = getattr(request, "user", None)
    return {"unread_notices": SimpleLazyObject(lambda: unread_count(user) if isinstance(user, User) else 0)}
