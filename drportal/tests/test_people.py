"""Who of the demonstration's people is asked for a code, and with what secret."""

import stat

import pytest
from allauth.mfa.models import Authenticator

from accounts.mfa.demo import secret_in
from accounts.mfa.services import must_have_factor
from accounts.models import StaffRole, User
from drportal.demo import people
from tests.builder import make_distributor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def everybody():
    distributor = make_distributor("Larkfield Electric")
    for login in people.LOGINS:
        if login.role == "Platform operator":
            User.objects.create_superuser(login.email, None)
        else:
            make_user(distributor, login.email, staff_role=login.staff_role, has_factor=False)


def test_everybody_who_must_have_a_factor_gets_one(everybody, tmp_path):
    people.equip(secret_in(tmp_path))
    for login in people.LOGINS:
        user = User.objects.get(email=login.email)
        assert Authenticator.objects.filter(user=user).exists() == must_have_factor(user) == login.has_factor, login


def test_factor_that_somebody_has_is_left_alone(everybody, tmp_path):
    people.equip(secret_in(tmp_path))
    before = list(Authenticator.objects.order_by("pk").values("pk", "data"))
    people.equip("MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK")
    assert list(Authenticator.objects.order_by("pk").values("pk", "data")) == before
    assert User.objects.filter(staff_role=StaffRole.ADMIN).count() == 2


def test_secret_is_made_once_and_private(tmp_path):
    assert secret_in(tmp_path) == secret_in(tmp_path)
    assert stat.S_IMODE((tmp_path / "factor").stat().st_mode) == 0o600
