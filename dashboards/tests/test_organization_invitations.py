"""Inviting from the pages, by form and by file; the history of the organization."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.closing import close_account
from delivery.models import Message
from organizations.models import Invitation, Membership
from organizations.services import approve_member, promote_member, reject_member

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

URL, FILE = "organization_invitations", "organization_invitations_file"


@pytest.fixture
def boss(client, here):
    client.force_login(here.organization_admin)
    return client


def post(client, name, **data) -> str:
    return client.post(reverse(name), data, follow=True).text


def upload(client, text: str) -> str:
    return post(client, FILE, file=SimpleUploadedFile("guests.csv", text.encode()))


def test_many_are_invited_and_one_fault_stops_no_other(boss, here):
    emails = f"a@example.com, b@example.com\n{here.member.email};nonsense"
    page = post(boss, URL, emails=emails, role="member")
    assert "2 invitations are on their way." in page
    assert "belongs to the organization already" in page
    assert "nonsense:" in page
    assert set(Invitation.objects.values_list("email", flat=True)) == {"a@example.com", "b@example.com"}


def test_invitation_is_sent_again_and_withdrawn(boss):
    post(boss, URL, emails="a@example.com", role="admin")
    pk = Invitation.objects.get().pk
    assert "Sent again" in post(boss, URL, action="resend", id=pk)
    assert Message.objects.filter(kind="mail", recipient="a@example.com").count() == 2
    assert "Withdrawn" in post(boss, URL, action="withdraw", id=pk)
    assert Invitation.objects.get().withdrawn_at


def test_invitation_of_another_organization_is_not_found(client, world, boss):
    post(boss, URL, emails="a@example.com", role="member")
    pk = Invitation.objects.get().pk
    for stranger in (world.here.other_organization_admin, world.there.organization_admin):
        client.force_login(stranger)
        assert client.post(reverse(URL), {"action": "withdraw", "id": pk}).status_code == 404
        assert "a@example.com" not in client.get(reverse(URL)).text


def test_too_many_forms_in_an_hour_send_nothing(boss, monkeypatch):
    monkeypatch.setattr("dashboards.views.organization_invitations.PER_HOUR", 1)
    post(boss, URL, emails="a@example.com", role="member")
    assert "Too many invitations" in post(boss, URL, emails="b@example.com", role="member")
    assert Invitation.objects.count() == 1


def test_file_is_shown_first_and_sent_then(boss, here):
    page = upload(
        boss,
        "email,first_name,last_name,role\n"
        "a@example.com,Ada,Byron,admin\n"
        "A@example.com,,,\n"
        "nonsense,,,\n"
        "c@example.com,,,chief\n"
        f"{here.member.email},,,\n",
    )
    assert "One invitation would be sent." in page
    for words in ("Line 3", "in the file already", "Line 4", "Line 5", "“chief”", "Line 6"):
        assert words in page
    assert not Invitation.objects.exists()
    signed = re.search(r'name="rows" value="([^"]+)"', page)[1]
    assert "1 invitation is on its way." in post(boss, FILE, rows=signed)
    sent = Invitation.objects.get()
    assert (sent.email, sent.role, sent.first_name) == ("a@example.com", "admin", "Ada")


def test_rows_cannot_be_made_up_or_taken_to_another_organization(client, boss, here):
    signed = re.search(r'name="rows" value="([^"]+)"', upload(boss, "email\na@example.com\n"))[1]
    assert boss.post(reverse(FILE), {"rows": signed + "x"}).status_code == 404
    client.force_login(here.other_organization_admin)
    assert client.post(reverse(FILE), {"rows": signed}).status_code == 404
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("name\nAda\n", "name the columns"),
        ("email\n", "no rows"),
        ("email\n" + "a@example.com\n" * 501, "more than 500"),
        ("email\n" + "x" * 200_001, "larger than 200"),
        ('email\n"\x00', "CSV"),
    ],
)
def test_file_that_cannot_be_used_is_explained(boss, text, words):
    page = upload(boss, text)
    assert words in page or "no rows" in page or "Line" in page
    assert not Invitation.objects.exists()


def test_file_in_another_encoding_is_explained(boss):
    content = SimpleUploadedFile("guests.csv", "email\nü@example.com".encode("latin-1"))
    assert "UTF-8" in post(boss, FILE, file=content)


def test_history_tells_who_did_what_and_why(boss, here):
    reject_member(membership=here.pending.membership, by=here.organization_admin, reason="Not known here")
    promote_member(membership=here.member.membership, by=here.organization_admin)
    page = boss.get(reverse("organization_audit")).text
    name = here.organization_admin.get_full_name()
    assert page.count(f"refused {here.pending.get_full_name()}") == 1
    assert f"made {here.member.get_full_name()} an admin" in page
    assert "Not known here" in page
    assert name in page
    only = boss.get(reverse("organization_audit"), {"act": "member.promote"}).text
    assert "Not known here" not in only.split("<tbody")[1]
    concerned = boss.get(reverse("organization_audit"), {"person": here.member.pk}).text.split("<tbody")[1]
    assert "an admin" in concerned
    assert "Not known here" not in concerned


def test_closed_account_has_no_name_in_the_history(boss, here):
    name = here.member.get_full_name()
    promote_member(membership=here.member.membership, by=here.organization_admin)
    close_account(user=here.member, by=here.member)
    page = boss.get(reverse("organization_audit")).text
    assert "made a closed account an admin" in page
    assert name not in page


def test_history_of_others_is_not_in_it(boss, world):
    approve_member(membership=world.there.pending.membership, by=world.there.organization_admin)
    reject_member(membership=world.here.pending.membership, by=world.here.organization_admin, reason="=1+1")
    page = boss.get(reverse("organization_audit")).text
    assert world.there.pending.get_full_name() not in page
    lines = boss.get(reverse("organization_audit_csv")).text.splitlines()
    assert "'=1+1" in lines[1]
    assert not any("Thither" in line for line in lines)


def test_history_is_the_same_number_of_queries_for_many(boss, here, django_assert_max_num_queries):
    for number in range(30):
        post(boss, URL, emails=f"a{number}@example.com", role="member") if number < 5 else None
    with django_assert_max_num_queries(25):
        boss.get(reverse("organization_audit"))


def test_one_refused_row_does_not_stop_the_others(boss, here):
    ids = [here.organization_admin.membership.pk, here.member.membership.pk]
    page = post(boss, "organization_people", action="remove", ids=ids, reason="The school closes")
    assert "only admin" in page
    assert "Removed:" in page
    assert list(Membership.objects.filter(pk__in=ids).values_list("pk", flat=True)) == ids[:1]


def test_answer_is_taken_back_on_the_page(boss, here):
    pk = here.pending.membership.pk
    post(boss, "organization_approvals", approve=pk)
    assert "Waiting again" in post(boss, "organization_approvals", action="reopen", ids=pk)
    here.pending.refresh_from_db()
    assert here.pending.approval_status == "pending"
    assert "answered this person before" in boss.get(reverse("organization_approvals")).text


def test_member_leaves_and_last_admin_does_not(client, boss, here):
    assert "only admin" in post(boss, "organization_leave")
    client.force_login(here.member)
    assert "You have left" in post(client, "organization_leave")
