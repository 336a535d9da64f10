"""The step of a log-in at which approval is asked for."""

from allauth.account.stages import LoginStage
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.models import User

# Session key of a person who proved the password but may not come in yet; the waiting page reads it.
WAITING_FOR = "waiting_for_user"


class ApprovalStage(LoginStage):
    """After the e-mail is verified: a user who is not approved goes to the waiting page, without a session."""

    key = "approval"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """(None, True) to go on; a redirect to the waiting page, and stop, while not approved."""
        user, session = self.login.user, self.request.session
        if isinstance(user, User) and user.is_approved:
            session.pop(WAITING_FOR, None)
            return None, True
        if user is not None:
            session.cycle_key()
            session[WAITING_FOR] = user.pk
        return redirect("accounts_waiting"), False
