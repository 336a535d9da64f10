"""The own phone number: asked, confirmed by a code, taken away."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from delivery import phones
from delivery.models import Message, Phone
from tests.builder import make_distributor, make_user

pytestmark = pytest.mark.django_db

NUMBER = "+15555550123"


@pytest.fixture
def ada(client):
    user = make_user(make_distributor(), email="ada@example.com")
    client.force_login(user)
    return user


def code_sent():
    text = Message.objects.filter(kind="sms-code").latest("pk").payload["text"]
    return re.match(r"\d{6}", text).group()


def test_a_number_is_the_persons_once_its_code_came_back(client, ada):
    client.post("/account/phone", {"number": "+1 (555) 555-0123"})
    assert phones.number_of(ada) == ""
    assert client.post("/account/phone/code", {"code": f" {code_sent()} "}).url == "/account/notifications"
    assert phones.number_of(ada) == NUMBER
    assert client.post("/account/phone/remove").status_code == 302
    assert not Phone.objects.exists()


def test_a_wrong_code_is_refused_and_after_five_even_the_right_one(client, ada):
    client.post("/account/phone", {"number": NUMBER})
    right = code_sent()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        assert client.post("/account/phone/code", {"code": wrong}).status_code == 200
    client.post("/account/phone/code", {"code": right})
    assert phones.number_of(ada) == ""


def test_an_old_code_and_a_replaced_one_are_refused(client, ada):
    client.post("/account/phone", {"number": NUMBER})
    first = code_sent()
    Phone.objects.update(code_until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(phones.PhoneRefused):
        phones.confirm(user=ada, code=first)
    number, second = phones.ask_code(user=ada, number="+15555550199")
    if first != second:
        with pytest.raises(phones.PhoneRefused):
            phones.confirm(user=ada, code=first)
    assert phones.confirm(user=ada, code=second) == number


def test_the_code_is_not_kept(ada):
    _number, code = phones.ask_code(user=ada, number=NUMBER)
    assert code not in str(Phone.objects.values_list("code_digest", "asked_number").get())


def test_nobody_asks_for_codes_without_end(ada):
    for _ in range(5):
        phones.ask_code(user=ada, number=NUMBER)
    with pytest.raises(phones.PhoneRefused):
        phones.ask_code(user=ada, number="+15555550199")


@pytest.mark.parametrize(
    "text", ["", "5555550123", "+0155555501", "+1555", "+" + "1" * 16, "+1555555012é", "+1٥55555012"]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(phones.PhoneRefused):
        phones.normalized(text)


def test_only_the_countries_that_are_set_are_texted(settings):
    settings.SMS_COUNTRIES = ["+34"]
    with pytest.raises(phones.PhoneRefused):
        phones.normalized(NUMBER)
    assert phones.normalized("0034 600 000 000") == "+34600000000"
