"""manage.py create_distributor."""

import re
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import ApprovalStatus, StaffRole, User
from organizations.models import Distributor
from tests.builder import make_distributor, make_user

pytestmark = pytest.mark.django_db


def run(*args):
    out = StringIO()
    call_command("create_distributor", *args, stdout=out)
    return out.getvalue()


def test_a_distributor_is_made_once():
    assert "is set up" in run("Cooperative", "--timezone=America/New_York", "--currency=EUR")
    assert "exists already" in run("Cooperative", "--timezone=America/New_York", "--currency=EUR")
    assert "exists already" in run("Cooperative")
    distributor = Distributor.objects.get()
    assert (distributor.timezone, distributor.currency) == ("America/New_York", "EUR")


def test_another_zone_for_one_that_exists_is_refused():
    run("Cooperative")
    with pytest.raises(CommandError, match="exists with the timezone UTC"):
        run("Cooperative", "--timezone=Europe/Athens")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["A", "--timezone=Mars/Base"], "no time zone"),
        (["A", "--currency=dollars"], "Three letters"),
        (["A" * 81], "at most 80"),
        ([""], "blank"),
        (["A", "--admin=nobody"], "no e-mail address"),
    ],
)
def test_values_that_cannot_be_used_make_no_account(arguments, words):
    with pytest.raises(CommandError, match=words):
        run(*arguments)
    assert not User.objects.exists()


def test_the_admin_is_approved_verified_and_without_a_password():
    run("Cooperative", "--admin=Ada@Example.com")
    admin = User.objects.get()
    assert (admin.email, admin.staff_role) == ("ada@example.com", StaffRole.ADMIN)
    assert admin.approval_status == ApprovalStatus.APPROVED
    assert not admin.has_usable_password()
    assert EmailAddress.objects.get(user=admin).verified


def test_the_link_sets_a_password_once(client):
    text = run("Cooperative", "--admin=ada@example.com")
    path = re.search(r"http://testserver(\S+)", text)[1]
    response = client.get(path, follow=True)
    form_path = response.redirect_chain[-1][0]
    password = "a long walk by the river"
    client.post(form_path, {"password1": password, "password2": password})
    assert User.objects.get().check_password(password)
    client.logout()
    used = client.get(path, follow=True)
    assert not used.redirect_chain or used.redirect_chain[-1][0] != form_path
    assert "Set the password" not in run("Cooperative", "--admin=ada@example.com")
    assert reverse("account_reset_password")


def test_until_a_password_is_set_the_command_gives_another_link():
    run("Cooperative", "--admin=ada@example.com")
    again = run("Cooperative", "--admin=ada@example.com")
    assert "already its admin" in again
    assert "Set the password here" in again
    assert User.objects.count() == 1


def test_an_address_with_another_role_is_not_raised_to_admin():
    distributor = make_distributor("Cooperative")
    make_user(distributor, "resident@example.com")
    make_user(make_distributor("Other"), "other@example.com", staff_role=StaffRole.ADMIN)
    for email in ("resident@example.com", "Other@example.com"):
        with pytest.raises(CommandError, match="has an account already"):
            run("Cooperative", f"--admin={email}")
