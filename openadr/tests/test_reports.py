"""What VENs offer is kept, what is wanted of it is asked for, and requests outlive restarts of both sides."""

from datetime import timedelta

import pytest
from django.utils import timezone

from meters.models import ReadingKind
from openadr.models import Measure, Report, ReportPoint, ReportRequest, RequestState, Resource
from openadr.services import reports
from openadr.services.pending import vens_with_messages
from openadr.services.planning import Offered, clamped, part_of, wishes_of
from openadr.services.registration import note_our_reports
from openadr.services.requests import wishes_of_ven
from openadr.tests.devices import code_of, interval, make_ven, metadata, offer, say, send, sent, slot
from openadr.vtn20b.names import NS
from openadr.vtn20b.pending import next_message

OK = {"response_code": 200, "response_description": "OK", "request_id": "1"}
ENERGY = {"energy": ("energy_real", "house")}


@pytest.fixture
def ven(here):
    ven = make_ven(here.distributor, here.home)
    note_our_reports(ven_pk=ven.pk)
    return ven


def asked(reply):
    """Specifier -> seconds and rIDs, of each request in an answer."""
    found = []
    for each in sent(reply).iterfind("oadr:oadrReportRequest", NS):
        specifier = each.find("ei:reportSpecifier", NS)
        r_ids = [r_id.text for r_id in each.iterfind(".//ei:rID", NS)]
        paths = ("ei:reportSpecifierID", "xcal:granularity/xcal:duration", "ei:reportBackDuration/xcal:duration")
        found.append((*(specifier.findtext(path, namespaces=NS) for path in paths), r_ids))
    return found


def created(ven, *request_ids, code=200):
    pending = [{"report_request_id": each} for each in request_ids]
    return say(ven, "oadrCreatedReport", response=OK | {"response_code": code}, pending_reports=pending)


def states():
    return list(ReportRequest.objects.order_by("pk").values_list("state", flat=True))


def open_ids():
    return list(ReportRequest.objects.exclude(state="ended").order_by("pk").values_list("request_id", flat=True))


def test_energy_is_wanted_at_the_meters_interval_and_power_often(ven):
    usage = metadata(energy=("energy_real", "house"), watts=("power_real", "heat-pump"))
    status = metadata("TELEMETRY_STATUS", "status", s=("status", "heat-pump"))
    assert sorted(asked(offer(ven, usage, status))) == [
        ("status", "PT1M", "PT1M", ["s"]),
        ("usage", "PT10S", "PT10S", ["watts"]),
        ("usage", "PT30M", "PT30M", ["energy"]),
    ]
    assert states() == [RequestState.ASKED] * 3


def test_what_is_offered_is_kept(ven, here):
    offer(ven, metadata(**{"007": ("energy_real", "house", {"scale": "k", "limits": (60, 7200)})}))
    point = ReportPoint.objects.get()
    assert (point.r_id, point.measure, point.quantity, point.unit, point.exponent) == (
        "007", Measure.ENERGY, "energyReal", "kWh", 3,
    )  # fmt: skip
    assert (point.min_seconds, point.max_seconds, point.resource.name) == (60, 7200, "house")
    assert point.report.name == "TELEMETRY_USAGE"


def test_ids_that_differ_by_case_alone_are_two(ven):
    reply = offer(ven, metadata(a=("voltage", "house"), A=("voltage", "heat-pump")), metadata(specifier="Usage"))
    assert code_of(reply) == "200"
    assert set(ReportPoint.objects.values_list("r_id", flat=True)) == {"a", "A"}
    assert Report.objects.count() == 2


def test_an_unknown_resource_is_kept_and_shown_but_not_asked_for(ven):
    assert asked(offer(ven, metadata(energy=("energy_real", "garage")))) == []
    point = ReportPoint.objects.get()
    assert (point.resource, point.resource_name) == (None, "garage")
    assert "no resource" in str(wishes_of_ven(ven_pk=ven.pk)[0].why_not)


def test_a_point_without_a_name_is_the_only_resources(here):
    ven = make_ven(here.distributor)
    Resource.objects.create(ven=ven, name="all", meter=here.home, is_source=True)
    offer(ven, metadata(energy=("energy_real", "")))
    assert ReportPoint.objects.get().resource.name == "all"


@pytest.mark.parametrize(
    ("limits", "wanted"), [((10, 3600), "PT30M"), ((10, 900), "PT15M"), ((10, 700), "PT10M"), ((0, 0), "PT30M")]
)
def test_energy_is_asked_for_as_the_ven_can_give_it(ven, limits, wanted):
    reply = offer(ven, metadata(energy=("energy_real", "house", {"limits": limits})))
    assert [row[1] for row in asked(reply)] == [wanted]


