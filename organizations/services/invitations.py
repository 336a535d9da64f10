"""Inviting people into an organization, and what happens when they open the link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.fields import normalize_email, validate_ascii
from accounts.limits import allow
from accounts.models import ApprovalStatus, Entity, User
from accounts.services import set_approval
from common.constraints import explain_integrity_error
from common.retry import retried
from organizations.errors import AccountExists, CannotInvite, CannotJoin, InvitationGone, OrganizationError
from organizations.models import (
    Invitation,
    InvitationState,
    Membership,
    MembershipRole,
    Organization,
    OrganizationRequest,
    RequestState,
)
from organizations.notices import mail_invitation, tell_all
from organizations.services.members import admins_of

# Mails that one organization may cause in a day: enough for two full files.
PER_DAY = 1000
# Of them to one address: renewed and withdrawn ones count, as each is a mail to somebody who did not ask for it.
PER_ADDRESS = 5


@dataclass(frozen=True)
class Guest:
    """Whom to invite, and as what."""

    email: str
    role: str = MembershipRole.MEMBER
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one address: `refusal` is empty where the invitation is on its way."""

    email: str
    refusal: str = ""


def invite_many(*, organization: Organization, guests: Sequence[Guest], by: User) -> list[Outcome]:
    """One outcome per guest, in their order; one that is refused does not stop the others."""
    outcomes = []
    for guest in guests:
        try:
            invite(organization=organization, guest=guest, by=by)
        except OrganizationError as refusal:
            outcomes.append(Outcome(guest.email, str(refusal)))
        else:
            outcomes.append(Outcome(guest.email))
    return outcomes


@transaction.atomic
def invite(*, organization: Organization, guest: Guest, by: User) -> Invitation:
    """The invitation, whose mail is on its way. An unused one to the same address is renewed: its old link ends.

    Whether the address has an account elsewhere changes nothing here, so that nobody can find out by inviting.

    Raises:
        CannotInvite: It is no address, or belongs to the organization already, or the day's mails are used up.
    """
    email = checked_address(guest.email)
    Entity.objects.select_for_update().get(pk=organization.pk)
    _refuse_known(organization, email)
    if sent_today(organization) >= PER_DAY:
        raise CannotInvite(_("Your organization has sent as many invitations as a day allows. Go on tomorrow."))
    if not allow("invitation-address", f"{organization.pk}:{email}", amount=PER_ADDRESS, seconds=24 * 3600):
        raise CannotInvite(_("This address got several invitations today. Try again tomorrow."))
    unused = Invitation.objects.unused().filter(organization=organization, email=email).first()
    invitation = unused or Invitation(organization=organization, email=email)
    invitation.role = guest.role
    # One line each: they stand in a mail, where a further line could pass for ours.
    names = (" ".join(name.split())[:50] for name in (guest.first_name, guest.last_name))
    invitation.first_name, invitation.last_name = names
    return _send(invitation, by=by)


def checked_address(text: str) -> str:
    """The address in its one spelling.

    Raises:
        CannotInvite: It is none.
    """
    email = normalize_email(text)
    try:
        validate_email(email)
        validate_ascii(email)
    except ValidationError as fault:
        raise CannotInvite(" ".join(fault.messages)) from None
    if len(email) > 254:
        raise CannotInvite(_("This address is too long."))
    return email


def _refuse_known(organization: Organization, email: str) -> None:
    known = Membership.objects.filter(organization=organization, user__email=email).select_related("user").first()
    if known is None:
        return
    if known.user.approval_status == ApprovalStatus.APPROVED:
        raise CannotInvite(_("This person belongs to the organization already."))
    raise CannotInvite(_("This person has asked to join. You find them under Approvals."))


def sent_today(organization: Organization) -> int:
    """How many invitations the organization sent in the last 24 hours, as far as they are its newest."""
    since = timezone.now() - timedelta(days=1)
    return Invitation.objects.filter(organization=organization, created_at__gte=since).count()


def _send(invitation: Invitation, *, by: User) -> Invitation:
    token, now = Invitation.new_token(), timezone.now()
    invitation.digest, invitation.invited_by = Invitation.digest_of(token), by
    invitation.created_at, invitation.expires_at = now, now + Invitation.LIFETIME
    with deed("invitation.sent", by=by, organization_id=invitation.organization_id):
        invitation.save()
    mail_invitation(invitation=invitation, token=token)
    return invitation


@transaction.atomic
def resend_invitation(*, invitation: Invitation, by: User) -> Invitation:
    """Sends a new link, which is valid from now on; the old one ends.

    Raises:
        InvitationGone: It was accepted or withdrawn.
        CannotInvite: The day's mails are used up.
    """
    locked = _lock(invitation)
    guest = Guest(locked.email, locked.role, locked.first_name, locked.last_name)
    return invite(organization=locked.organization, guest=guest, by=by)


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User) -> None:
    """Ends an invitation that was not used; its link opens nothing from now on.

    Raises:
        InvitationGone: It was accepted or withdrawn already.
    """
    locked = _lock(invitation)
    locked.withdrawn_at = timezone.now()
    with deed("invitation.withdrawn", by=by, organization_id=locked.organization_id):
        locked.save(update_fields=["withdrawn_at"])


def forget_invitations(*, user: User) -> None:
    """Takes address and name of a person whose account is being closed out of the invitations to them."""
    to_them = Invitation.objects.filter(Q(email=user.email) | Q(accepted_by=user))
    to_them.filter(accepted_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())
    to_them.update(email=f"closed-{user.pk}@closed.invalid", first_name="", last_name="")


