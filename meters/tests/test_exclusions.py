"""Times that do not count."""

import pytest

from meters.models import Exclusion, ExclusionKind, Feeder
from meters.services import ExcludedSpan, exclude, excluded_spans, remove_exclusions
from meters.tests.helpers import slot
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def meters():
    distributor = make_distributor()
    return [make_meter(distributor), make_meter(distributor)]


def test_excluding_twice_is_once(meters):
    wanted = {"kind": ExclusionKind.EVENT, "start": slot(0), "end": slot(4), "source": "event 1"}
    assert exclude(meters=meters[:1], **wanted) == 1
    assert exclude(meters=meters, **wanted) == 1
    assert Exclusion.objects.count() == 2


def test_spans_are_found_where_they_touch_and_in_order(meters):
    first, second = meters
    exclude(kind=ExclusionKind.OUTAGE, meters=[first], start=slot(6), end=slot(8), source="b")
    exclude(kind=ExclusionKind.EVENT, meters=meters, start=slot(0), end=slot(4), source="a")
    found = excluded_spans(meters=meters, start=slot(3), end=slot(7))
    event = ExcludedSpan(slot(0), slot(4), ExclusionKind.EVENT)
    assert found == {
        first.pk: [event, ExcludedSpan(slot(6), slot(8), ExclusionKind.OUTAGE)],
        second.pk: [event],
    }
    assert excluded_spans(meters=meters, start=slot(4), end=slot(6)) == {first.pk: [], second.pk: []}


def test_an_outage_of_a_feeder_counts_for_its_meters(meters):
    first, second = meters
    first.feeder = Feeder.objects.create(distributor=first.distributor, name="North")
    first.save()
    Exclusion.objects.create(
        distributor=first.distributor, kind="outage", feeder=first.feeder, start=slot(0), end=slot(1)
    )
    found = excluded_spans(meters=meters, start=slot(0), end=slot(9))
    assert [len(found[first.pk]), len(found[second.pk])] == [1, 0]


def test_what_a_source_wrote_can_be_removed_and_nothing_else(meters):
    for source in ("event 1", "event 2"):
        exclude(kind=ExclusionKind.EVENT, meters=meters, start=slot(0), end=slot(4), source=source)
    assert remove_exclusions(source="event 1") == 2
    assert set(Exclusion.objects.values_list("source", flat=True)) == {"event 2"}
    with pytest.raises(ValueError, match="source"):
        remove_exclusions(source="")


def test_an_exclusion_without_length_is_misuse(meters):
    with pytest.raises(ValueError, match="after its start"):
        exclude(kind=ExclusionKind.EVENT, meters=meters, start=slot(1), end=slot(1), source="event 1")
