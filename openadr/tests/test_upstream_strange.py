"""What a VTN above says strangely, and what goes wrong here: one event, answer or report never stops the others."""

from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from events.models import Event
from events.tests.world import next_span
from openadr.models import Upstream, UpstreamEvent
from openadr.tests.upstream_world import OtherVtn, make_town, make_upstream, poll_now
from openadr.upstream import events, polling
from openadr.upstream.answers import to_answer
from openadr.upstream.attention import silent_upstreams
from openadr.upstream.events import absorb, sweep_events
from openadr.upstream.policy import decide
from openadr.upstream.reading import called, code_of
from openadr.vtn20b.names import EI, EMIX, OADR, PYLD, STRM, XCAL
from openadr.vtn20b.safe import kind_of, read_message

VEN = "ven-of-larkfield"

EVENT = """<oadr:oadrEvent><ei:eiEvent><ei:eventDescriptor><ei:eventID>{ref}</ei:eventID>
<ei:modificationNumber>{number}</ei:modificationNumber>
<ei:eiMarketContext><emix:marketContext>http://market</emix:marketContext></ei:eiMarketContext>
<ei:createdDateTime>2030-01-01T00:00:00Z</ei:createdDateTime><ei:eventStatus>{status}</ei:eventStatus>
<ei:vtnComment>{comment}</ei:vtnComment></ei:eventDescriptor><ei:eiActivePeriod><xcal:properties><xcal:dtstart>
<xcal:date-time>{start}</xcal:date-time></xcal:dtstart><xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration>
</xcal:properties><xcal:components/></ei:eiActivePeriod><ei:eiEventSignals><ei:eiEventSignal><strm:intervals>
<ei:interval><xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration><xcal:uid><xcal:text>0</xcal:text>
</xcal:uid><ei:signalPayload><ei:payloadFloat><ei:value>{level}</ei:value></ei:payloadFloat></ei:signalPayload>
</ei:interval></strm:intervals><ei:signalName>{signal}</ei:signalName><ei:signalType>level</ei:signalType>
<ei:signalID>s</ei:signalID></ei:eiEventSignal></ei:eiEventSignals><ei:eiTarget/></ei:eiEvent>
<oadr:oadrResponseRequired>always</oadr:oadrResponseRequired></oadr:oadrEvent>"""


def one(ref="peak", **said):
    values = {"number": 0, "status": "far", "comment": "", "start": "2030-01-05T10:00:00Z", "level": 1}
    return EVENT.format(ref=ref, **(values | {"signal": "SIMPLE"} | said))


def told(*parts, words="OK"):
    """A valid oadrDistributeEvent."""
    body = f"""<oadr:oadrPayload xmlns:oadr="{OADR}" xmlns:ei="{EI}" xmlns:pyld="{PYLD}" xmlns:xcal="{XCAL}"
        xmlns:strm="{STRM}" xmlns:emix="{EMIX}"><oadr:oadrSignedObject>
        <oadr:oadrDistributeEvent ei:schemaVersion="2.0b">
        <ei:eiResponse><ei:responseCode>200</ei:responseCode><ei:responseDescription>{words}</ei:responseDescription>
        <pyld:requestID>r</pyld:requestID></ei:eiResponse><pyld:requestID>r</pyld:requestID><ei:vtnID>v</ei:vtnID>
        {"".join(parts)}</oadr:oadrDistributeEvent></oadr:oadrSignedObject></oadr:oadrPayload>"""
    return kind_of(read_message(body.encode()))[1]


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture(scope="module")
def running():
    with OtherVtn() as vtn:
        yield vtn


@pytest.fixture
def vtn(running):
    running.restart()
    return running


@pytest.fixture
def town(here):
    return make_town(here.distributor)


def call(vtn, ref="peak-1", days=2):
    vtn.do("event", ven=VEN, id=ref, start=next_span(days)[0].isoformat(), minutes=60)


