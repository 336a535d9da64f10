"""The help page, and the ways to it."""

import re

import pytest
from django.test import Client

from dashboards.views.help import PARTS
from organizations.models import Distributor

pytestmark = pytest.mark.django_db


def page(user=None):
    browser = Client()
    if user is not None:
        browser.force_login(user)
    answer = browser.get("/help")
    assert answer.status_code == 200
    return answer


def test_everybody_finds_every_part_their_own_first(here):
    own = {None: "resident", here.resident: "resident", here.member: "organization", here.staff: "staff"}
    for user, first in own.items():
        anchors = [part.anchor for part in page(user).context["parts"]]
        assert anchors[0] == first
        assert sorted(anchors) == sorted(part.anchor for part in PARTS)


def test_every_link_on_the_page_leads_somewhere(here):
    text = page().text
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', text):
        assert target in ids
    browser = Client()
    for path in set(re.findall(r"<main.*?</main>", text, re.S)[0].split('href="')[1:]):
        address = path.split('"')[0]
        if address.startswith("/"):
            assert browser.get(address).status_code in (200, 302), address


def test_page_names_whom_to_ask(here):
    Distributor.objects.filter(pk=here.distributor.pk).update(contact_email="help@hither.example")
    assert 'href="mailto:help@hither.example"' in page(here.resident).text
    Distributor.objects.filter(pk=here.distributor.pk).update(contact_email="")
    assert "its address is on your bill" in page(here.resident).text


@pytest.mark.parametrize("path", ["/", "/how-it-works", "/programs", "/privacy", "/accessibility", "/help"])
def test_sign_in_sign_up_and_help_are_one_click_from_every_public_page(path):
    text = Client().get(path).text
    header = text.split("<header")[1].split("</header>")[0]
    assert 'href="/accounts/login/"' in header
    assert '<a class="btn btn--primary" href="/accounts/signup/">' in header
    assert 'href="/help"' in text
