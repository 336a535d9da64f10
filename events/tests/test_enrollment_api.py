"""Enrollments over REST."""

import pytest

from accounts.models import Scope
from events.agreement import terms_hash
from events.enrollment_api import EnrollmentViewSet
from events.models import Consent, Enrollment, EnrollmentState
from events.services import put_forward
from events.tests.test_api import call
from events.tests.test_joining import make_open, measured
from events.tests.world import make_program

pytestmark = pytest.mark.django_db
LIST = EnrollmentViewSet.as_view({"get": "list", "post": "create"})
DETAIL = EnrollmentViewSet.as_view({"get": "retrieve"})
PAUSE = EnrollmentViewSet.as_view({"post": "pause"})
RESUME = EnrollmentViewSet.as_view({"post": "resume"})
END = EnrollmentViewSet.as_view({"post": "end"})


def wish(program, meter, **more):
    return {"program": program.pk, "meter": meter.number, "terms_sha256": terms_hash(program.current), **more}


def test_a_resident_joins_with_the_hash_of_the_terms_and_the_consent_is_noted(here):
    program = make_open(here)
    measured(here.home, days=20)
    answer = call(LIST, "post", here.resident, wish(program, here.home, kw="1.5"))
    assert (answer.status_code, answer.data["state"], answer.data["nominated_kw"]) == (201, "active", "1.500")
    assert Consent.objects.get().given_by == here.resident
    assert "enough readings" in answer.data["readings"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"terms_sha256": None}, "Name the terms"),
        ({"terms_sha256": "0" * 64}, "changed while you read"),
        ({"meter": "none"}, "no meter of this number"),
        ({"kw": "-1"}, "greater than or equal to 0"),
        ({"kw": "NaN"}, "valid number"),
        ({"program": 999_999}, "does not exist"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_in_words(here, change, words):
    data = wish(make_open(here), here.home) | change
    answer = call(LIST, "post", here.resident, {name: value for name, value in data.items() if value is not None})
    assert answer.status_code == 400
    assert words in str(answer.data)
    assert not Enrollment.objects.exists()


def test_nobody_joins_with_a_meter_of_somebody_else(world):
    program = make_open(world.here)
    for meter in (world.here.neighbor_home, world.here.school, world.there.home):
        assert call(LIST, "post", world.here.resident, wish(program, meter)).status_code == 400
    assert call(LIST, "post", world.there.resident, wish(program, world.there.home)).status_code == 400
    assert not Enrollment.objects.exists()


def test_an_admin_enters_a_meter_and_it_goes_through_the_gate(here):
    program = make_open(here)
    data = {"program": program.pk, "meter": here.home.number}
    answer = call(LIST, "post", here.admin, data)
    assert (answer.status_code, answer.data["state"]) == (201, "applied")
    assert not Consent.objects.exists()
    again = call(LIST, "post", here.admin, data)
    assert (again.status_code, "already" in str(again.data)) == (400, True)


@pytest.mark.parametrize("role", ["member", "staff", "auditor"])
def test_who_only_reads_changes_nothing(here, role):
    program = make_program(here.distributor)
    row = Enrollment.objects.filter(program=program, meter=here.school).first() or put_forward(
        program=program, meter=here.school, kw=1, by=here.admin
    )
    user = getattr(here, role)
    assert call(DETAIL, "get", user, pk=row.pk).status_code == 200
    assert call(LIST, "post", user, wish(program, here.school)).status_code == 403
    assert [call(view, "post", user, pk=row.pk).status_code for view in (PAUSE, RESUME, END)] == [403] * 3
    row.refresh_from_db()
    assert row.ended_at is None


def test_one_pauses_goes_on_and_leaves_and_strangers_find_nothing(world):
    here = world.here
    program = make_program(here.distributor)
    row = Enrollment.objects.get(program=program, meter=here.home)
    for user in (world.there.resident, world.there.admin, here.neighbor):
        assert [call(view, "post", user, pk=row.pk).status_code for view in (PAUSE, RESUME, END)] == [404] * 3
    assert call(RESUME, "post", here.resident, pk=row.pk).status_code == 400
    assert call(PAUSE, "post", here.resident, pk=row.pk).data["state"] == "paused"
    assert call(RESUME, "post", here.resident, pk=row.pk).data["state"] == "active"
    assert call(END, "post", here.resident, pk=row.pk).data["ended_at"] is not None
    # What is over may have been another holder's: only the distributor goes on seeing it.
    assert call(DETAIL, "get", here.resident, pk=row.pk).status_code == 404
    assert call(DETAIL, "get", here.admin, pk=row.pk).status_code == 200


def test_lists_are_filtered_bounded_by_scope_and_of_fixed_cost(world, django_assert_max_num_queries):
    program = make_program(world.here.distributor)
    make_program(world.there.distributor, "Thither")
    with django_assert_max_num_queries(4):
        rows = call(LIST, "get", world.here.admin, path=f"/?program={program.pk}&state=active").data["results"]
    assert {row["program"] for row in rows} == {program.pk}
    assert [row["meter"] for row in rows] == sorted(row["meter"] for row in rows)
    admin = world.here.admin
    assert call(LIST, "get", admin, scopes=[Scope.EVENTS_READ]).status_code == 403
    assert call(LIST, "get", admin, scopes=[Scope.ENROLLMENTS_READ]).status_code == 200
    row = Enrollment.objects.filter(program=program).first()
    assert call(PAUSE, "post", admin, pk=row.pk, scopes=[Scope.ENROLLMENTS_READ]).status_code == 403
    assert call(PAUSE, "post", admin, pk=row.pk, scopes=[Scope.ENROLLMENTS_WRITE]).status_code == 200
    row.refresh_from_db()
    assert row.state == EnrollmentState.PAUSED