class TestReading:
    def test_line_ends_and_rare_blanks_of_free_texts_are_blanks(self):
        found = called(told(one(comment="Two\n\tlines\u00a0here"), words="All\nwell"))
        assert [each.details["comment"] for each in found.events] == ["Two lines here"]
        assert not found.unread
        assert code_of(told(one(), words="All\nwell")) == (200, "All well")

    @pytest.mark.parametrize(
        "said", [{"start": "9999-12-31T23:59:59Z"}, {"start": "0001-01-01T00:00:00Z"}, {"level": "INF"}]
    )
    def test_a_strange_event_leaves_the_others_readable(self, said):
        found = called(told(one("good"), one("strange", **said)))
        assert [each.ref for each in found.events] == ["good"]
        assert list(found.unread) == ["strange"]

    def test_an_id_that_cannot_be_kept_leaves_the_others_readable(self):
        found = called(told(one("x" * 129), one("good"), one("a\u00a0b")))
        assert [each.ref for each in found.events] == ["good"]
        assert len(found.unread) == 2

    def test_a_signal_name_with_a_rare_blank_is_a_name(self):
        assert called(told(one(signal="x-our\u00a0own"))).events[0].details["signals"] == ["x-our own"]


@pytest.mark.django_db
class TestUnread:
    def test_what_cannot_be_read_any_more_is_not_called_off(self, town):
        upstream = make_upstream(town, 1)
        absorb(upstream, called(told(one("a"), one("b"), one("c"))), request_id="r")
        absorb(upstream, called(told(one("a"), one("b", number=1, level="INF"))), request_id="r")
        states = dict(upstream.events.values_list("event_ref", "status"))
        assert states == {"a": "far", "b": "far", "c": "cancelled"}

    def test_its_page_says_so_and_the_others_go_on(self, vtn, town, monkeypatch):
        upstream = poll_now(make_upstream(town, vtn.port))
        call(vtn)
        real = polling.called

        def called_strangely(element):
            found = real(element)
            return found._replace(unread={"odd": "There is no such time."})

        monkeypatch.setattr(polling, "called", called_strangely)
        before = timezone.now()
        upstream = poll_now(upstream)
        assert upstream.last_fault.startswith("event_unread odd")
        assert upstream.next_poll_at - before < timedelta(seconds=10)
        assert vtn.opts("peak-1") == [(0, "optIn")]
        monkeypatch.undo()
        Upstream.objects.update(failing_since=timezone.now() - timedelta(minutes=4))
        assert poll_now(upstream).last_fault == ""

    def test_repeated_events_are_asked_for_no_further(self, town):
        upstream = make_upstream(town, 1)
        said = called(told(one()))
        assert absorb(upstream, said, request_id="r").is_news
        assert not absorb(upstream, said, request_id="r").is_news


@pytest.mark.django_db
class TestMistakes:
    def test_an_event_that_breaks_stops_no_other(self, vtn, town, monkeypatch):
        upstream = poll_now(make_upstream(town, vtn.port))
        call(vtn, "bad", days=2)
        call(vtn, "good", days=3)

        def breaking(pk):
            if UpstreamEvent.objects.get(pk=pk).event_ref == "bad":
                raise ZeroDivisionError
            return decide(pk)

        monkeypatch.setattr(polling, "decide", breaking)
        upstream = poll_now(upstream)
        assert vtn.opts("good") == [(0, "optIn")]
        assert vtn.opts("bad") == []
        assert upstream.last_fault.startswith("event_failed bad")
        assert UpstreamEvent.objects.get(event_ref="bad").note == "failed"
        monkeypatch.undo()
        assert poll_now(upstream).last_fault == ""
        assert vtn.opts("bad") == [(0, "optIn")]

    def test_what_was_decided_before_a_mistake_still_counts(self, town):
        upstream = make_upstream(town, 1)
        absorb(upstream, called(told(one())), request_id="r")
        UpstreamEvent.objects.update(note="stands|Too late.")
        assert polling._failed(UpstreamEvent.objects.get().pk).detail == "peak"
        assert UpstreamEvent.objects.get().note == "stands|Too late."

    @pytest.mark.parametrize("step", ["answer", "absorb"])
    def test_any_mistake_stands_on_its_page(self, vtn, town, here, monkeypatch, step):
        upstream = poll_now(make_upstream(town, vtn.port))
        call(vtn)

        def broken(*args, **kwargs):
            raise ZeroDivisionError

        monkeypatch.setattr(polling, step, broken)
        upstream = poll_now(upstream)
        assert upstream.last_fault.startswith("internal")
        assert upstream.failing_since is not None
        Upstream.objects.update(failing_since=timezone.now() - timedelta(minutes=11))
        assert silent_upstreams(here.admin)[0].count == 1

    def test_a_poll_that_takes_too_long_says_so(self, vtn, town, monkeypatch):
        upstream = make_upstream(town, vtn.port)

        def slow(*args, **kwargs):
            raise SoftTimeLimitExceeded

        monkeypatch.setattr(polling, "register", slow)
        assert poll_now(upstream).last_fault == "timeout"
        monkeypatch.undo()
        poll_now(upstream)
        call(vtn)
        monkeypatch.setattr(polling, "decide", slow)
        assert poll_now(upstream).last_fault == "timeout"
        assert UpstreamEvent.objects.get().note == ""


