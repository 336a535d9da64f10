"""The secret address of a calendar ends with the password that it was made under."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.fixtures import quick_and_unlimited  # noqa: F401  # a fixture, used by its name alone
from accounts.tests.journeys import link_in, log_in, mails_to
from events.feeds import make_feed
from tests.builder import PASSWORD, make_user

pytestmark = pytest.mark.django_db
NEW = {"password1": "a-brand-new-walrus-7", "password2": "a-brand-new-walrus-7"}


@pytest.mark.parametrize("way", ["changed", "forgotten"])
def test_a_new_password_ends_the_address(here, client, way):
    person = make_user(here.distributor, password=PASSWORD)
    secret, other = make_feed(user=person), make_feed(user=here.neighbor)
    if way == "changed":
        log_in(client, person.email)
        client.post("/accounts/password/change/", {"oldpassword": PASSWORD} | NEW)
    else:
        client.post("/accounts/password/reset/", {"email": person.email})
        form = client.get(link_in(mails_to(person.email)[-1]), follow=True)
        client.post(form.request["PATH_INFO"], NEW)
    assert User.objects.get(pk=person.pk).check_password(NEW["password1"])
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404
    assert Client().get(f"/calendar/{other}.ics").status_code == 200
