"""The only authentication backend."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User


class ApprovedUsersBackend(AuthenticationBackend):
    """allauth's backend with the approval gate in front of every session.

    `authenticate` still knows a pending user, so that the log-in stages can lead to the waiting page;
    `get_user`, which runs at each request of a session, does not.
    """

    def get_user(self, user_id: int) -> User | None:
        """The session's user while it is approved, else nobody."""
        user = super().get_user(user_id)
        return user if isinstance(user, User) and user.is_approved else None
