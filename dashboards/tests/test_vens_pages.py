"""The operators' pages of VENs: the list, one in full, the log, what each was told."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboards.operator_facts.ven_messages import pretty
from dashboards.tests.operator_tools import browser, page, query_count, readers_only
from dashboards.tests.story import coming_event, make_program
from dashboards.tests.ven_tools import make_certificate, make_ven, message, reporting, samples, told
from meters.models import MeterMap
from meters.services import end_map
from openadr.models import DeliveryStep, Opt, Resource, Ven, VenOpt, VenState

pytestmark = pytest.mark.django_db
PAGE = "/ops/vens"


@pytest.fixture
def ven(world):
    return make_ven(world.here.distributor, "heat-pump-1", world.here.home)


def test_only_the_distributors_people_see_devices(world, ven):
    foreign = make_ven(world.there.distributor, "thither-pump", world.there.home)
    event = coming_event(make_program(world.here, world.here.home))
    own = [f"{PAGE}/{ven.pk}{end}" for end in ("", "/events", "/events.csv", "/power")]
    for address in (PAGE, f"{PAGE}/messages", *own, f"/ops/events/{event.pk}/devices"):
        assert readers_only(world, address)
    for address in (f"{PAGE}/{foreign.pk}", f"{PAGE}/{foreign.pk}/events", f"{PAGE}/{foreign.pk}/power"):
        assert browser(world.here.admin).get(address).status_code == 404
    assert "thither-pump" not in page(world.here.admin, PAGE)


def test_an_empty_list_says_what_to_do(world):
    text = page(world.here.admin, PAGE)
    assert "No devices yet" in text
    assert "/ops/vens/new" in text
    assert "/ops/vens/new" not in page(world.here.auditor, PAGE)


def test_the_list_is_filtered_by_how_vens_stand(world):
    here = world.here.distributor
    make_ven(here, "heard")
    make_ven(here, "silent", heard=timedelta(minutes=5))
    make_ven(here, "slow-and-heard", heard=timedelta(minutes=5), poll_seconds=3600)
    make_ven(here, "new", state=VenState.ENROLLED, heard=None)
    make_ven(here, "ends-soon", ends=timedelta(days=3))
    make_ven(here, "gone", state=VenState.REVOKED, ends=timedelta(days=3))
    shown = {
        "heard": {"heard", "slow-and-heard", "ends-soon"},
        "silent": {"silent"},
        "enrolled": {"new"},
        "ending": {"ends-soon"},
        "revoked": {"gone"},
    }
    for state, names in shown.items():
        text = page(world.here.admin, f"{PAGE}?state={state}")
        assert {name for name in Ven.objects.values_list("name", flat=True) if f">{name}<" in text} == names, state


def test_a_renewed_certificate_ends_no_longer_soon(world):
    ven = make_ven(world.here.distributor, "renewed", ends=timedelta(days=3))
    make_certificate(ven)
    assert ">renewed<" not in page(world.here.admin, f"{PAGE}?state=ending")


def test_the_list_is_searched_by_name_id_and_meter(world, ven):
    make_ven(world.here.distributor, "other")
    for words in ("pump", ven.ven_id, "Hither-home"):
        text = page(world.here.admin, f"{PAGE}?find={words}")
        assert ">heat-pump-1<" in text
        assert ">other<" not in text
    assert "No VEN fits" in page(world.here.admin, f"{PAGE}?find=nothing")


def test_the_list_needs_as_many_queries_for_many_as_for_few(world, ven):
    few = query_count(world.here.admin, PAGE)
    for number in range(30):
        make_ven(world.here.distributor, f"pump-{number}", world.here.school)
    assert query_count(world.here.admin, PAGE) == few


def test_pending_events_are_counted_until_they_are_acknowledged(world, ven):
    program = make_program(world.here, world.here.home)
    waiting = told(ven, coming_event(program))
    cell = page(world.here.admin, PAGE).split('data-label="Pending events"')[1][:120]
    assert "1" in cell
    waiting.acknowledged_modification = waiting.modification_number
    waiting.save()
    assert "–" in page(world.here.admin, PAGE).split('data-label="Pending events"')[1][:120]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"heard": timedelta(minutes=9)}, "It is silent."),
        ({"state": VenState.ENROLLED, "heard": None}, "It has not registered yet."),
        ({"state": VenState.ENROLLED}, "It is not registered."),
        ({"ends": timedelta(days=9)}, "Its certificate ends soon."),
        ({"ends": -timedelta(days=9)}, "Its certificate is expired."),
        ({"must_reregister": True}, "Asked to register again."),
        ({"state": VenState.REVOKED, "revoke_reason": "stolen"}, "stolen"),
    ],
)
def test_hints_say_what_is_wrong(world, made, words):
    ven = make_ven(world.here.distributor, "pump", world.here.home, **made)
    assert words in page(world.here.admin, f"{PAGE}/{ven.pk}")


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("The schema of OpenADR 2.0b refuses this message: line 3", "Its messages break the schema."),
        ("its time is too far off", "Its clock seems wrong."),
        ("used before", "It sends the same signed message twice."),
        ("signed with a certificate that is not pinned", "Its signatures are not taken."),
        ("something else", "Some of its messages were refused."),
    ],
)
def test_refused_messages_become_hints(world, ven, note, words):
    message(ven, 400, note)
    text = page(world.here.admin, f"{PAGE}/{ven.pk}")
    assert words in text
    assert note in text


def test_somebody_with_another_certificate_is_told_of(world, ven):
    message(None, 403, "no VEN with this venID and certificate", body=f"<venID>{ven.ven_id}</venID>")
    assert "Somebody names this VEN and is not taken for it." in page(world.here.admin, f"{PAGE}/{ven.pk}")


def test_a_ven_without_faults_is_well(world, ven):
    reporting(ven, ven.resources.get())
    text = page(world.here.admin, f"{PAGE}/{ven.pk}")
    assert "All is well." in text
    assert "1,234.00 W" in text
    assert "no: it names no resource" in text


def test_an_owner_who_is_not_approved_cuts_it_off(world):
    world.here.resident.approval_status = "rejected"
    world.here.resident.save()
    ven = make_ven(world.here.distributor, "pump", world.here.home, owner_id=world.here.resident.pk)
    assert "It is cut off with its owner." in page(world.here.admin, f"{PAGE}/{ven.pk}")


def test_who_no_longer_has_the_meter_is_named(world):
    ven = make_ven(world.here.distributor, "pump", world.here.home, owner_id=world.here.resident.pk)
    title, address = "Its owner does not have its meter.", f"{PAGE}/{ven.pk}"
    assert title not in page(world.here.admin, address)
    Resource.objects.create(ven=ven, name="gone", meter=world.here.school, ended_at=timezone.now())
    assert title not in page(world.here.admin, address)
    end_map(meter_map=MeterMap.objects.get(meter=world.here.home, entity=world.here.resident.pk), at=timezone.now())
    text = page(world.here.admin, address)
    assert title in text
    assert f"meter {world.here.home.number} now" in text


def test_what_it_said_when_it_registered_is_told_in_words(world, ven):
    ven.said = {
        "name": "Pump & Co", "profile": "2.0b", "transport": "simpleHttp", "address": "", "is_report_only": True,
        "signs": False, "older": {"x": 1},
    }  # fmt: skip
    ven.save()
    text = page(world.here.admin, f"{PAGE}/{ven.pk}")
    for words in ("Calls itself", "Pump &amp; Co", "Speaks OpenADR", "no, it only reports", "Says that it signs"):
        assert words in text
    for raw in ("is_report_only", "simpleHttp", "True", "False", "It says", "older", "Names as its own address"):
        assert raw not in text


def test_history_has_each_step_on_the_page_and_in_the_file(world, ven):
    event = coming_event(make_program(world.here, world.here.home))
    told(ven, event, DeliveryStep.DELIVERED, DeliveryStep.ACKNOWLEDGED, DeliveryStep.OPTED_IN, opt=Opt.IN)
    for address in (f"{PAGE}/{ven.pk}", f"{PAGE}/{ven.pk}/events", f"/ops/events/{event.pk}/devices"):
        text = page(world.here.admin, address)
        assert "Takes part" in text
        assert "Acknowledged" in text
    for address in (f"{PAGE}/{ven.pk}/events.csv", f"/ops/events/{event.pk}/devices.csv"):
        answer = browser(world.here.admin).get(address)
        rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
        assert [row["step"] for row in rows] == ["delivered", "acknowledged", "opted_in"]
        assert rows[0]["ven"] == "heat-pump-1"


def test_a_formula_as_a_name_is_no_formula_in_the_file(world):
    ven = make_ven(world.here.distributor, "=1+1", world.here.home)
    told(ven, coming_event(make_program(world.here, world.here.home)), DeliveryStep.DELIVERED)
    text = browser(world.here.admin).get(f"{PAGE}/{ven.pk}/events.csv").getvalue().decode()
    assert "\n=1" not in text


def test_opts_of_the_ven_are_told(world, ven):
    start = timezone.now() + timedelta(days=1)
    VenOpt.objects.create(
        ven=ven, opt_id="opt-1", opt_type="optOut", reason="notParticipating",
        spans=[[start.isoformat(), (start + timedelta(hours=2)).isoformat()]],
    )  # fmt: skip
    text = page(world.here.admin, f"{PAGE}/{ven.pk}")
    assert "notParticipating" in text
    assert "for 2 hours" in text


def test_power_of_the_day_is_summed_and_asked_for_again(world, ven):
    second = Resource.objects.create(ven=ven, name="charger", meter=world.here.school)
    samples(ven.resources.get(name="Hither-home"), [1000] * 30)
    samples(second, [500] * 30)
    answer = browser(world.here.auditor).get(f"{PAGE}/{ven.pk}/power")
    payload = json.loads(answer.content)
    assert answer["Live-Seconds"] == "10"
    assert [value for value in payload["sources"]["power"]["y"] if value is not None][-2] == 1.5
    assert payload["rows"][0][1:] == ["1.50", "1.50"]
    assert "1.00 kW" in page(world.here.auditor, f"{PAGE}/{ven.pk}")


def test_a_resource_that_measures_the_meter_whole_is_not_counted_twice(world, ven):
    whole = ven.resources.get()
    whole.is_source = True
    whole.save()
    part = Resource.objects.create(ven=ven, name="heater", meter=world.here.home)
    samples(whole, [3000] * 5)
    samples(part, [2000] * 5)
    payload = json.loads(browser(world.here.admin).get(f"{PAGE}/{ven.pk}/power").content)
    assert payload["rows"][0][1] == "3.00"


def test_the_log_is_searched(world, ven):
    other = make_ven(world.here.distributor, "charger")
    message(ven, 200, kind="oadrCreatedEvent", body="<a>green</a>")
    message(other, 400, "broken", body="<a>red</a>")
    admin = world.here.admin
    assert ">charger<" in page(admin, f"{PAGE}/messages")
    for query in (f"ven={ven.pk}", "name=heat", "kind=oadrCreatedEvent", "code=200", "find=green"):
        text = page(admin, f"{PAGE}/messages?{query}")
        assert ">charger<" not in text, query
        assert "oadrCreatedEvent" in text
    assert ">heat-pump-1<" not in page(admin, f"{PAGE}/messages?refused=1")
    tomorrow = (timezone.now() + timedelta(days=2)).date().isoformat()
    assert "None fits" in page(admin, f"{PAGE}/messages?since={tomorrow}")
    assert "kept for 30 days" in page(admin, f"{PAGE}/messages")


def test_text_of_all_devices_is_looked_for_in_two_days_only(world, ven):
    old = message(ven, body="<a>green</a>")
    type(old).objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=5))
    day = (timezone.now() - timedelta(days=5)).astimezone(world.here.distributor.zone).date()
    admin, words = world.here.admin, "looked for in two days"
    assert_found = {
        "find=green": False,
        f"find=green&since={day - timedelta(days=20)}": False,
        f"find=green&until={day + timedelta(days=1)}": True,
        f"find=green&ven={ven.pk}": True,
        "kind=": True,
    }
    for query, is_found in assert_found.items():
        text = page(admin, f"{PAGE}/messages?{query}")
        assert (f"messages/{old.pk}" in text) is is_found, query
        assert (words in text) is ("find" in query and "ven=" not in query), query
    narrow = f"find=green&since={day}&until={day}"
    assert words not in page(admin, f"{PAGE}/messages?{narrow}")


@pytest.mark.parametrize(
    "query", ["ven=x", "code=-1", "since=never", "page=9999", "ven=" + "9" * 30, "find=%00", "find=a&until=0001-01-01"]
)
def test_the_log_takes_no_harm_from_bad_filters(world, ven, query):
    message(ven)
    assert browser(world.here.admin).get(f"{PAGE}/messages?{query}").status_code == 200


def test_a_body_is_made_readable_and_never_runs(world, ven):
    row = message(ven, body="<a><b>&lt;script&gt;alert(1)&lt;/script&gt;</b></a>", answer="<script>alert(2)</script>")
    text = page(world.here.admin, f"{PAGE}/messages/{row.pk}")
    assert "&lt;a&gt;\n  &lt;b&gt;&amp;lt;script" in text
    assert "<script>alert" not in text


def test_what_could_harm_a_parser_is_shown_as_it_came():
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    assert pretty(bomb) == bomb
    assert pretty("") == ""
    assert pretty("<?xml version='1.0' encoding='UTF-8'?><a/>") == "<a/>\n"


def test_messages_of_nobody_are_the_platforms_alone(world, ven):
    row = message(None, 403, "unknown venID", body="<secret/>")
    assert "unknown venID" not in page(world.here.admin, f"{PAGE}/messages")
    assert browser(world.here.admin).get(f"{PAGE}/messages/{row.pk}").status_code == 404
    assert "unknown venID" in page(world.platform, f"{PAGE}/messages")
    assert browser(world.platform).get(f"{PAGE}/messages/{row.pk}").status_code == 200


def test_another_distributors_message_is_not_found(world):
    row = message(make_ven(world.there.distributor, "pump"))
    assert browser(world.here.admin).get(f"{PAGE}/messages/{row.pk}").status_code == 404
    assert browser(world.here.admin).get(f"{PAGE}/messages?ven={row.ven_id}").status_code == 404


def test_devices_of_an_event_are_filtered_by_answer(world, ven):
    event = coming_event(make_program(world.here, world.here.home))
    told(ven, event, DeliveryStep.DELIVERED)
    for name, fields in (("joins", {"opt": Opt.IN}), ("leaves", {"opt": Opt.OUT}), ("lost", {"unreachable": True})):
        told(make_ven(world.here.distributor, name), event, **fields)
    shown = {"in": "joins", "out": "leaves", "unreached": "lost", "pending": "heat-pump-1"}
    for asked, name in shown.items():
        text = page(world.here.admin, f"/ops/events/{event.pk}/devices?answer={asked}")
        assert [each for each in shown.values() if f">{each}<" in text] == [name]
