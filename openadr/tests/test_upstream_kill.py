"""A worker that is killed at any point of a poll: the next one finishes, nothing is done twice, nothing is lost."""

from datetime import timedelta

import pytest

from events.models import Event, EventState
from events.tests.world import next_span
from openadr.models import UpstreamEvent, UpstreamPolicy, UpstreamReport
from openadr.tests.upstream_world import OtherVtn, half_hours_ago, make_town, make_upstream, measure, poll_now
from openadr.upstream import polling, talk

pytestmark = pytest.mark.django_db
VEN = "ven-of-larkfield"


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL; what was committed stays, all else is gone."""


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture(scope="module")
def running():
    with OtherVtn() as vtn:
        yield vtn


def killing(monkeypatch, number, when):
    """Kills at the n-th exchange: before the VTN hears it, or after it has answered."""
    real, count = talk.exchange, iter(range(100))

    def exchange(*args):
        is_due = next(count) == number
        if is_due and when == "before":
            raise Killed
        said = real(*args)
        if is_due:
            raise Killed
        return said

    monkeypatch.setattr(talk, "exchange", exchange)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(8))
def test_killed_at_an_exchange(running, here, monkeypatch, number, when):
    """Query, create, offer reports, ask for events, poll, answer, agree on reports, report."""
    running.restart()
    town = make_town(here.distributor)
    upstream = make_upstream(town, running.port, UpstreamPolicy.SCHEDULE)
    start = next_span()[0]
    running.do("event", ven=VEN, id="peak", start=start.isoformat(), minutes=60)
    since = half_hours_ago(2)
    measure(town, since)
    monkeypatch.setattr("openadr.upstream.reports._begin", lambda *args: since)
    with monkeypatch.context() as patch:
        killing(patch, number, when)
        with pytest.raises(Killed):
            poll_now(upstream)
    for _number in range(2):
        assert poll_now(upstream).last_fault == ""
    [event] = Event.objects.all()
    assert event.state == EventState.NOTIFIED
    assert running.opts("peak")[-1] == (0, "optIn")
    assert UpstreamReport.objects.filter(ended_at=None).count() == 1
    assert UpstreamReport.objects.get(ended_at=None).sent_until == since + timedelta(minutes=30)
    told = running.all_of("values")
    # Said again only where the acknowledgement was lost, and then the same.
    assert told == [[[str(since), 4000.0]]] * (2 if (number, when) == (7, "after") else 1)


@pytest.mark.parametrize("step", ["absorb", "decide"])
def test_killed_between_hearing_and_deciding(running, here, monkeypatch, step):
    running.restart()
    upstream = poll_now(make_upstream(make_town(here.distributor), running.port, UpstreamPolicy.SCHEDULE))
    running.do("event", ven=VEN, id="peak", start=next_span()[0].isoformat(), minutes=60)
    real = getattr(polling, step)

    def killed_after(*args, **kwargs):
        real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(polling, step, killed_after)
        with pytest.raises(Killed):
            poll_now(upstream)
    poll_now(upstream)
    assert [event.state for event in Event.objects.all()] == [EventState.NOTIFIED]
    assert UpstreamEvent.objects.get().opt == "optIn"
    assert running.opts("peak")[-1] == (0, "optIn")
