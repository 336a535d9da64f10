"""Under which name and address a distributor's mails leave."""

from email.headerregistry import Address

from organizations.models import Distributor
from organizations.models.brand import validate_header


def sender_of(tenant_id: int) -> str | None:
    """The From of the distributor's mails; None for the portal's own.

    Validated once more: a line break that got into the row by another way than a form would begin a header.
    """
    found = Distributor.objects.filter(pk=tenant_id).values_list("sender_name", "sender_email", "name").first()
    if found is None or not found[1]:
        return None
    name, email, own_name = found
    for text in (name or own_name, email):
        validate_header(text)
    return str(Address(display_name=name or own_name, addr_spec=email))
