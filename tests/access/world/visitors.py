"""A browser for each role."""

import time
from dataclasses import dataclass
from typing import Any

from allauth.account.internal.userkit import user_id_to_str
from allauth.usersessions.models import UserSession
from django.test import Client
from django.test.client import ClientHandler

from accounts.models import ApprovalStatus, User
from accounts.services import issue_token, set_approval
from accounts.sessions.services import SEEN
from accounts.stages import WAITING_FOR
from tests.builder import World, make_member

HANDLERS = {checks: ClientHandler(enforce_csrf_checks=checks) for checks in (False, True)}


@dataclass(frozen=True)
class Visitor:
    """Somebody at the door: the side, the cookie and the header that they bring."""

    side: str
    user: User | None = None
    cookie: str = ""
    bearer: str = ""

    def client(self, *, headers: dict[str, str] | None = None, **kwargs: Any) -> Client:
        """A fresh browser of theirs."""
        own = {"authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        client = Client(headers=own | (headers or {}), **kwargs)
        # Middleware is loaded once, not for each request.
        client.handler = HANDLERS[client.handler.enforce_csrf_checks]
        if self.cookie:
            client.cookies["sessionid"] = self.cookie
        return client


def make_roles(world: World) -> dict[str, Visitor]:
    here, there = world.here, world.there
    revoked = make_member(here.organization)
    people = {
        "revoked": ("nobody", revoked),
        "resident": ("here", here.resident),
        "resident B": ("there", there.resident),
        "member": ("here", here.member),
        "org admin": ("here", here.organization_admin),
        "org admin 2": ("here", here.other_organization_admin),
        "staff": ("here", here.staff),
        "auditor": ("here", here.auditor),
        "admin": ("here", here.admin),
        "admin B": ("there", there.admin),
        "platform": ("all", world.platform),
    }
    roles = {"visitor": Visitor("nobody")}
    for role, (side, user) in people.items():
        user = User.objects.get(pk=user.pk)
        roles[role] = Visitor(side, user, _signed_in(user))
    set_approval(user=revoked, status=ApprovalStatus.REJECTED, by=here.organization_admin)
    roles["waiting"] = Visitor("here", here.pending, _waits(here.pending))
    roles["token"] = Visitor("here", bearer=here.token_key)
    roles["resident just now"] = Visitor("here", here.resident, _proved_again(here.resident))
    roles["no scope"] = Visitor("here", bearer=issue_token(user=here.admin, name="bare", scopes=[])[1])
    return roles


def _signed_in(user: User) -> str:
    """The cookie of one of two browsers."""
    _session_of(user)
    return _session_of(user)


def _session_of(user: User, **kept: Any) -> str:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    session = client.session
    # Noted as seen already, so that reading changes no row however long the tests take.
    session[SEEN] = time.time() + 86_400
    session.update(kept)
    session.save()
    UserSession.objects.create(user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="")
    return str(session.session_key)


def _proved_again(user: User) -> str:
    """The cookie of somebody who has just typed the password once more, and seems to go on doing so."""
    proof = {"method": "password", "at": time.time() + 86_400, "reauthenticated": True}
    whose = {"account_authentication_methods_user": user_id_to_str(user)}
    return _session_of(user, account_authentication_methods=[proof], **whose)


def _waits(user: User) -> str:
    client = Client()
    session = client.session
    session[WAITING_FOR] = user.pk
    session.save()
    return str(session.session_key)
