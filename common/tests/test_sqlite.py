"""The backend of SQLite answers as MariaDB does."""

import pytest

from accounts.models import User
from organizations.models import Organization


@pytest.mark.django_db
@pytest.mark.parametrize("beyond", [2**63, 10**30, -(10**30)])
def test_number_beyond_every_column_finds_nothing(beyond):
    assert not Organization.objects.filter(pk=beyond).exists()
    assert not User.objects.filter(tenant=beyond).exists()
    assert Organization.objects.filter(distributor__in=[1, beyond]).count() == 0
