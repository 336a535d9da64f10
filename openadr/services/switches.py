"""What an operator switches on and off of a VEN."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from openadr.errors import OpenadrError
from openadr.models import Ven, VenState
from openadr.services.changes import announce_changes


class SwitchError(OpenadrError):
    """The VEN is in no state for this."""


def set_lenient(*, ven: Ven, is_lenient: bool, by: User | None) -> None:
    """Whether messages that break the schema are taken from the VEN.

    Raises:
        SwitchError: it signs its messages, or it is revoked.
    """
    with deed("ven.lenient" if is_lenient else "ven.strict", by=by), transaction.atomic():
        row = Ven.objects.select_for_update().get(pk=ven.pk)
        if row.state == VenState.REVOKED:
            raise SwitchError(_("The VEN is revoked; enroll a new one."))
        if is_lenient and row.must_sign:
            raise SwitchError(_("What is signed is held to the schema: choose one of the two."))
        if row.is_lenient != is_lenient:
            row.is_lenient = is_lenient
            row.save(update_fields=["is_lenient"])
            announce_changes([row.pk])
