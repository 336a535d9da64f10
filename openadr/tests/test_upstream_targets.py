"""Which of a program's targets the events of a VTN above ask."""

import pytest

from events.models import Event
from events.selectors import targets_of
from events.targets import EVERYBODY, Targets
from openadr.models import Upstream, UpstreamEvent
from openadr.services.upstream import BadUpstream
from openadr.tests.test_upstream_strange import one, told
from openadr.tests.upstream_world import make_town, make_upstream
from openadr.upstream.events import absorb
from openadr.upstream.policy import decide
from openadr.upstream.reading import called

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture
def town(here):
    return make_town(here.distributor)


def taken(upstream):
    absorb(upstream, called(told(one())), request_id="r")
    return decide(UpstreamEvent.objects.get().pk)


def test_everybody_is_asked_where_nothing_was_chosen(town):
    assert targets_of(taken(make_upstream(town, 1)).event) == EVERYBODY


def test_only_those_who_were_chosen_are_asked(town, here):
    whole = taken(make_upstream(town, 1)).event.expected_kw
    UpstreamEvent.objects.all().delete()
    Event.objects.all().delete()
    chosen = f"organization-{here.organization.pk}"
    row = taken(make_upstream(town, 1, name="Second", targets=[chosen]))
    assert targets_of(row.event) == Targets(organizations=frozenset({here.organization.pk}))
    assert row.event.expected_kw < whole


def test_a_change_above_leaves_whom_it_asks(town, here):
    chosen = f"organization-{here.organization.pk}"
    upstream = make_upstream(town, 1, targets=[chosen])
    taken(upstream)
    absorb(upstream, called(told(one(number=1, start="2030-01-05T12:00:00Z"))), request_id="r")
    row = decide(UpstreamEvent.objects.get().pk)
    assert row.event.start.hour == 12
    assert targets_of(row.event) == Targets(organizations=frozenset({here.organization.pk}))


def test_another_distributors_targets_are_refused(town, world):
    with pytest.raises(BadUpstream) as refusal:
        make_upstream(town, 1, targets=[f"organization-{world.there.organization.pk}"])
    assert refusal.value.field == "targets"


def test_a_target_that_is_gone_calls_nobody_else(town):
    upstream = make_upstream(town, 1)
    Upstream.objects.update(targets=["group-999"])
    row = taken(upstream)
    assert row.event is None
    assert row.note.startswith("refused|")
    assert row.opt == "optOut"
