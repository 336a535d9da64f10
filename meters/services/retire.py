"""Taking meters out of service, and back."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from meters.errors import MeterRefused
from meters.models import Meter


@transaction.atomic
def retire_meter(*, meter: Meter, by: User | None = None) -> Meter:
    """The meter, out of service from now on; its readings and holders stay as they are.

    Raises:
        MeterRefused: It is out of service already.
    """
    locked = Meter.objects.select_for_update().get(pk=meter.pk)
    if locked.retired_at is not None:
        raise MeterRefused(_("This meter is out of service already."))
    locked.retired_at = timezone.now()
    with deed("meter.retire", by=by):
        locked.save(update_fields=["retired_at"])
    return locked


@transaction.atomic
def return_meter(*, meter: Meter, by: User | None = None) -> Meter:
    """The meter, back in service.

    Raises:
        MeterRefused: It is in service.
    """
    locked = Meter.objects.select_for_update().get(pk=meter.pk)
    if locked.retired_at is None:
        raise MeterRefused(_("This meter is in service."))
    locked.retired_at = None
    with deed("meter.return", by=by):
        locked.save(update_fields=["retired_at"])
    return locked
