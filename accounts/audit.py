"""Naming the deed that a change is part of, for the change history.

Rows of the models that each room registers with django-auditlog get an entry whenever they change. A service
wraps its writes in `deed`, so that the entries say what was done, by whom and why; what changes no row is
written by `record`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from auditlog import get_logentry_model
from django.db.models import Model

if TYPE_CHECKING:
    from accounts.models import AuditEntry, User


@dataclass(frozen=True)
class Deed:
    """What is being done: the act ("member.approve"), who does it, why, and within which organization."""

    act: str = ""
    by_id: int | None = None
    reason: str = ""
    organization_id: int | None = None
    acting_as_id: int | None = None


_current: ContextVar[Deed | None] = ContextVar("deed", default=None)


def current_deed() -> Deed | None:
    """The innermost deed that is under way."""
    return _current.get()


@contextmanager
def deed(act: str, *, by: "User | None" = None, reason: str = "", organization_id: int | None = None) -> Iterator[None]:
    """Entries written inside carry this act; what is left out is that of the deed around it.

    A deed within a deed keeps the outer act: approving a request *is* what the person did, that a service below
    approved an account is how.
    """
    outer = _current.get() or Deed()
    inner = replace(
        outer,
        act=outer.act or act,
        by_id=outer.by_id or (by.pk if by is not None else None),
        reason=outer.reason or reason,
        organization_id=outer.organization_id or organization_id,
    )
    token = _current.set(inner)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def acting_as(user_id: int) -> Iterator[None]:
    """Entries written inside say whom the actor acts as."""
    token = _current.set(replace(_current.get() or Deed(), acting_as_id=user_id))
    try:
        yield
    finally:
        _current.reset(token)


def record(
    act: str,
    *,
    target: Model,
    by: "User | None" = None,
    reason: str = "",
    organization_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> "AuditEntry":
    """The entry of a deed that changes no row of a registered model, such as a download or an acting as."""
    log = get_logentry_model()
    with deed(act, by=by, reason=reason, organization_id=organization_id):
        entry: AuditEntry = log.objects.log_create(
            target, force_log=True, action=log.Action.ACCESS, additional_data=details
        )
        return entry


def hidden(value: str) -> str:
    """What the history keeps of a personal value: that there was one (auditlog's mask)."""
    return "…" if value and value != "None" else ""


def told_changes(instance: Model, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes worth telling: of the row's own columns, and not from nothing to nothing."""
    own = {field.name for field in (*instance._meta.concrete_fields, *instance._meta.many_to_many)}
    nothing = ("None", "", None)
    return {
        name: change
        for name, change in changes.items()
        if name in own and not (isinstance(change, list | tuple) and all(value in nothing for value in change))
    }


def name_of(instance: Model) -> str:
    """How the history names a row: `audit_name` for rows that would name a person, else their text."""
    return str(getattr(instance, "audit_name", "") or instance)


def scope_of(instance: Model) -> tuple[int | None, int | None]:
    """The ids of the distributor and of the organization whose history a change belongs to.

    A model says it by `audit_scope`; else it is read from its own `tenant_id` or `distributor_id`, and
    `organization_id`.
    """
    said = getattr(instance, "audit_scope", None)
    if said is not None:
        tenant_id, organization_id = said
        return tenant_id, organization_id
    tenant_id = getattr(instance, "tenant_id", None) or getattr(instance, "distributor_id", None)
    # A platform operator has none; 0 would be no key.
    return tenant_id or None, getattr(instance, "organization_id", None)
