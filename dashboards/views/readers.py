"""Who is reading, for views that the sign-in middleware has let through."""

from django.http import Http404, HttpRequest

from accounts.models import User
from organizations.access import role_of
from organizations.models import Membership


def signed_in(request: HttpRequest) -> User:
    """The person who is signed in.

    Raises:
        Http404: Nobody is; the middleware has sent visitors to the sign-in page before.
    """
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def membership_of(request: HttpRequest) -> Membership:
    """The reader's membership.

    Raises:
        Http404: The reader belongs to no organization, so its pages do not exist for them.
    """
    user = signed_in(request)
    if not role_of(user).is_member:
        raise Http404
    membership: Membership = user.membership
    return membership
