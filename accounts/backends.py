"""The only authentication backend."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User
from accounts.sessions.store import SessionStore, copy_to_confirm, row_is_as


class ApprovedUsersBackend(AuthenticationBackend):
    """allauth's backend with the approval gate in front of every session.

    `authenticate` still knows a pending user, so that the log-in stages can lead to the waiting page;
    `get_user`, which runs at each request of a session, does not.
    """

    def get_user(self, user_id: int) -> User | None:
        """The session's user while it is approved and the session is what its row says, else nobody."""
        session = copy_to_confirm()
        user = super().get_user(user_id) if session is None else self._confirmed(user_id, session)
        return user if isinstance(user, User) and user.is_approved else None

    def _confirmed(self, user_id: int, session: SessionStore) -> User | None:
        """The user, if the row of the session says what its copy says. One query for both."""
        user = User.objects.filter(pk=user_id).annotate(is_confirmed=row_is_as(session)).first()
        if user is None or not user.is_confirmed:
            return None
        session.unconfirmed = None
        return user if self.user_can_authenticate(user) else None
