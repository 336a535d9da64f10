"""Calendar files, read back by a strict reader of RFC 5545."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import ApprovalStatus
from accounts.services import set_approval
from events.calendar import Entry, calendar_file, escaped, folded
from events.feeds import end_feed, make_feed
from events.models import CalendarFeed, ParticipationState
from events.services import cancel_event, opt_out
from events.tests.world import make_announced, make_draft, make_program
from tests.builder import make_world

START = datetime(2026, 7, 22, 20, tzinfo=UTC)
NAME = re.compile(r"[A-Z-]+")


def read(content):
    """Components as (name, {property: value}, children); whatever the standard forbids is an error."""
    text = content.decode("utf-8")
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    lines = text[:-2].split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    unfolded = []
    for line in lines:
        if line.startswith(" "):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    stack, roots = [], []
    for line in unfolded:
        head, colon, value = line.partition(":")
        name = head.split(";")[0]
        assert colon, line
        assert NAME.fullmatch(name), line
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value), line
        if name == "BEGIN":
            part = (value, {}, [])
            (stack[-1][2] if stack else roots).append(part)
            stack.append(part)
        elif name == "END":
            assert stack.pop()[0] == value
        else:
            assert name not in stack[-1][1], f"{name} twice"
            stack[-1][1][name] = value
    assert not stack
    (root,) = roots
    assert root[0] == "VCALENDAR"
    assert root[1]["VERSION"] == "2.0"
    assert root[1]["PRODID"]
    for kind, values, _alarms in root[2]:
        assert kind == "VEVENT"
        assert {"UID", "DTSTAMP", "DTSTART"} <= set(values)
        assert all(re.fullmatch(r"\d{8}T\d{6}Z", values[name]) for name in ("DTSTAMP", "DTSTART", "DTEND"))
    return root


def unescaped(value):
    return re.sub(r"\\([\\;,nN])", lambda found: {"n": "\n", "N": "\n"}.get(found[1], found[1]), value)


def entry(**fields):
    values = {
        "uid": "event-1@portal",
        "sequence": 3,
        "changed_at": START,
        "start": START,
        "end": START + timedelta(hours=2),
        "summary": "Use less",
        "description": "",
        "url": "https://portal.example/events/1",
        "alarm": timedelta(hours=1),
    }
    return Entry(**(values | fields))


@given(st.text(max_size=300))
def test_any_text_comes_back_as_it_was(text):
    ((_kind, values, _alarms),) = read(calendar_file([entry(summary=text)], name="x"))[2]
    kept = "".join(sign for sign in text if sign in "\n\t" or (sign >= " " and sign != "\x7f"))
    assert unescaped(values["SUMMARY"]) == kept


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=400))
def test_folding_keeps_every_line_short_and_loses_nothing(line):
    pieces = folded(line).split("\r\n")
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == line


def test_a_line_break_in_a_name_makes_no_property():
    assert escaped("a\r\nSTATUS:CANCELLED") == "a\\nSTATUS:CANCELLED"


@pytest.mark.parametrize(("fields", "alarms"), [({}, 1), ({"is_cancelled": True}, 0), ({"is_off": True}, 0)])
def test_only_what_asks_for_something_speaks_up(fields, alarms):
    ((_kind, values, found),) = read(calendar_file([entry(**fields)], name="x"))[2]
    assert len(found) == alarms
    assert values["STATUS"] == ("CANCELLED" if fields.get("is_cancelled") else "CONFIRMED")


@pytest.mark.django_db
class TestFeed:
    @pytest.fixture
    def world(self):
        return make_world()

    @pytest.fixture
    def event(self, world):
        return make_announced(make_program(world.here.distributor))

    def events(self, secret):
        answer = Client().get(f"/calendar/{secret}.ics")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        return [values for _kind, values, _alarms in read(answer.content)[2]]

    def test_it_holds_the_own_events_and_nobody_elses_meters(self, world, event):
        make_draft(event.program, days=3)
        make_announced(make_program(world.there.distributor))
        (values,) = self.events(make_feed(user=world.here.resident))
        assert values["UID"] == f"event-{event.pk}@testserver"
        assert values["SEQUENCE"] == str(event.modification_number)
        assert values["DTSTART"] == f"{event.start.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        assert world.here.home.label in values["DESCRIPTION"]
        assert world.here.school.label not in values["DESCRIPTION"]

    def test_a_member_reads_the_organizations_events(self, world, event):
        (values,) = self.events(make_feed(user=world.here.member))
        assert world.here.school.label in values["DESCRIPTION"]

    def test_a_change_raises_the_sequence_and_keeps_the_uid(self, world, event):
        secret = make_feed(user=world.here.resident)
        (before,) = self.events(secret)
        cancel_event(event=event, reason="It rains.")
        (after,) = self.events(secret)
        assert (after["UID"], after["STATUS"]) == (before["UID"], "CANCELLED")
        assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])

    def test_what_is_skipped_takes_no_time(self, world, event):
        opt_out(participation=event.participations.get(meter=world.here.home), by=world.here.resident)
        (values,) = self.events(make_feed(user=world.here.resident))
        assert values["TRANSP"] == "TRANSPARENT"

    def test_who_is_held_out_reads_nothing(self, world, event):
        event.participations.filter(meter=world.here.home).update(state=ParticipationState.HELD_OUT)
        assert self.events(make_feed(user=world.here.resident)) == []

    def test_only_a_digest_is_kept_and_a_new_address_ends_the_old_one(self, world):
        first = make_feed(user=world.here.resident)
        assert first not in str(CalendarFeed.objects.values())
        second = make_feed(user=world.here.resident)
        assert Client().get(f"/calendar/{first}.ics").status_code == 404
        self.events(second)
        end_feed(user=world.here.resident)
        assert Client().get(f"/calendar/{second}.ics").status_code == 404

    def test_an_account_that_may_not_be_used_reads_nothing(self, world):
        secret = make_feed(user=world.here.resident)
        set_approval(user=world.here.resident, status=ApprovalStatus.REJECTED, by=world.here.admin)
        assert Client().get(f"/calendar/{secret}.ics").status_code == 404

    def test_one_event_is_a_file_for_whoever_is_asked(self, world, event, client):
        client.force_login(world.here.resident)
        answer = client.get(f"/events/{event.pk}/event.ics")
        assert len(read(answer.content)[2]) == 1
        client.force_login(world.there.resident)
        assert client.get(f"/events/{event.pk}/event.ics").status_code == 404
