"""Pages in Spanish: no English left, numbers and dates by its rules, caches apart; files and the API as ever."""

import io
import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from common.speech import length_words
from dashboards.tests.story import add_readings, coming_event, line_of, lower, make_program, past_event, settled
from meters.models import BatchSource, Exclusion, ExclusionKind, ImportBatch, Quality, QualityHit, QualityRule
from meters.services import batches
from tests.builder import make_token, make_user
from tests.translation.texts import english, texts_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SPANISH = {"accept-language": "es-MX,es;q=0.9"}
ENGLISH = {"accept-language": "en-US,en;q=0.9"}
VISITOR = ("landing", "how_it_works", "programs", "privacy", "accessibility", "account_login", "account_signup",
           "account_reset_password")  # fmt: skip
RESIDENT = ("home", "rewards", "account", "account_email", "mfa_index",
            "usersessions_list")  # fmt: skip
OPERATOR = ("operator_home", "operator_meters", "operator_map", "operator_events", "operator_event_new",
            "operator_imports", "operator_import_new", "operator_quality", "operator_quality_hits",
            "operator_quality_estimate", "operator_outages", "load_fleet")  # fmt: skip
# What files, headers and commands call things.
CODES = ["manage.py create_program", "import_meters", "long.csv", "meters.csv", "outages.csv", "meter", "start", "end",
         "similar-days", "statsmodels", "three-day"]  # fmt: skip


@pytest.fixture
def story(here):
    """A resident with readings, a settled event and a coming one."""
    add_readings(here.home)
    program = make_program(here, here.home)
    past = past_event(program)
    lower(here.home, past, 200)
    settled(past)
    here.coming, here.line = coming_event(program), line_of(past, here.home)
    return here


def names_of(side) -> list[str]:
    """What people called things: no translation touches it."""
    people = [side.resident, side.admin]
    called = [side.distributor.name, f"{side.distributor.name} evenings", side.organization.name, "Demand Response"]
    meters = [
        word
        for meter in (side.home, side.neighbor_home, side.school)
        for word in (meter.number, meter.name, meter.usage_kind)
    ]
    zones = [side.distributor.timezone, "UTC"]
    return [name for name in [*called, *meters, *zones, *(p.get_full_name() for p in people)] if name]


def page(client, name, *args, headers=SPANISH) -> str:
    response = client.get(reverse(name, args=args), headers=headers)
    assert response.status_code == 200, name
    assert response["Content-Language"] == headers["accept-language"][:2]
    assert {"Accept-Language", "Cookie"} <= {part.strip() for part in response["Vary"].split(",")}
    return response.content.decode()


@pytest.mark.parametrize("name", VISITOR)
def test_visitor_reads_no_english(client, story, name):
    html = page(client, name)
    assert '<html lang="es"' in html
    assert english(texts_of(html), names=[*names_of(story), "English"]) == []


@pytest.mark.parametrize("name", RESIDENT)
def test_resident_reads_no_english(client, story, name):
    client.force_login(story.resident)
    assert english(texts_of(page(client, name)), names=[*names_of(story), "English"]) == []


@pytest.mark.parametrize("name", OPERATOR)
def test_operator_reads_no_english(client, story, name):
    client.force_login(story.admin)
    assert english(texts_of(page(client, name)), names=[*names_of(story), "English", *CODES]) == []


FILE = """meter,start,kwh
Hither-school,2021-03-21T00:00,1
NOPE,2021-03-21T00:00,1
Hither-school,2021-03-21T00:07,1
Hither-school,21 March,1
Hither-school,2021-03-21T01:00,"1,5"
"""


def checked(story, text: str) -> ImportBatch:
    door = {"source": BatchSource.PAGE, "name": "mayo.csv", "options": {}, "by": story.admin}
    found = batches.take_file(distributor=story.distributor, stream=io.BytesIO(text.encode()), **door)
    return batches.check_batch(batch=found)


@pytest.mark.parametrize("text", [FILE, "kwh\n1\n"], ids=["rows left out", "unreadable"])
def test_operator_reads_in_spanish_what_is_wrong_with_a_file(client, story, text):
    client.force_login(story.admin)
    html = page(client, "operator_import", checked(story, text).pk)
    assert english(texts_of(html), names=[*names_of(story), "“start”", "meter,start,end,kwh"]) == []


def test_operator_reads_outages_and_doubts_in_spanish(client, story):
    client.force_login(story.admin)
    start = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    whole = {"distributor": story.distributor, "meter": story.home, "start": start, "end": start + timedelta(hours=1)}
    outage = Exclusion.objects.create(**whole, kind=ExclusionKind.OUTAGE, source="page")
    pages = [page(client, "operator_outage", outage.pk)]
    for rule in QualityRule:
        hit = QualityHit.objects.create(**whole, rule=rule, value_wh=900, usual_wh=300)
        pages.append(page(client, "operator_quality_hit", hit.pk))
    pages += [page(client, name) for name in ("operator_outages", "operator_quality_hits", "operator_quality")]
    names = [*names_of(story), "English"]
    assert [english(texts_of(html), names=names) for html in pages] == [[]] * len(pages)


