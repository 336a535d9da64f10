"""How a distributor shows itself: colors, logo, host, sender."""

import re
import struct

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from delivery.models import Message
from delivery.services import drain
from organizations.colors import (
    DARK_SURFACE,
    LIGHT_SURFACE,
    READABLE,
    contrast,
    dark_shades,
    light_shades,
    parse_color,
    style_sheet,
)
from organizations.hosts import site_url_of
from organizations.images import LARGEST, media_type_of, size_of
from organizations.models import Distributor
from organizations.models.brand import validate_accent, validate_logo
from organizations.sender import sender_of
from organizations.services import clear_logo, reject_member, set_logo
from organizations.tests.pictures import png
from tests.builder import make_distributor

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00\xff\xd9"
WEBP = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\x00" * 4 + b"\x1f\x00\x00\x0f\x00\x00"


class TestColors:
    @pytest.mark.parametrize("accent", ["#0d5c66", "#000000", "#b3202c", "#767676", "#5b2d8e"])
    def test_every_shade_can_be_read(self, accent):
        validate_accent(accent)
        color = parse_color(accent)
        light, dark = light_shades(color), dark_shades(color)
        pairs = [
            (light.on_primary, light.primary),
            (light.on_primary, light.hover),
            (light.soft_ink, light.soft),
            (dark.on_primary, dark.primary),
            (dark.on_primary, dark.hover),
            (dark.soft_ink, dark.soft),
        ]
        for ink, ground in pairs:
            assert contrast(parse_color(ink), parse_color(ground)) >= READABLE, (ink, ground)
        assert contrast(parse_color(light.link), LIGHT_SURFACE) >= READABLE
        assert contrast(parse_color(light.link_hover), LIGHT_SURFACE) >= READABLE
        for shade in (dark.primary, dark.link, dark.link_hover):
            assert contrast(parse_color(shade), DARK_SURFACE) >= READABLE

    @pytest.mark.parametrize("accent", ["#777777", "#ffcc00", "#ffffff", "red", "#12345", "#0d5c66;", "url(x)"])
    def test_pale_and_strange_colors_are_refused(self, accent):
        with pytest.raises(ValidationError):
            validate_accent(accent)

    def test_style_sheet_takes_nothing_but_a_color(self):
        assert style_sheet("#0d5c66} body{display:none") == ""
        assert "--primary: #0d5c66;" in style_sheet("#0D5C66")


class TestPictures:
    @pytest.mark.parametrize(
        ("content", "kind", "size"),
        [(png(3, 5), "image/png", (3, 5)), (JPEG, "image/jpeg", (32, 16)), (WEBP, "image/webp", (32, 16))],
    )
    def test_pictures_are_known_by_their_bytes(self, content, kind, size):
        assert media_type_of(content) == kind
        assert size_of(content) == size
        validate_logo(content)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            b"GIF89a",
            png()[:-5],
            b"\x89PNG\r\n\x1a\n<script>",
            JPEG[:-2],
            WEBP[:-6],
            png(3000, 2),
            png() + b"\x00" * LARGEST,
        ],
    )
    def test_anything_else_is_refused(self, content):
        with pytest.raises(ValidationError):
            validate_logo(content)


@pytest.mark.django_db
class TestLogo:
    def test_logo_is_served_as_what_it_is_and_with_its_version(self, client):
        distributor = make_distributor("Hither")
        logo = set_logo(distributor=distributor, content=png())
        url = reverse("brand_logo", args=[distributor.pk])
        answer = client.get(url)
        assert answer.content == png()
        assert answer["Content-Type"] == "image/png"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["ETag"] == f'"{logo.digest}"'
        assert client.get(url, headers={"if-none-match": answer["ETag"]}).status_code == 304
        assert f"{url}?v={logo.digest[:12]}" in client.get("/").text
        clear_logo(distributor=distributor)
        assert client.get(url).status_code == 404
        assert url not in client.get("/").text

    def test_colors_are_linked_and_served(self, client):
        distributor = make_distributor("Hither", accent="#5b2d8e")
        url = reverse("brand_colors", args=[distributor.pk])
        assert f"{url}?v=5b2d8e" in client.get("/").text
        answer = client.get(url)
        assert answer["Content-Type"].startswith("text/css")
        assert "#5b2d8e" in answer.text
        assert client.get(url, headers={"if-none-match": answer["ETag"]}).status_code == 304

    def test_color_that_came_in_by_raw_sql_is_not_put_on_pages(self, client):
        distributor = make_distributor("Hither")
        Distributor.objects.filter(pk=distributor.pk).update(accent="red;}")
        assert "colors.css" not in client.get("/").text
        assert client.get(reverse("brand_colors", args=[distributor.pk])).status_code == 404

    def test_footer_says_how_to_reach_the_distributor(self, client):
        make_distributor("Hither", contact_email="help@hither.example", phone="+1 555 0100")
        page = client.get("/").text
        assert "help@hither.example" in page
        assert "+1 555 0100" in page