@pytest.mark.django_db
class TestTooMany:
    def test_a_vtn_fills_no_table(self, town, monkeypatch):
        monkeypatch.setattr(events, "MOST_OPEN", 3)
        upstream = make_upstream(town, 1)
        first = [one(f"e{number}") for number in range(3)]
        assert not absorb(upstream, called(told(*first)), request_id="r").too_many
        more = [*first, one("more")]
        assert absorb(upstream, called(told(*more)), request_id="r").too_many == 1
        assert upstream.events.count() == 3
        # A cancellation makes room.
        absorb(upstream, called(told(one("e0", status="cancelled", number=1), *more[1:])), request_id="r")
        assert upstream.events.count() == 4

    def test_nor_with_what_is_over(self, town, monkeypatch):
        monkeypatch.setattr(events, "MOST_A_DAY", 3)
        upstream = make_upstream(town, 1)
        over = [one(f"e{number}", start="2020-01-05T10:00:00Z") for number in range(5)]
        assert absorb(upstream, called(told(*over)), request_id="r").too_many == 2
        assert upstream.events.count() == 3

    def test_known_events_are_looked_up_by_name(self, town, django_assert_max_num_queries):
        upstream = make_upstream(town, 1)
        absorb(upstream, called(told(one("old", start="2020-01-05T10:00:00Z"))), request_id="r")
        again = told(one("old", start="2020-01-05T10:00:00Z"))
        assert not absorb(upstream, called(again), request_id="r").is_news
        assert upstream.events.count() == 1

    def test_what_ended_a_year_ago_is_removed(self, town):
        upstream = make_upstream(town, 1)
        absorb(upstream, called(told(one("old"), one("new"))), request_id="r")
        long_ago = timezone.now() - timedelta(days=366)
        UpstreamEvent.objects.filter(event_ref="old").update(start=long_ago - timedelta(hours=1), end=long_ago)
        assert sweep_events() == 1
        assert list(upstream.events.values_list("event_ref", flat=True)) == ["new"]


@pytest.mark.django_db
class TestMovedHere:
    def _drafted(self, town, policy="draft"):
        upstream = make_upstream(town, 1, policy)
        start = next_span()[0]
        absorb(upstream, called(told(one(start=f"{start:%Y-%m-%dT%H:%M:%SZ}"))), request_id="r")
        row = decide(UpstreamEvent.objects.get().pk)
        assert row.opt == "optIn"
        return row

    def _moved(self, row, by):
        Event.objects.filter(pk=row.event_id).update(
            start=row.event.start + by, end=row.event.end + by, modification_number=row.event.modification_number + 1
        )
        UpstreamEvent.objects.update(is_stale=True)
        return decide(row.pk)

    @pytest.mark.parametrize(("policy", "note"), [("draft", "draft"), ("schedule", "called")])
    def test_an_event_that_was_moved_here_does_not_take_part_above(self, town, policy, note):
        row = self._drafted(town, policy)
        moved = self._moved(row, timedelta(days=1))
        assert (moved.opt, moved.note) == ("optOut", "moved_here")
        assert to_answer(moved.upstream).count() == 1
        back = self._moved(moved, -timedelta(days=1))
        assert (back.opt, back.note) == ("optIn", note)

    def test_a_running_one_needs_only_the_rest(self, town):
        upstream = make_upstream(town, 1)
        started = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
        absorb(upstream, called(told(one(start=f"{started:%Y-%m-%dT%H:%M:%SZ}"))), request_id="r")
        row = decide(UpstreamEvent.objects.get().pk)
        assert row.event.start > timezone.now()
        assert row.note == "draft"
        assert row.opt == "optIn"
