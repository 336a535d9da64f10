"""What people ask for: an organization of their own, and taking a request back."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import ApprovalStatus, Entity, StaffRole, User
from accounts.services import set_approval
from organizations.errors import NameTaken, NothingToWithdraw, RequestDecided
from organizations.models import Distributor, Membership, Organization, OrganizationRequest, RequestState
from organizations.notices import tell, tell_all


@transaction.atomic
def request_organization(
    *, person: User, distributor: Distributor, name: str, message: str = ""
) -> OrganizationRequest:
    """The request, which waits until the person proved the address and the distributor decides."""
    with deed("organization.requested", by=person):
        return OrganizationRequest.objects.create(
            person=person, distributor=distributor, name=" ".join(name.split()), message=message.strip()
        )


def announce_organization_request(*, request: OrganizationRequest) -> None:
    """Tells the distributor's admins that somebody with a verified address waits for them; once."""
    admins = User.objects.filter(
        tenant_id=request.distributor_id,
        staff_role=StaffRole.ADMIN,
        approval_status=ApprovalStatus.APPROVED,
        is_active=True,
    )
    tell_all(
        users=admins,
        letter="organization_request",
        about=f"organization:{request.pk}",
        name=request.person.get_full_name(),
        email=request.person.email,
        organization=request.name,
        message=request.message,
    )


@transaction.atomic
def approve_request(*, request: OrganizationRequest, by: User) -> Organization:
    """The new organization; the person is its first member, so its admin, and approved with that.

    Raises:
        NameTaken: The distributor has an organization of that name.
        RequestDecided: Somebody answered meanwhile, or it was withdrawn.
    """
    locked = _lock(request)
    same_name = Organization.objects.filter(distributor_id=locked.distributor_id, name__iexact=locked.name)
    if same_name.exists():
        raise _name_taken(locked)
    with deed("organization.created", by=by):
        try:
            with transaction.atomic():
                organization = Organization.objects.create(distributor_id=locked.distributor_id, name=locked.name)
        except IntegrityError:
            raise _name_taken(locked) from None
        with deed("organization.created", by=by, organization_id=organization.pk):
            locked.organization = organization
            _close(locked, RequestState.APPROVED, by)
            Membership.objects.create(user=locked.person, organization=organization)
    tell(user=locked.person, letter="created", name=locked.person.get_short_name(), organization=organization.name)
    return organization


def _name_taken(request: OrganizationRequest) -> NameTaken:
    words = _(
        "There is an organization “%(name)s” already. Refuse this request and say so, or rename the other one first."
    )
    return NameTaken(words % {"name": request.name})


@transaction.atomic
def refuse_request(*, request: OrganizationRequest, by: User, reason: str) -> None:
    """Refuses the request and tells the person why; the account stays closed.

    Raises:
        RequestDecided: Somebody answered meanwhile, or it was withdrawn.
    """
    locked = _lock(request)
    with deed("organization.refused", by=by, reason=reason):
        locked.reason = reason
        _close(locked, RequestState.REFUSED, by)
        set_approval(user=locked.person, status=ApprovalStatus.REJECTED, by=by)
    tell(
        user=locked.person,
        letter="not_created",
        name=locked.person.get_short_name(),
        organization=locked.name,
        reason=reason,
    )


def _lock(request: OrganizationRequest) -> OrganizationRequest:
    # The distributor first: two requests for one name must wait for each other.
    Entity.objects.select_for_update().get(pk=request.distributor_id)
    OrganizationRequest.objects.select_for_update().filter(pk=request.pk).first()
    locked = OrganizationRequest.objects.select_related("person").filter(pk=request.pk).first()
    if locked is None or locked.state != RequestState.PENDING:
        raise RequestDecided(_("This request was answered or withdrawn meanwhile."))
    return locked


def _close(request: OrganizationRequest, state: RequestState, by: User | None) -> None:
    request.state, request.decided_at, request.decided_by = state, timezone.now(), by
    request.save(update_fields=["state", "decided_at", "decided_by", "reason", "organization"])


@transaction.atomic
def withdraw_wish(*, user: User) -> None:
    """Takes back what the person waits for, be it to join an organization or to register one.

    The person is then a resident, as everybody who signs up without an organization: approved, once the
    address is proved. Only while they wait; whoever was refused stays out.

    Raises:
        NothingToWithdraw: They wait for nothing of that kind, or are not waiting.
    """
    Entity.objects.select_for_update().filter(pk=user.tenant_id or 0).first()
    fresh = User.objects.get(pk=user.pk)
    membership = Membership.objects.filter(user=fresh).first()
    request = OrganizationRequest.objects.filter(person=fresh, state=RequestState.PENDING).first()
    if fresh.approval_status != ApprovalStatus.PENDING or (membership is None and request is None):
        raise NothingToWithdraw(_("There is no request of yours that waits."))
    if membership is not None:
        with deed("member.withdraw", by=fresh, organization_id=membership.organization_id):
            _end_membership(membership)
    if request is not None:
        with deed("organization.withdrawn", by=fresh):
            _close(_lock(request), RequestState.WITHDRAWN, fresh)
    if EmailAddress.objects.filter(user=fresh, verified=True).exists():
        with deed("member.withdraw" if membership is not None else "organization.withdrawn", by=fresh):
            set_approval(user=fresh, status=ApprovalStatus.APPROVED, by=None)


def _end_membership(membership: Membership) -> None:
    """Unless an admin answered while the page was open: the row is looked at again under its lock."""
    Entity.objects.select_for_update().get(pk=membership.organization_id)
    status = User.objects.select_for_update().get(pk=membership.user_id).approval_status
    if status != ApprovalStatus.PENDING:
        raise NothingToWithdraw(_("Your request was answered meanwhile. Load the page again."))
    membership.delete()


def close_wishes(*, user: User) -> None:
    """Ends what a person asked for whose account is being closed, and forgets what they wrote about themselves."""
    for request in OrganizationRequest.objects.filter(person=user, state=RequestState.PENDING):
        _close(request, RequestState.WITHDRAWN, None)
    OrganizationRequest.objects.filter(person=user).update(message="", reason="")