@pytest.mark.django_db
class TestHosts:
    @pytest.fixture
    def two(self):
        return make_distributor("Hither", host="Hither.Example."), make_distributor("Thither")

    def test_host_is_kept_in_one_spelling_and_none_is_null(self, two):
        assert Distributor.objects.get(name="Hither").host == "hither.example"
        assert Distributor.objects.get(name="Thither").host is None
        make_distributor("Yonder", host="")
        assert Distributor.objects.filter(host=None).count() == 2

    @pytest.mark.parametrize(
        "host",
        ["https://x.example", "x.example/path", "localhost", "a b.example", "1.2.3.4", "testserver", "-x.example"],
    )
    def test_what_is_no_host_of_its_own_is_refused(self, host):
        with pytest.raises(ValidationError):
            Distributor(name="X", host=host).full_clean(exclude=["kind", "entity", "tenant"])

    def test_host_picks_the_distributor(self, client, two):
        assert "Hither pays homes" in client.get("/", headers={"host": "hither.example"}).text
        assert "Hither pays homes" in client.get("/", headers={"host": "HITHER.example:8000"}).text
        assert "Your electricity distributor pays" in client.get("/").text

    @pytest.mark.parametrize("page", ["operator_brand", "admin:organizations_distributor_change"])
    def test_distributor_admin_cannot_take_a_host(self, client, world, page):
        own = world.here.distributor
        client.force_login(world.here.admin)
        address = reverse(page, args=[] if page == "operator_brand" else [own.pk])
        form = {"name": own.name, "timezone": own.timezone, "currency": own.currency, "phone": "+1 555 0100"}
        assert client.post(address, form | {"host": "thither.example"}).status_code == 302
        own.refresh_from_db()
        assert (own.host, own.phone) == (None, "+1 555 0100")

    def test_unknown_host_is_refused(self, client, two):
        for host in ("nowhere.example", "sub.hither.example", "hither.example.evil.example"):
            assert client.get("/", headers={"host": host}).status_code == 400

    def test_sign_up_there_has_no_choice(self, client, two):
        hither, thither = two
        page = client.get("/accounts/signup/", headers={"host": "hither.example"}).text
        assert f'type="hidden" name="distributor" value="{hither.pk}"' in page
        assert "Thither" not in page
        form = {
            "email": "ada@example.com",
            "first_name": "A",
            "last_name": "B",
            "distributor": thither.pk,
            "password1": "correct horse battery staple",
            "password2": "correct horse battery staple",
        }
        answer = client.post("/accounts/signup/", form, headers={"host": "hither.example"})
        assert answer.status_code == 200
        answer = client.post("/accounts/signup/", form | {"distributor": hither.pk}, headers={"host": "hither.example"})
        assert answer.status_code == 302
        assert "http://hither.example/" in Message.objects.get(recipient="ada@example.com").payload["text"]

    def test_person_of_another_distributor_is_led_home(self, client, world):
        Distributor.objects.filter(pk=world.there.distributor.pk).update(host="thither.example")
        client.force_login(world.here.resident)
        answer = client.get("/home", headers={"host": "thither.example"})
        assert answer.status_code == 403
        assert "To the portal of Hither" in answer.text
        assert 'href="http://testserver/accounts/login/"' in answer.text
        assert client.get("/home").url.startswith("/accounts/login/")

    def test_own_people_and_platform_operators_stay(self, client, world):
        Distributor.objects.filter(pk=world.there.distributor.pk).update(host="thither.example")
        for user, path in ((world.there.resident, "/home"), (world.platform, "/ops")):
            client.force_login(user)
            assert client.get(path, headers={"host": "thither.example"}).status_code in (200, 302)
            assert client.session.get("_auth_user_id") == str(user.pk)

    def test_links_begin_with_the_own_host(self, two, settings):
        settings.SITE_URL = "https://portal.example.org:8443"
        assert site_url_of(two[0]) == "https://hither.example:8443"
        assert site_url_of(two[1]) == site_url_of(None) == "https://portal.example.org:8443"


