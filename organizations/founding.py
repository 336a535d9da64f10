"""A new distributor and its first admin. A platform operator does this, on the machine itself."""

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from accounts.fields import normalize_email
from accounts.models import ApprovalStatus, Entity, StaffRole, User
from delivery.tenants import site_url_for
from organizations.errors import OrganizationError
from organizations.models import Distributor


class BadDistributor(OrganizationError):
    """Name, zone or currency cannot be used, or say something else than the distributor that exists."""


class AddressTaken(OrganizationError):
    """The address has an account with another role."""


@transaction.atomic
def create_distributor(
    *, name: str, timezone: str | None = None, currency: str | None = None
) -> tuple[Distributor, bool]:
    """The distributor of this name and whether it was made now.

    Args:
        timezone, currency: UTC and USD for a new one that says nothing else.

    Raises:
        BadDistributor: A value cannot be used, or the one that exists has another zone or currency.
    """
    wanted = {key: value for key, value in (("timezone", timezone), ("currency", currency)) if value}
    found = Distributor.objects.filter(name=name).first()
    if found is not None:
        for key, value in wanted.items():
            if getattr(found, key) != value:
                raise BadDistributor(f"{name} exists with the {key} {getattr(found, key)}; change it in the admin.")
        return found, False
    distributor = Distributor(name=name, **wanted)
    try:
        distributor.clean_fields(exclude=["kind", "entity"])
    except ValidationError as error:
        raise BadDistributor(" ".join(error.messages)) from error
    distributor.save()
    return distributor, True


@transaction.atomic
def make_distributor_admin(*, distributor: Distributor, email: str) -> tuple[User, bool]:
    """The distributor's approved admin with this address, verified, and whether the account was made now.

    The account has no password: its owner sets one, by `password_link` or by the mail for a forgotten one.

    Raises:
        AddressTaken: The address has an account that is no admin of this distributor.
        BadDistributor: It is no address.
    """
    try:
        validate_email(email)
    except ValidationError:
        raise BadDistributor(f"“{email[:80]}” is no e-mail address.") from None
    Entity.objects.select_for_update().get(pk=distributor.pk)
    found = User.objects.filter(email=normalize_email(email)).first()
    if found is not None:
        if found.tenant_id != distributor.pk or found.staff_role != StaffRole.ADMIN:
            raise AddressTaken(f"{found.email} has an account already that is no admin of {distributor}.")
        return found, False
    user = User.objects.create_user(
        email,
        tenant_id=distributor.pk,
        staff_role=StaffRole.ADMIN,
        approval_status=ApprovalStatus.APPROVED,
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user, True


def password_link(*, user: User) -> str:
    """A link that sets the user's password: it works once, and for as long as PASSWORD_RESET_TIMEOUT says."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    uidb36, _, token = key.partition("-")
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": uidb36, "key": token})
    return f"{site_url_for(user.tenant_id)}{path}"
