"""Actions on many rows: each is done or refused by itself, and the refused ones are named."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from common.constraints import explain_integrity_error
from common.errors import PortalError

# More sentences than these nobody reads; the rest is counted.
NAMED = 25


def run_each(
    model_admin: ModelAdmin,  # type: ignore[type-arg]  # not generic at run time
    request: HttpRequest,
    rows: Iterable[Any],
    act: Callable[[Any], object],
    name: Callable[[Any], str] = str,
) -> list[Any]:
    """The rows for which `act` did its work; of the others the page says which, and why not.

    A refused row leaves no trace and does not stop those after it; `name` is how a row is called.
    """
    done, refused = [], []
    for row in rows:
        label = name(row)
        try:
            with transaction.atomic():
                act(row)
        except (PortalError, ValidationError, IntegrityError) as refusal:
            refused.append(f"{label}: {sentence_of(refusal)}")
        else:
            done.append(row)
    _tell(model_admin, request, len(done), refused)
    return done


def actor(request: HttpRequest) -> User:
    """Who acts; the site lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def sentence_of(refusal: Exception) -> str:
    """A refusal in words for people."""
    if isinstance(refusal, IntegrityError):
        return explain_integrity_error(refusal)
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)


def _tell(model_admin: ModelAdmin, request: HttpRequest, done: int, refused: list[str]) -> None:  # type: ignore[type-arg]  # not generic at run time
    if done or not refused:
        model_admin.message_user(request, _("Done for %(count)d.") % {"count": done})
    for words in refused[:NAMED]:
        model_admin.message_user(request, words, level=messages.ERROR)
    if len(refused) > NAMED:
        more = _("%(count)d more were refused.") % {"count": len(refused) - NAMED}
        model_admin.message_user(request, more, level=messages.ERROR)
