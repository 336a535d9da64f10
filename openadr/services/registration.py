"""Registering VENs: what EiRegisterParty does to the database, and what operators ask of a VEN."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.retry import retried
from openadr.errors import NotKnown, UnknownRegistration, WrongVenState
from openadr.ids import new_id
from openadr.models import Report, ReportRequest, RequestState, Ven, VenState
from openadr.selectors import allowed
from openadr.services.changes import announce_changes
from openadr.services.deliveries import deliver_vens

__all__ = [
    "Registration",
    "ask_to_cancel",
    "ask_to_reregister",
    "cancel_registration",
    "confirm_cancelled",
    "note_our_reports",
    "register_ven",
    "registration_of",
    "ven_named",
]


@dataclass(frozen=True)
class Registration:
    """What a VEN is told of its registration; `registration_id` is empty while it has none."""

    ven_id: str
    registration_id: str
    poll_seconds: int


def registration_of(*, ven_pk: int) -> Registration:
    """How a VEN stands, for who asks before registering."""
    return _told(Ven.objects.get(pk=ven_pk))


def ven_named(*, name: str) -> int:
    """The key of the one VEN enrolled under this name; only for the open demonstration, which asks no certificate.

    Raises:
        NotKnown: There is none, several distributors have one, or it was cut off.
    """
    found = list(Ven.objects.filter(allowed(), name=name).values_list("pk", "name")[:2])
    if len(found) != 1 or found[0][1] != name:
        raise NotKnown("no VEN of this name")
    return int(found[0][0])


@retried
def register_ven(*, ven_pk: int, registration_id: str = "", said: Mapping[str, Any]) -> Registration:
    """The VEN's registration: the one it has, else a new one. Registering again changes only what it says of itself.

    Args:
        registration_id: the one it believes to have; empty for who registers anew, also after a lost answer.
        said: what it tells of itself: name, profile, transport, whether it only reports, whether it signs.

    Raises:
        UnknownRegistration: It names a registration that it does not have.
        NotKnown: It was revoked meanwhile.
    """
    with transaction.atomic():
        ven = _locked(ven_pk)
        if registration_id and registration_id != ven.registration_id:
            raise UnknownRegistration(_("This registration is not known; register without an ID."))
        _register(ven, dict(said), timezone.now())
    return _told(ven)


@retried
def cancel_registration(*, ven_pk: int, registration_id: str) -> None:
    """Ends a registration because the VEN asks; its reports end with it. Again, where it has none, changes nothing.

    Raises:
        UnknownRegistration: It names another one.
    """
    with transaction.atomic():
        ven = _locked(ven_pk)
        if ven.state == VenState.ENROLLED and ven.registration_id is None:
            return
        if registration_id != ven.registration_id:
            raise UnknownRegistration(_("This registration is not known."))
        with deed("ven.cancelled"):
            _unregister(ven, forget=True)


@retried
def ask_to_cancel(*, ven: Ven, by: User | None = None) -> None:
    """Ends a registration because the operator wants it so. From now on nothing else is served to the VEN.

    It is told at its next poll, until it confirms; it may register again, as long as it is not revoked.

    Raises:
        WrongVenState: It is not registered.
    """
    with transaction.atomic(), deed("ven.cancelled", by=by):
        row = _locked(ven.pk)
        if row.state != VenState.REGISTERED:
            raise WrongVenState(_("This VEN is not registered."))
        _unregister(row, forget=False)


@retried
def confirm_cancelled(*, ven_pk: int) -> None:
    """The VEN took note that its registration was cancelled."""
    with transaction.atomic():
        ven = _locked(ven_pk)
        if ven.state == VenState.ENROLLED and ven.registration_id is not None:
            ven.registration_id = None
            ven.save(update_fields=["registration_id"])
            announce_changes([ven.pk])


@retried
def ask_to_reregister(*, ven: Ven, by: User | None = None) -> None:
    """Has a registered VEN register again at its next poll, with all its reports.

    Raises:
        WrongVenState: It is not registered.
    """
    with transaction.atomic(), deed("ven.reregistration_asked", by=by):
        row = _locked(ven.pk)
        if row.state != VenState.REGISTERED:
            raise WrongVenState(_("This VEN is not registered."))
        row.must_reregister = True
        row.save(update_fields=["must_reregister"])
        announce_changes([row.pk])


@retried
def note_our_reports(*, ven_pk: int) -> None:
    """The VEN was told which reports the VTN offers: none."""
    with transaction.atomic():
        if Ven.objects.filter(pk=ven_pk, knows_our_reports=False).update(knows_our_reports=True):
            announce_changes([ven_pk])


def _locked(ven_pk: int) -> Ven:
    ven: Ven = Ven.objects.select_for_update().get(pk=ven_pk)
    if ven.state == VenState.REVOKED:
        raise NotKnown("revoked")
    return ven


def _told(ven: Ven) -> Registration:
    is_registered = ven.state == VenState.REGISTERED
    return Registration(ven.ven_id, (ven.registration_id or "") if is_registered else "", ven.poll_seconds)


def _register(ven: Ven, said: dict[str, Any], at: datetime) -> None:
    is_new = ven.state != VenState.REGISTERED
    if not is_new and ven.said == said and not ven.must_reregister and ven.knows_our_reports is False:
        return  # the same again, perhaps because the answer was lost
    if is_new:
        ven.state, ven.registered_at, ven.registration_id = VenState.REGISTERED, at, new_id("registration")
    is_listener = [not each.get("is_report_only") for each in (ven.said, said)]
    ven.said, ven.must_reregister, ven.knows_our_reports = said, False, False
    with deed("ven.registered"):
        ven.save(
            update_fields=[
                "state", "registered_at", "registration_id", "said", "must_reregister", "knows_our_reports",
            ]
        )  # fmt: skip
    if is_listener[0] != is_listener[1]:
        deliver_vens([ven.pk])
    announce_changes([ven.pk])


def _unregister(ven: Ven, *, forget: bool) -> None:
    """Back to enrolled; the number of the registration stays until the VEN knows of it, unless it is forgotten."""
    ven.state, ven.registered_at, ven.must_reregister, ven.knows_our_reports = VenState.ENROLLED, None, False, False
    ven.registration_id = None if forget else ven.registration_id
    ven.save(update_fields=["state", "registered_at", "must_reregister", "knows_our_reports", "registration_id"])
    open_requests = ReportRequest.objects.filter(report__ven=ven).exclude(state=RequestState.ENDED)
    open_requests.update(state=RequestState.ENDED)
    Report.objects.filter(ven=ven, ended_at__isnull=True).update(ended_at=timezone.now())
    announce_changes([ven.pk])