def test_energy_that_cannot_fit_is_not_asked_for_and_the_operator_sees_why(ven):
    assert asked(offer(ven, metadata(energy=("energy_real", "house", {"limits": (3600, 7200)})))) == []
    assert "do not fit" in str(wishes_of_ven(ven_pk=ven.pk)[0].why_not)


def test_a_register_is_not_asked_for(ven, here):
    here.home.reading_kind = ReadingKind.REGISTER
    here.home.save()
    assert asked(offer(ven, metadata(**ENERGY))) == []


def test_mean_power_alone_is_wanted_for_each_interval_too(ven):
    mean = {"reading_type": "Mean"}
    assert [row[1] for row in asked(offer(ven, metadata(w=("power_real", "house", mean))))] == ["PT10S", "PT30M"]
    with_energy = metadata(w=("power_real", "house", mean), **ENERGY)
    assert sorted(row[1:] for row in asked(offer(ven, with_energy))) == [
        ("PT10S", "PT10S", ["w"]), ("PT30M", "PT30M", ["energy"]),
    ]  # fmt: skip


def test_history_is_not_asked_for(ven):
    assert asked(offer(ven, metadata("HISTORY_USAGE", **ENERGY))) == []


def test_the_same_reports_again_keep_the_requests(ven):
    first = offer(ven, metadata(**ENERGY))
    created(ven, *open_ids())
    ids = open_ids()
    again = offer(ven, metadata(**ENERGY))
    assert asked(again) == asked(first)
    assert open_ids() == ids
    assert states() == [RequestState.RUNNING]


def test_other_reports_end_the_old_ones(ven):
    offer(ven, metadata(specifier="old", **ENERGY))
    old = open_ids()
    offer(ven, metadata(specifier="new", **ENERGY))
    assert states() == [RequestState.ENDED, RequestState.ASKED]
    assert Report.objects.get(specifier_id="old").ended_at is not None
    assert code_of(send(ven, old[0], interval("energy", slot(), 1))) == "452"
    offer(ven, metadata(specifier="old", **ENERGY))
    assert Report.objects.get(specifier_id="old").ended_at is None


def test_reports_that_are_named_anew_at_each_start_do_not_pile_up(ven, monkeypatch):
    monkeypatch.setattr(reports, "MOST_ENDED", 2)
    for number in range(5):
        offer(ven, metadata(**{f"energy{number}": ("energy_real", "house")}, specifier=f"usage{number}"))
    kept = Report.objects.order_by("pk").values_list("specifier_id", "ended_at")
    assert [(name, ended is None) for name, ended in kept] == [("usage2", False), ("usage3", False), ("usage4", True)]
    assert len(open_ids()) == 1


def test_a_point_that_is_gone_is_forgotten(ven):
    offer(ven, metadata(v=("voltage", "house"), **ENERGY))
    offer(ven, metadata(**ENERGY))
    assert [point.r_id for point in ReportPoint.objects.all()] == ["energy"]
    assert [row[3] for row in asked(offer(ven, metadata(**ENERGY)))] == [["energy"]]


@pytest.mark.parametrize(
    "offered",
    [
        [metadata(**ENERGY), metadata(**ENERGY)],
        [metadata(specifier="x" * 129, **ENERGY)],
        [metadata(specifier=" ", **ENERGY)],
        [metadata(**{"r" * 129: ("voltage", "house")})],
        [metadata(a=("voltage", "r" * 129))],
    ],
    ids=["twice", "long specifier", "no specifier", "long rID", "long resource"],
)
def test_what_cannot_be_kept_is_refused_whole(ven, offered):
    assert code_of(offer(ven, *offered)) in ("452", "454")
    assert not Report.objects.exists()


def test_an_empty_registration_ends_all(ven):
    offer(ven, metadata(**ENERGY))
    assert asked(offer(ven)) == []
    assert states() == [RequestState.ENDED]


def test_a_request_without_answer_is_asked_again_but_not_for_ever(ven):
    offer(ven, metadata(**ENERGY))
    assert next_message(ven_pk=ven.pk) is None  # it was told just now
    assert vens_with_messages(None) == {ven.pk}
    ReportRequest.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    reply = next_message(ven_pk=ven.pk)
    assert reply.kind == "oadrCreateReport"
    assert [row[3] for row in asked(reply)] == [["energy"]]
    ReportRequest.objects.update(asked_at=timezone.now() - timedelta(minutes=2), asks=reports.MOST_ASKS)
    assert next_message(ven_pk=ven.pk) is None
    assert vens_with_messages(None) == set()


def test_a_request_runs_when_the_ven_agrees(ven):
    offer(ven, metadata(**ENERGY))
    assert code_of(created(ven, *open_ids(), "somebody-elses", "x" * 500)) == "200"
    assert states() == [RequestState.RUNNING]
    assert vens_with_messages(None) == set()


def test_a_refusing_ven_agrees_to_nothing(ven):
    offer(ven, metadata(**ENERGY))
    created(ven, *open_ids(), code=452)
    assert states() == [RequestState.ASKED]


