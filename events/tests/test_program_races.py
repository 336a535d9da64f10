"""Joining, agreeing and publishing at once. Only MariaDB has two writers."""

import pytest

from common.errors import PortalError
from events import services
from events.agreement import terms_hash, unagreed
from events.errors import AlreadyIn, NoTerms, TermsChanged
from events.models import Consent, Enrollment
from events.services import Agreement
from events.tests.test_joining import REBATE, join, make_open, measured
from events.tests.world import make_terms
from tests.races.two import WAYS

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]
each_way = pytest.mark.parametrize("way", WAYS)


def race(way, first, second):
    """Both writers, neither of them refused by the database."""
    writers = WAYS[way](first, second)
    strange = [writer.refused for writer in writers if not isinstance(writer.refused, PortalError | None)]
    assert strange == []
    return writers


def refusals(writers):
    return [writer.refused for writer in writers if writer.refused is not None]


@each_way
def test_of_two_exclusive_programs_at_once_one_takes_the_meter_and_the_other_says_why(way, here):
    first, second = make_open(here, "A", is_exclusive=True), make_open(here, "B", is_exclusive=True)
    measured(here.home, days=20)
    writers = race(way, lambda: join(first, here.resident, here.home), lambda: join(second, here.resident, here.home))
    (refusal,) = refusals(writers)
    assert isinstance(refusal, AlreadyIn)
    assert "only one such program" in str(refusal)
    assert Enrollment.objects.get().state == "active"


@each_way
def test_an_operator_and_a_resident_at_once_take_a_meter_in_once(way, here):
    program = make_open(here)
    measured(here.home, days=20)
    writers = race(
        way,
        lambda: join(program, here.resident, here.home),
        lambda: services.put_forward(program=program, meter=here.home, by=here.admin),
    )
    assert [type(refusal) for refusal in refusals(writers)] == [AlreadyIn]
    assert Enrollment.objects.count() == 1


@each_way
def test_one_draft_published_twice_at_once_is_one_version(way, here):
    program = make_open(here)
    services.save_draft(program=program, terms=make_terms(**REBATE, points_per_kwh=7), by=here.admin)
    publish = lambda: services.publish_draft(program=program, by=here.admin)  # noqa: E731
    writers = race(way, publish, publish)
    assert [type(refusal) for refusal in refusals(writers)] == [NoTerms]
    assert list(program.versions.order_by("number").values_list("number", "points_per_kwh")) == [(1, 0), (2, 7)]


@each_way
def test_the_same_new_terms_from_two_sides_at_once_are_one_version(way, here):
    program = make_open(here)
    terms = make_terms(**REBATE, points_per_kwh=7)
    publish = lambda: services.publish_version(program=program, terms=terms, by=here.admin)  # noqa: E731
    writers = race(way, publish, publish)
    assert refusals(writers) == []
    assert program.versions.count() == 2


@each_way
def test_a_draft_changed_while_it_is_published_is_never_published_unseen(way, here):
    program = make_open(here)
    draft = services.save_draft(program=program, terms=make_terms(**REBATE, points_per_kwh=7), by=here.admin)
    draft.refresh_from_db()
    seen = terms_hash(draft)
    race(
        way,
        lambda: services.publish_draft(program=program, by=here.admin, seen=seen),
        lambda: services.save_draft(program=program, terms=make_terms(**REBATE, points_per_kwh=9), by=here.admin),
    )
    points = set(program.versions.published().values_list("points_per_kwh", flat=True))
    assert points <= {0, 7}


@each_way
def test_whoever_agrees_while_terms_are_published_agrees_to_what_they_read(way, here):
    program = make_open(here)
    measured(here.home, days=20)
    (row,) = join(program, here.resident, here.home)
    services.publish_version(program=program, terms=make_terms(**REBATE, points_per_kwh=7))
    read = terms_hash(program.current)
    writers = race(
        way,
        lambda: services.agree(enrollments=[row], agreement=Agreement(sha256=read), by=here.resident),
        lambda: services.publish_version(program=program, terms=make_terms(**REBATE, points_per_kwh=9)),
    )
    assert all(isinstance(refusal, TermsChanged) for refusal in refusals(writers))
    assert {consent.terms_sha256 for consent in Consent.objects.filter(version__number__gt=1)} <= {read}
    # In neither order has anybody agreed to what came in between.
    assert unagreed([Enrollment.objects.get()], program.current) == {row.pk}


@each_way
def test_two_who_end_and_pause_at_once_leave_one_ended_enrollment(way, here):
    program = make_open(here)
    measured(here.home, days=20)
    (row,) = join(program, here.resident, here.home)
    race(
        way,
        lambda: services.end_enrollment(enrollment=row, by=here.resident),
        lambda: services.pause_enrollment(enrollment=row, by=here.admin),
    )
    assert Enrollment.objects.get().ended_at is not None
