"""Times that do not count."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from meters.errors import ExclusionRefused
from meters.models import Exclusion, ExclusionKind, Feeder, Meter
from meters.services import (
    ExcludedSpan,
    add_exclusion,
    end_exclusion,
    exclude,
    excluded_spans,
    remove_exclusion,
    remove_exclusions,
)
from meters.tests.helpers import slot
from tests.builder import EPOCH, make_admin, make_distributor, make_meter

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


def excluded(meter, **fields):
    span = {"kind": "outage", "start": slot(0), "end": slot(4)} | fields
    return Exclusion(distributor_id=meter.distributor_id, meter=meter, **span)


def feeder_of(meter, name="North"):
    meter.feeder = Feeder.objects.create(distributor=meter.distributor, name=name)
    meter.save()
    return meter.feeder


def versions():
    return list(Meter.objects.order_by("pk").values_list("data_version", flat=True))


def test_feeders_are_excluded_like_meters(meters):
    north = feeder_of(meters[0])
    wanted = {"kind": ExclusionKind.TEST, "start": slot(0), "end": slot(4), "source": "s"}
    assert exclude(feeders=[north], meters=[meters[1]], **wanted) == 2
    assert exclude(feeders=[north], meters=meters, **wanted) == 1
    assert Exclusion.objects.filter(feeder=north).count() == 1


def test_a_span_tells_its_note(meters):
    add_exclusion(exclusion=excluded(meters[0], note="storm"), by=None)
    ((span,),) = [found for found in excluded_spans(meters=meters, start=slot(0), end=slot(1)).values() if found]
    assert span == ExcludedSpan(slot(0), slot(4), ExclusionKind.OUTAGE, "storm")


def test_spans_are_one_question_whoever_else_has_some(meters, django_assert_num_queries):
    feeder_of(meters[0])
    stranger = make_meter(meters[0].distributor)
    add_exclusion(exclusion=excluded(stranger), by=None)
    with django_assert_num_queries(1):
        assert excluded_spans(meters=meters, start=slot(0), end=slot(4)) == {meters[0].pk: [], meters[1].pk: []}


def test_who_enters_the_same_again_finds_it(meters):
    admin = make_admin(meters[0].distributor)
    first, is_new = add_exclusion(exclusion=excluded(meters[0], source="operator"), by=admin)
    again, is_new_again = add_exclusion(exclusion=excluded(meters[0], source="api"), by=admin)
    assert (is_new, is_new_again, again.pk) == (True, False, first.pk)
    assert first.created_by == admin
    _overlapping, is_new = add_exclusion(exclusion=excluded(meters[0], end=slot(5)), by=admin)
    assert (is_new, Exclusion.objects.count()) == (True, 2)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"end": slot(0)}, "after the start"),
        ({"end": slot(0) + timedelta(days=2000)}, "longer than five years"),
        ({"start": slot(0) - timedelta(days=366 * 40), "end": slot(0) - timedelta(days=366 * 39)}, "year cannot"),
        ({"kind": "event"}, "goes with the event"),
    ],
)
def test_what_cannot_be_meant_is_refused(meters, fields, sentence):
    with pytest.raises(ExclusionRefused, match=sentence):
        add_exclusion(exclusion=excluded(meters[0], **fields), by=None)
    assert not Exclusion.objects.exists()


def test_every_change_is_told_to_what_is_cached_and_to_the_history(meters):
    admin = make_admin(meters[0].distributor)
    north = feeder_of(meters[0])
    wanted = excluded(meters[0])
    wanted.meter, wanted.feeder = None, north
    row, _new = add_exclusion(exclusion=wanted, by=admin)
    assert versions() == [1, 0]
    end_exclusion(exclusion=row, end=slot(2), by=admin, reason="mended")
    assert (versions(), Exclusion.objects.get().end) == ([2, 0], slot(2))
    remove_exclusion(exclusion=row, by=admin, reason="typed wrongly")
    assert (versions(), Exclusion.objects.count()) == ([3, 0], 0)
    told = AuditEntry.objects.filter(act__startswith="exclusion.").order_by("pk")
    assert list(told.values_list("act", "actor_id", "reason")) == [
        ("exclusion.add", admin.pk, ""),
        ("exclusion.end", admin.pk, "mended"),
        ("exclusion.remove", admin.pk, "typed wrongly"),
    ]


@pytest.mark.parametrize("end", [slot(0), slot(4), slot(5)])
def test_an_end_is_only_moved_forward_in_it(meters, end):
    row, _new = add_exclusion(exclusion=excluded(meters[0]), by=None)
    with pytest.raises(ExclusionRefused, match="between"):
        end_exclusion(exclusion=row, end=end, by=make_admin(meters[0].distributor))


def test_what_an_event_made_is_ended_and_removed_by_the_event_alone(meters):
    admin = make_admin(meters[0].distributor)
    exclude(kind=ExclusionKind.EVENT, meters=[meters[0]], start=slot(0), end=slot(4), source="event 1")
    row = Exclusion.objects.get()
    with pytest.raises(ExclusionRefused):
        remove_exclusion(exclusion=row, by=admin)
    with pytest.raises(ExclusionRefused):
        end_exclusion(exclusion=row, end=slot(1), by=admin)
    assert Exclusion.objects.count() == 1


def test_what_is_gone_cannot_be_removed_again(meters):
    admin = make_admin(meters[0].distributor)
    row, _new = add_exclusion(exclusion=excluded(meters[0]), by=admin)
    remove_exclusion(exclusion=Exclusion.objects.get(), by=admin)
    with pytest.raises(Exclusion.DoesNotExist):
        remove_exclusion(exclusion=row, by=admin)


def test_customers_see_those_of_the_time_in_which_the_meter_was_theirs(world):
    here = world.here
    before = excluded(here.home, note="before", start=EPOCH - timedelta(days=2), end=EPOCH - timedelta(days=1))
    for row in (before, excluded(here.home, note="now"), excluded(here.neighbor_home, note="other")):
        add_exclusion(exclusion=row, by=None)

    def seen(user):
        return sorted(Exclusion.objects.visible_to(user).values_list("note", flat=True))

    assert seen(here.resident) == ["now"]
    assert seen(here.auditor) == ["before", "now", "other"]
    assert [seen(user) for user in (here.member, here.pending, world.there.admin)] == [[], [], []]
    assert Exclusion.objects.managed_by(here.admin).count() == 3
    assert not Exclusion.objects.managed_by(here.staff).exists()