@pytest.mark.django_db
class TestSender:
    def test_mails_leave_as_the_distributor(self, here, mailoutbox):

        Distributor.objects.filter(pk=here.distributor.pk).update(
            sender_name="Hither, Electric", sender_email="news@hither.example", host="hither.example"
        )
        reject_member(membership=here.pending.membership, by=here.organization_admin)
        while drain():
            pass
        mail = mailoutbox[-1]
        assert mail.from_email == '"Hither, Electric" <news@hither.example>'
        assert mail.message()["From"] == '"Hither, Electric" <news@hither.example>'

    def test_without_one_it_is_the_portals(self, here):
        assert sender_of(here.distributor.pk) is None

    @pytest.mark.parametrize("name", ["a\r\nBcc: x@example.com", "a\nb", "a\x00"])
    def test_line_break_never_gets_into_a_header(self, here, name):
        with pytest.raises(ValidationError):
            Distributor(name="X", sender_name=name).clean_fields(exclude=["kind", "entity", "tenant"])
        Distributor.objects.filter(pk=here.distributor.pk).update(sender_name=name, sender_email="a@hither.example")
        with pytest.raises(ValidationError):
            sender_of(here.distributor.pk)


@pytest.mark.django_db
class TestPage:
    def test_admin_changes_color_and_logo(self, client, here):

        client.force_login(here.admin)
        data = {"accent": "#5b2d8e", "logo": SimpleUploadedFile("x.svg", png()), "phone": "+1"}
        assert client.post(reverse("operator_brand"), data).status_code == 302
        distributor = Distributor.objects.get(pk=here.distributor.pk)
        assert (distributor.accent, distributor.phone, distributor.name) == ("#5b2d8e", "+1", "Hither")
        assert bytes(distributor.logo.content) == png()
        assert re.search(r"logo\?v=", client.get(reverse("operator_brand")).text)
        client.post(reverse("operator_brand"), {"accent": "#5b2d8e", "clear_logo": "on"})
        assert not hasattr(Distributor.objects.get(pk=here.distributor.pk), "logo")

    def test_sender_of_somebody_else_is_refused(self, client, world, settings):
        there = Distributor.objects.filter(pk=world.there.distributor.pk)
        there.update(sender_email="portal@thither.example")
        client.force_login(world.here.admin)
        admin_page = reverse("admin:organizations_distributor_change", args=[world.here.distributor.pk])
        form = {"name": "Hither", "timezone": "UTC", "currency": "USD"}
        for email in ("Portal@Thither.example", settings.DEFAULT_FROM_EMAIL):
            for page in (reverse("operator_brand"), admin_page):
                assert "somebody else" in client.post(page, form | {"sender_email": email}).text, (page, email)
        assert client.post(admin_page, form | {"sender_email": "portal@hither.example"}).status_code == 302

    def test_what_is_no_picture_is_refused(self, client, here):

        client.force_login(here.admin)
        data = {"logo": SimpleUploadedFile("x.png", b"<svg/>", content_type="image/png")}
        assert "no PNG" in client.post(reverse("operator_brand"), data).text

    @pytest.mark.parametrize("who", ["staff", "auditor", "organization_admin", "resident"])
    def test_nobody_else_opens_it(self, client, here, who):
        client.force_login(getattr(here, who))
        assert client.get(reverse("operator_brand")).status_code == 403
