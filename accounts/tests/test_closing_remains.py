"""After closing nothing says who it was: every table is read, after a life that wrote into most of them."""

import json
import re
from decimal import Decimal
from smtplib import SMTPRecipientsRefused

import pytest
from allauth.account.models import EmailAddress
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client

from accounts.closing import close_account
from accounts.models import ApprovalStatus, User
from accounts.services import issue_token, set_approval
from accounts.tests.journeys import confirm, mails_to, sign_up
from delivery import services
from delivery.models import Attempt, Message
from delivery.services import drain
from events.agreement import terms_hash
from events.services import Agreement, apply, record_completed_event
from events.tests.test_joining import measured
from events.tests.world import PAST, make_program
from organizations.models import OrganizationRequest
from organizations.services import Guest, accept_invitation, invite, leave_organization, refuse_request
from settlement.services import open_dispute, settle
from tests.builder import Side, make_meter, map_meter

pytestmark = pytest.mark.django_db
ADDRESS, TRACES = "zenobia@example.net", re.compile("zenobia|palmyra", re.IGNORECASE)


def rows_with_traces() -> list[str]:
    """Every row of the database that still names the person."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            lines = (f"{table}: {json.dumps(row, cls=DjangoJSONEncoder, default=str)}" for row in cursor.fetchall())
            found += [line for line in lines if TRACES.search(line)]
    return found


def asks_for_an_organization(side: Side, client: Client) -> User:
    names = {"first_name": "Zenobia", "last_name": "Palmyra"}
    sign_up(client, ADDRESS, side.distributor, **names, new_organization="Works", message="I am Zenobia, call me.")
    confirm(client, ADDRESS)
    person = User.objects.get(email=ADDRESS)
    refuse_request(request=OrganizationRequest.objects.get(person=person), by=side.admin, reason="Zenobia has none.")
    set_approval(user=person, status=ApprovalStatus.APPROVED, by=side.admin)
    return person


def joins_and_leaves(side: Side, person: User) -> None:
    guest = Guest(ADDRESS, first_name="Zenobia", last_name="Palmyra")
    invite(organization=side.organization, guest=guest, by=side.organization_admin)
    texts = "\n".join(mail.payload["text"] for mail in mails_to(ADDRESS))
    accept_invitation(token=re.findall(r"/invite/(\S+)", texts)[-1], user=person)
    leave_organization(user=person)
    invite(organization=side.other_organization, guest=guest, by=side.other_organization_admin)


def joins_a_program(side: Side, person: User, client: Client) -> None:
    meter = make_meter(side.distributor, "REMAINS")
    map_meter(meter, person)
    measured(meter, days=20)
    program = make_program(side.distributor)
    agreement = Agreement(sha256=terms_hash(program.current), kw={meter.pk: Decimal(1)})
    (row,) = apply(program=program, meters=[meter], agreement=agreement, by=person)
    client.force_login(person)
    client.post(f"/programs/{program.pk}/part", {"action": "nominate", f"kw-{row.pk}": "2"})
    assert sorted(row.nominations.values_list("kw", flat=True)) == [1, 2]
    assert set(row.nominations.values_list("source", flat=True)) == {f"Portal, person {person.pk}"}
    line = settle(event=record_completed_event(program=program, start=PAST[0], end=PAST[1])).lines.get(meter=meter)
    open_dispute(line=line, category="other", by=person, words="It is Zenobia who writes.")


def a_mail_bounces(person: User, monkeypatch) -> None:
    def refuse(message: Message) -> None:
        raise SMTPRecipientsRefused({"Zenobia@example.net": (550, b"no such user")})

    message = Message.objects.create(kind="refused-by-the-server", recipient=ADDRESS, user=person)
    monkeypatch.setitem(services._handlers, "refused-by-the-server", refuse)
    while drain():
        pass
    assert "550" in Attempt.objects.get(message=message).error


def test_a_whole_life_leaves_no_trace(here: Side, client: Client, settings, monkeypatch) -> None:
    settings.DEMO = True  # so that the links of mails can be read
    person = asks_for_an_organization(here, client)
    joins_and_leaves(here, person)
    joins_a_program(here, person, Client())
    settings.DEMO = False
    issue_token(user=person, name="Zenobia's laptop", scopes=["meters:read"], by=person)
    EmailAddress.objects.create(user=person, email="palmyra@example.net")
    a_mail_bounces(person, monkeypatch)
    Message.objects.update(state="pending", finished_at=None, next_attempt_at=person.date_joined)
    while drain():
        pass
    person.refresh_from_db()
    close_account(user=person, by=person)
    while drain():
        pass
    # But for what an admin wrote as the reason of a decision: the history keeps it.
    assert [row for row in rows_with_traces() if "Zenobia has none." not in row] == []
