"""The operators' page of times that do not count."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEntry
from meters.models import Exclusion, Feeder
from meters.services import add_exclusion, exclude

pytestmark = pytest.mark.django_db
START = datetime(2024, 7, 1, 16, tzinfo=UTC)  # noon in New York
PAGE = "/ops/outages"


@pytest.fixture
def admin(world):
    return signed_in(world.here.admin)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def entered(**changes):
    return {
        "kind": "outage",
        "feeder": "",
        "meter": "Hither-home",
        "start": "2024-07-01",
        "start_at": "12:00",
        "end": "2024-07-01",
        "end_at": "14:00",
        "note": "storm",
    } | changes


def outage(meter, **fields):
    span = {"start": START, "end": START + timedelta(hours=2)}
    values = {"kind": "outage", "note": "storm", "source": "operator", **span, **fields}
    row = Exclusion(distributor_id=meter.distributor_id, meter=meter, **values)
    return add_exclusion(exclusion=row, by=None)[0]


def test_an_outage_is_entered_on_the_distributors_clock(world, admin):
    answer = admin.post(PAGE, entered(), follow=True)
    row = Exclusion.objects.get()
    assert (row.start, row.end, row.meter) == (START, START + timedelta(hours=2), world.here.home)
    assert (row.created_by, row.source, row.note) == (world.here.admin, "operator", "storm")
    words = answer.content.decode()
    assert "Meter Hither-home: this time is now left out" in words
    assert "America/New_York" in words
    assert AuditEntry.objects.filter(act="exclusion.add", actor=world.here.admin).exists()


def test_the_same_twice_is_once(admin):
    for _time in range(2):
        answer = admin.post(PAGE, entered(), follow=True)
    assert "in the list already" in answer.content.decode()
    assert Exclusion.objects.count() == 1


def test_a_feeder_is_chosen_instead_of_a_meter(world, admin):
    north = Feeder.objects.get(distributor=world.here.distributor)
    admin.post(PAGE, entered(feeder=north.pk, meter=""))
    assert Exclusion.objects.get().feeder == north


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"meter": ""}, "Say which meter or which feeder."),
        ({"meter": "Thither-home"}, "There is no meter of this number."),
        ({"end_at": "12:00"}, "The end must be after the start."),
        ({"end": "2034-07-01"}, "longer than five years"),
        ({"start": "2024-03-10", "start_at": "02:30"}, "The clock skips this time"),
        ({"end": "2024-11-03", "end_at": "01:30"}, "The clock shows this time twice"),
        ({"kind": "event"}, "Select a valid choice"),
        ({"start": "never"}, "Enter a valid date"),
        ({"start": "9999-12-31", "end": "9999-12-31"}, "year cannot be right"),
    ],
)
def test_what_cannot_be_meant_is_told_in_words(admin, changes, words):
    answer = admin.post(PAGE, entered(**changes))
    assert (answer.status_code, Exclusion.objects.count()) == (200, 0)
    assert words in answer.content.decode()


def test_a_strangers_feeder_is_no_choice(world, admin):
    strange = Feeder.objects.get(distributor=world.there.distributor)
    assert admin.post(PAGE, entered(feeder=strange.pk, meter="")).status_code == 200
    assert not Exclusion.objects.exists()
    assert admin.get(f"{PAGE}?feeder={strange.pk}").status_code == 404


def test_the_list_is_found_by_place_kind_and_time(world, admin):
    here = world.here
    outage(here.home)
    outage(here.school, kind="idle", start=START + timedelta(days=9), end=START + timedelta(days=12))
    exclude(kind="event", meters=[here.neighbor_home], start=START, end=START + timedelta(hours=1), source="event 1")

    def listed(query=""):
        return [row["cells"][2]["text"] for row in admin.get(PAGE + query).context["rows"]]

    home, school, next_door = "Meter Hither-home", "Meter Hither-school", "Meter Hither-next"
    assert listed() == [school, home]
    assert listed("?kind=event") == [next_door]
    assert listed("?kind=idle") == [school]
    assert listed("?meter=hither-h") == [home]
    assert listed("?since=2024-07-02") == [school]
    assert listed("?until=2024-07-01") == [home]
    assert listed("?since=2024-07-11&until=2024-07-11") == [school]
    assert listed("?since=never&kind=what") == [school, home]


def test_the_list_takes_the_same_queries_however_long(world, admin, django_assert_max_num_queries):
    outage(world.here.home)
    with django_assert_max_num_queries(40) as few:
        admin.get(PAGE)
    for number in range(5):
        outage(world.here.school, start=START - timedelta(days=number + 1))
    with django_assert_max_num_queries(len(few.captured_queries)):
        admin.get(PAGE)


def test_those_who_only_read_see_the_list_and_no_form(world):
    row = outage(world.here.home)
    for reader in (world.here.staff, world.here.auditor):
        client = signed_in(reader)
        words = client.get(PAGE).content.decode()
        assert "storm" in words
        assert "Enter one" not in words
        assert client.get(f"{PAGE}/{row.pk}").status_code == 200
        assert client.post(PAGE, entered()).status_code == 403
        assert client.post(f"{PAGE}/{row.pk}", {"action": "remove"}).status_code == 403
        assert client.post(f"{PAGE}/file").status_code == 403
    assert Exclusion.objects.count() == 1


def test_what_is_removed_can_be_put_back(world, admin):
    row = outage(world.here.home)
    answer = admin.post(f"{PAGE}/{row.pk}", {"action": "remove", "reason": "typed wrongly"})
    assert not Exclusion.objects.exists()
    entry = AuditEntry.objects.get(act="exclusion.remove")
    assert (entry.actor, entry.reason) == (world.here.admin, "typed wrongly")
    assert "Undo" in admin.get(answer.url).content.decode()
    ticket = parse_qs(urlsplit(answer.url).query)["removed"][0]
    words = admin.post(PAGE, {"action": "undo", "ticket": ticket}, follow=True).content.decode()
    assert "It is back" in words
    back = Exclusion.objects.get()
    assert (back.meter, back.start, back.end, back.note) == (row.meter, row.start, row.end, row.note)
    admin.post(PAGE, {"action": "undo", "ticket": ticket})
    assert Exclusion.objects.count() == 1


def test_a_ticket_is_good_only_as_it_was_given_and_where(world, admin):
    row = outage(world.here.home)
    answer = admin.post(f"{PAGE}/{row.pk}", {"action": "remove"})
    ticket = parse_qs(urlsplit(answer.url).query)["removed"][0]
    assert "Undo" not in admin.get(f"{PAGE}?removed=nonsense").content.decode()
    admin.post(PAGE, {"action": "undo", "ticket": ticket[:-1] + "x"})
    signed_in(world.there.admin).post(PAGE, {"action": "undo", "ticket": ticket})
    assert not Exclusion.objects.exists()


def test_an_outage_that_was_over_sooner_gets_an_earlier_end(world, admin):
    row = outage(world.here.home)
    page = f"{PAGE}/{row.pk}"
    assert 'value="14:00"' in admin.get(page).content.decode()
    late = admin.post(page, {"end": "2024-07-01", "end_at": "15:00"})
    assert "between the start and the present end" in late.content.decode()
    admin.post(page, {"end": "2024-07-01", "end_at": "13:00", "reason": "mended"})
    assert Exclusion.objects.get().end == START + timedelta(hours=1)


def test_what_an_event_made_is_only_shown(world, admin):
    exclude(kind="event", meters=[world.here.home], start=START, end=START + timedelta(hours=1), source="event 1")
    page = f"{PAGE}/{Exclusion.objects.get().pk}"
    assert "belongs to an event" in admin.get(page).content.decode()
    assert admin.post(page, {"action": "remove"}).status_code == 403
    assert admin.get(f"{PAGE}/{10**6}").status_code == 404


def test_a_strangers_outage_is_not_found(world, admin):
    row = outage(world.there.home)
    assert admin.get(f"{PAGE}/{row.pk}").status_code == 404
    assert admin.post(f"{PAGE}/{row.pk}", {"action": "remove"}).status_code == 404
    assert Exclusion.objects.count() == 1


def upload(client, text, **more):
    return client.post(f"{PAGE}/file", {"file": SimpleUploadedFile("list.csv", text.encode())} | more)


GOOD = "meter,start,end\nHither-home,2024-07-01T12:00,2024-07-01T14:00\n"


def test_a_file_is_read_and_what_is_wrong_in_it_is_listed(world, admin):
    words = upload(admin, GOOD + "nobody,2024-07-01T12:00,2024-07-01T14:00\n").content.decode()
    assert "New: 1. In the list already: 0. Left out: 1." in words
    assert "Row 3 nobody: there is no meter of this name" in words
    assert Exclusion.objects.get().created_by == world.here.admin


def test_a_file_can_be_checked_before(admin):
    words = upload(admin, GOOD, only_check="on").content.decode()
    assert "Nothing is stored" in words
    assert not Exclusion.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty"), ("a,b\n1,2\n", "is not known"), ("x" * 5_000_001, "larger than 5 MB")]
)
def test_a_file_that_is_none_is_refused_in_words(admin, text, words):
    assert words in upload(admin, text).content.decode()
    assert not Exclusion.objects.exists()