def test_a_ven_cannot_answer_for_another(ven, world, here):
    other = make_ven(world.there.distributor, world.there.home)
    offer(ven, metadata(**ENERGY))
    created(other, *open_ids())
    assert states() == [RequestState.ASKED]
    cancel = say(other, "oadrCancelReport", report_request_id=open_ids()[0], report_to_follow=False)
    assert code_of(cancel) == "452"
    assert code_of(send(other, open_ids()[0], interval("energy", slot(), 1))) == "452"
    assert states() == [RequestState.ASKED]


def test_a_ven_ends_a_report(ven):
    offer(ven, metadata(watts=("power_real", "heat-pump"), **ENERGY))
    created(ven, *open_ids())
    first, second = open_ids()
    reply = say(ven, "oadrCancelReport", report_request_id=first, report_to_follow=False)
    assert [each.text for each in sent(reply).iterfind(".//ei:reportRequestID", NS)] == [second]
    assert open_ids() == [second]


def test_a_resource_that_comes_later_is_asked_for_at_the_next_poll(here):
    ven = make_ven(here.distributor)
    note_our_reports(ven_pk=ven.pk)
    offer(ven, metadata(energy=("energy_real", "house"), v=("voltage", "garden")))
    assert next_message(ven_pk=ven.pk) is None
    house = Resource.objects.create(ven=ven, name="house", meter=here.home, is_source=True)
    reports.replan_reports(ven_pk=ven.pk)
    assert asked(next_message(ven_pk=ven.pk)) == [("usage", "PT30M", "PT30M", ["energy"])]
    created(ven, *open_ids())
    Resource.objects.filter(pk=house.pk).update(ended_at=timezone.now())
    reports.replan_reports(ven_pk=ven.pk)
    told = sent(next_message(ven_pk=ven.pk))
    assert told.findtext("ei:reportRequestID", namespaces=NS) == open_ids()[0]
    say(ven, "oadrCanceledReport", response=OK, pending_reports=[])
    assert states() == [RequestState.ENDED]
    assert next_message(ven_pk=ven.pk) is None


def test_a_request_that_goes_on_is_not_ended(ven):
    offer(ven, metadata(**ENERGY))
    ReportRequest.objects.update(state=RequestState.ENDING, asks=0, asked_at=None)
    assert next_message(ven_pk=ven.pk).kind == "oadrCancelReport"
    say(ven, "oadrCanceledReport", response=OK, pending_reports=[{"report_request_id": open_ids()[0]}])
    assert states() == [RequestState.ENDING]


def test_replanning_what_fits_changes_nothing(ven):
    offer(ven, metadata(**ENERGY))
    before = list(ReportRequest.objects.values())
    reports.replan_reports(ven_pk=ven.pk)
    assert list(ReportRequest.objects.values()) == before


def test_a_ven_that_wants_our_reports_hears_that_there_are_none(ven):
    request = {
        "report_request_id": "r", "report_specifier": {
            "report_specifier_id": "s", "granularity": timedelta(minutes=1),
            "report_back_duration": timedelta(minutes=1),
            "specifier_payloads": [{"r_id": "1", "reading_type": "Direct Read"}],
        },
    }  # fmt: skip
    assert code_of(say(ven, "oadrCreateReport", report_requests=[request])) == "461"


def test_the_reports_of_many_vens_are_asked_about_in_two_queries(ven, here, django_assert_num_queries):
    others = [make_ven(here.distributor) for _number in range(3)]
    with django_assert_num_queries(2):
        assert vens_with_messages(None) == {other.pk for other in others}


def test_the_nearest_number_of_seconds_is_taken():
    assert [clamped(10, low, high) for low, high in ((None, None), (30, 60), (1, 5), (0, 0))] == [10, 30, 5, 10]
    assert [part_of(900, low, high) for low, high in ((None, None), (1, 400), (500, 800), (901, None))] == [
        900, 300, None, None,
    ]  # fmt: skip


def test_the_first_of_two_energies_counts():
    points = [Offered(pk, "TELEMETRY_USAGE", Measure.ENERGY, 1, 1800) for pk in (5, 4)]
    assert [(wish.pk, bool(wish.seconds)) for wish in wishes_of(points, power_seconds=10)] == [(4, True), (5, False)]


def test_a_meter_of_another_interval_is_asked_for_in_that_one(ven, here):
    note_our_reports(ven_pk=ven.pk)
    offer(ven, metadata(**ENERGY))
    created(ven, *open_ids())
    here.home.contracted_kw = 7
    here.home.save()
    assert states() == [RequestState.RUNNING]
    here.home.interval_minutes = 15
    here.home.save()
    assert asked(next_message(ven_pk=ven.pk)) == [("usage", "PT15M", "PT15M", ["energy"])]
    assert sorted(states()) == [RequestState.ASKED, RequestState.ENDING]