def open_invitation(token: str) -> Invitation:
    """The invitation that the link opens.

    Raises:
        InvitationGone: There is none, or it cannot be used any more. One query, whatever the answer.
    """
    known = Invitation.objects.select_related("organization__distributor", "invited_by")
    invitation = known.filter(digest=Invitation.digest_of(token)).first()
    state = invitation.state_at(timezone.now()) if invitation is not None else None
    if invitation is None or state != InvitationState.OPEN:
        raise InvitationGone(_gone_words(state))
    return invitation


def _gone_words(state: InvitationState | None) -> str:
    if state == InvitationState.ACCEPTED:
        return _("This invitation was used. If it was you, sign in.")
    if state == InvitationState.EXPIRED:
        return _("This invitation has expired. Ask the person who invited you for a new one.")
    if state == InvitationState.WITHDRAWN:
        return _("This invitation was withdrawn. If you think that is a mistake, ask the person who invited you.")
    return _("This invitation is not valid. Check that you opened the whole link of the newest mail.")


def _lock(invitation: Invitation) -> Invitation:
    """The unused invitation as it is now, locked; the organization first, as everywhere."""
    Entity.objects.select_for_update().get(pk=invitation.organization_id)
    Invitation.objects.select_for_update().filter(pk=invitation.pk).first()
    locked = Invitation.objects.select_related("organization__distributor").filter(pk=invitation.pk).first()
    now = timezone.now()
    state = locked.state_at(now) if locked is not None else None
    if locked is None or state in (InvitationState.ACCEPTED, InvitationState.WITHDRAWN):
        raise InvitationGone(_gone_words(state))
    return locked


def _lock_open(token: str) -> Invitation:
    locked = _lock(open_invitation(token))
    # A new link was sent between the look and the lock.
    if locked.digest != Invitation.digest_of(token):
        raise InvitationGone(_gone_words(None))
    return locked


@retried
@transaction.atomic
def accept_invitation(*, token: str, user: User) -> Membership:
    """The membership of somebody with an account who proved its password and opened the link.

    Raises:
        InvitationGone: The link opens nothing (any more).
        CannotJoin: The account is not the invited one, or may not join; the sentence says why.
    """
    invitation = _lock_open(token)
    fresh = User.objects.select_for_update().get(pk=user.pk)
    _refuse_account(invitation, fresh)
    with deed("invitation.accepted", by=fresh, organization_id=invitation.organization_id):
        return _join(invitation, fresh)


@retried
@transaction.atomic
def sign_up_invited(*, token: str, first_name: str, last_name: str, password: str) -> User:
    """The new member. The link went to the address and nowhere else, so the address is proved by it.

    Raises:
        InvitationGone: The link opens nothing (any more).
        AccountExists: The address has an account; its owner signs in instead.
    """
    invitation = _lock_open(token)
    if User.objects.filter(email=invitation.email).exists():
        raise _account_exists()
    fields = {"first_name": first_name, "last_name": last_name, "tenant_id": invitation.organization.distributor_id}
    with deed("invitation.accepted", organization_id=invitation.organization_id):
        try:
            with transaction.atomic():
                user = User.objects.create_user(invitation.email, password, **fields)
        except IntegrityError:
            raise _account_exists() from None
        with deed("invitation.accepted", by=user):
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            _join(invitation, user)
    return user


def _account_exists() -> AccountExists:
    return AccountExists(_("You have an account with this address already. Sign in with it."))


def _refuse_account(invitation: Invitation, user: User) -> None:
    organization = invitation.organization
    if user.email != invitation.email:
        words = _("You are signed in as %(email)s. The invitation is for another address.")
        raise CannotJoin(words % {"email": user.email})
    if user.tenant_id != organization.distributor_id:
        raise CannotJoin(_("Your account belongs to another distributor. An account stays with its distributor."))
    if user.is_superuser or user.staff_role:
        raise CannotJoin(_("Somebody who works for the distributor cannot join an organization."))
    membership = Membership.objects.filter(user=user).select_related("organization").first()
    if membership is not None and membership.organization_id != organization.pk:
        words = _("You belong to %(name)s. Leave it first; one account belongs to one organization.")
        raise CannotJoin(words % {"name": membership.organization.name})
    if not user.is_active or (membership is None and user.approval_status == ApprovalStatus.REJECTED):
        raise CannotJoin(_("Your account is closed. Only your distributor can open it again."))
    if OrganizationRequest.objects.filter(person=user, state=RequestState.PENDING).exists():
        raise CannotJoin(_("You have asked to register an organization. Withdraw that request first."))


def _join(invitation: Invitation, user: User) -> Membership:
    try:
        with transaction.atomic():
            membership, _is_new = Membership.objects.get_or_create(
                user=user, defaults={"organization": invitation.organization}
            )
    except IntegrityError as refusal:
        raise CannotJoin(explain_integrity_error(refusal)) from None
    set_approval(user=user, status=ApprovalStatus.APPROVED, by=invitation.invited_by)
    membership.decided_at, membership.decided_by = timezone.now(), invitation.invited_by
    membership.refusal_reason = ""
    # Whoever joins later starts as a member, in the database too.
    if invitation.role == MembershipRole.ADMIN:
        membership.role = MembershipRole.ADMIN
    membership.save(update_fields=["decided_at", "decided_by", "refusal_reason", "role"])
    invitation.accepted_at, invitation.accepted_by = membership.decided_at, user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    tell_all(
        users=admins_of(invitation.organization, besides=membership),
        letter="accepted",
        about=f"invitation:{invitation.pk}",
        name=user.get_full_name(),
        email=user.email,
        organization=invitation.organization.name,
    )
    return membership