@pytest.mark.parametrize(
    "asked", ["period=day", "period=month", "period=year", "show=compare&period=week", "show=hours"]
)
def test_resident_reads_each_look_at_a_meter_in_spanish(client, story, asked):
    client.force_login(story.resident)
    response = client.get(f"{reverse('meter_detail', args=[story.home.pk])}?{asked}", headers=SPANISH)
    assert response.status_code == 200
    assert english(texts_of(response.content.decode()), names=[*names_of(story), "English"]) == []


def test_pages_of_one_thing_have_no_english(client, story):
    client.force_login(story.resident)
    pages = {
        "meter_detail": story.home.pk,
        "event_detail": story.coming.pk,
        "reward_why": story.line.pk,
    }
    names = [*names_of(story), "English", "three-day"]
    assert {name: english(texts_of(page(client, name, pk)), names=names) for name, pk in pages.items()} == {
        name: [] for name in pages
    }


def test_english_is_found_where_it_is(client, story):
    client.force_login(story.resident)
    assert len(english(texts_of(page(client, "home", headers=ENGLISH)), names=names_of(story))) > 20


def test_amounts_and_days_of_a_statement_are_spanish(client, story):
    client.force_login(story.resident)
    text = " ".join(texts_of(page(client, "reward_why", story.line.pk))).replace("\xa0", " ")
    assert re.search(r"\d,\d\d US\$", text)
    assert re.search(r"(lun|mar|mié|jue|vie|sáb|dom) \d+ de [a-z]+", text)
    assert not re.search(r"\$\d", text)
    assert not re.search(r"\d (am|pm)\b", text)


# ---- what caches keep --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["meter", "correlation", "map"])
def test_figure_is_kept_apart_by_language(client, here, kind):
    client.force_login(here.resident)
    english_, spanish = (client.get(reverse("chart_figure", args=[kind]), headers=by) for by in (ENGLISH, SPANISH))
    assert english_["ETag"] != spanish["ETag"]
    assert english_.content != spanish.content
    assert "Accept-Language" in spanish["Vary"]
    again = client.get(reverse("chart_figure", args=[kind]), headers={**SPANISH, "if-none-match": english_["ETag"]})
    assert again.status_code == 200


def test_chart_of_a_meter_is_kept_apart_by_language(client, story):
    client.force_login(story.resident)
    url = reverse("chart_meter", args=[story.home.pk])
    english_, spanish = (client.get(url, headers=by) for by in (ENGLISH, SPANISH))
    assert english_["ETag"] != spanish["ETag"]
    assert {"Accept-Language", "Cookie"} <= {part.strip() for part in spanish["Vary"].split(",")}
    said = json.loads(spanish.content)
    assert said["say"].startswith("Última lectura, ")
    assert "0,40 kWh" in said["say"]
    assert said["texts"]["slots"]["reading"]["missing"] == "sin lectura"
    assert re.search(r">0,\d{3}<", page(client, "meter_detail", story.home.pk))
    assert client.get(url, headers={**SPANISH, "if-none-match": english_["ETag"]}).status_code == 200
    assert client.get(url, headers={**SPANISH, "if-none-match": spanish["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", ["chart_participation"])
def test_other_charts_of_a_meter_are_kept_apart_too(client, story, name):
    client.force_login(story.resident)
    url = reverse(name, args=[story.home.pk])
    assert client.get(url, headers=ENGLISH)["ETag"] != client.get(url, headers=SPANISH)["ETag"]


# ---- what programs read ------------------------------------------------------------------------------------


def test_files_are_the_same_in_every_language(client, story):
    story.home.readings.order_by("-start").filter().update(quality=Quality.ESTIMATED)
    client.force_login(story.resident)
    url = reverse("meter_readings_file", args=[story.home.pk])
    english_, spanish = (b"".join(client.get(url, headers=by).streaming_content) for by in (ENGLISH, SPANISH))
    assert b"estimated" in english_
    assert english_ == spanish


def test_settlement_file_is_the_same_in_every_language(client, story):
    client.force_login(story.admin)
    url = reverse("operator_event_csv", args=[story.line.run.event_id])
    assert client.get(url, headers=ENGLISH).content == client.get(url, headers=SPANISH).content


API = ("/api/v1/meters", "/api/v1/events", "/api/v1/rewards", "/api/v1/readings", "/api/v1/meters/99999999")


@pytest.mark.parametrize("path", API)
def test_api_is_the_same_in_every_language(client, story, path):
    _token, key = make_token(story.resident)
    story.resident.language = "es"
    story.resident.save()
    authorization = {"authorization": f"Bearer {key}"}
    answers = [client.get(path, headers={**by, **authorization}) for by in (ENGLISH, SPANISH)]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].content == answers[1].content
    assert answers[1].headers.get("Content-Language", "en") == "en"


# ---- of one's own ------------------------------------------------------------------------------------------


def test_own_language_wins_over_the_browsers(client, here):
    user = make_user(here.distributor)
    user.language = "es"
    user.save()
    client.force_login(user)
    response = client.get(reverse("home"), headers=ENGLISH)
    assert response["Content-Language"] == "es"
    assert '<html lang="es"' in response.content.decode()


def test_waiting_time_is_said_in_the_plural_of_the_language(client, story):
    with override("es"):
        assert [length_words(timedelta(hours=hours)) for hours in (1, 2, 48)] == ["1 hora", "2 horas", "2 días"]
