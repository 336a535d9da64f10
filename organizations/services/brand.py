"""A distributor's logo."""

from django.db import transaction

from accounts.audit import deed
from accounts.models import User
from organizations.images import media_type_of
from organizations.models import Distributor, DistributorLogo
from organizations.models.brand import validate_logo


@transaction.atomic
def set_logo(*, distributor: Distributor, content: bytes, by: User | None = None) -> DistributorLogo:
    """The distributor's new logo.

    Raises:
        ValidationError: It is no picture, or too large.
    """
    validate_logo(content)
    values = {
        "content": content,
        "media_type": media_type_of(content),
        "digest": DistributorLogo.digest_of(content),
    }
    with deed("distributor.logo", by=by):
        logo, _is_new = DistributorLogo.objects.update_or_create(distributor=distributor, defaults=values)
    return logo


@transaction.atomic
def clear_logo(*, distributor: Distributor, by: User | None = None) -> None:
    """Takes the logo away; pages show the portal's own mark."""
    with deed("distributor.logo", by=by):
        for logo in DistributorLogo.objects.filter(distributor=distributor):
            logo.delete()
