"""Data quality for the distributor: completeness by meter and day, hits, and what admins decide."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.attention import needs_of
from accounts.models import AuditEntry
from dashboards.operator_facts import completeness
from dashboards.operator_facts.completeness import Filled, overview, rows_of
from meters.models import (
    DailyEnergy,
    HitState,
    IntervalReading,
    Meter,
    Quality,
    QualityHit,
    ReadingRevision,
    RollupMark,
)
from meters.services.quality import check_marked
from meters.services.quality.decide import HitDecided, accept_hits, set_value, undo_accept
from meters.tests.quality_world import FIRST, at, hours_of, send, usual
from tests.builder import make_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DAY = timedelta(days=1)
LATER = FIRST + 20 * DAY


def sums(meter: Meter, day: date, slots: int, estimated: int = 0) -> None:
    """The daily sum of a meter, as the roll-ups leave it."""
    start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    counted = {"slots": slots, "estimated_slots": estimated, "energy_wh": 1, "peak_wh": 1, "peak_start": start}
    DailyEnergy.objects.create(meter=meter, day=day, **counted)


@pytest.fixture
def boss(client, here):
    client.force_login(here.admin)
    return client


@pytest.fixture
def spike(here):
    send(here.home, days=30, wrong={at(LATER, 18): 40_000})
    check_marked(distributor=here.distributor)
    return QualityHit.objects.get()


@pytest.fixture
def gap(here):
    send(here.home, days=2, wrong=dict.fromkeys(hours_of(at(FIRST, 3), 1)))
    check_marked(distributor=here.distributor)
    return QualityHit.objects.get()


@pytest.mark.parametrize(
    ("measured", "level", "percent"),
    [(0, 0, 0), (1, 1, 2), (12, 2, 25), (24, 3, 50), (36, 4, 75), (47, 4, 97), (48, 5, 100)],
)
def test_a_day_is_on_the_highest_step_only_when_it_is_complete(measured, level, percent):
    filled = Filled(measured, 0, 48)
    assert (filled.level, filled.percent) == (level, percent)


def test_completeness_is_worked_out_by_hand(here):
    days = [date(2024, 11, 2), date(2024, 11, 3), date(2024, 11, 4)]
    for day, slots in zip(days, (48, 50, 48), strict=True):
        sums(here.home, day, slots)
    sums(here.neighbor_home, days[1], 25, estimated=5)
    sums(here.school, days[0] - DAY, 48)
    make_meter(here.distributor)
    facts = overview(here.distributor, Meter.objects.filter(distributor=here.distributor), days)
    assert facts.never == 1
    # The neighbor began on the second day: 50 + 48 slots; the school was there before, and is silent since.
    assert facts.ranked == [
        (here.school.pk, Filled(0, 0, 146)),
        (here.neighbor_home.pk, Filled(20, 5, 98)),
        (here.home.pk, Filled(146, 0, 146)),
    ]
    assert [cell.filled for cell in facts.by_day] == [
        Filled(48, 0, 96),
        Filled(70, 5, 150),
        Filled(48, 0, 144),
    ]
    rows = rows_of(facts.ranked, here.distributor, days)
    assert [cell.filled for cell in rows[1].cells] == [None, Filled(20, 5, 50), Filled(0, 0, 48)]
    assert sum(cell.measured for row in rows for cell in [row.filled]) == sum(c.filled.measured for c in facts.by_day)


def test_figures_of_all_meters_take_as_many_queries_as_of_one(here, django_assert_num_queries):
    days = [date(2024, 11, 2), date(2024, 11, 3)]
    for _number in range(30):
        sums(make_meter(here.distributor), days[0], 48)
    with django_assert_num_queries(5):
        overview(here.distributor, Meter.objects.filter(distributor=here.distributor), days)


def yesterday(here) -> date:
    return timezone.now().astimezone(here.distributor.zone).date() - DAY


def test_the_page_shows_the_worst_meter_first_and_says_what_waits(boss, here):
    sums(here.home, yesterday(here), 48)
    sums(here.school, yesterday(here), 12, estimated=2)
    page = boss.get(reverse("operator_quality")).text
    assert page.index(here.school.number) < page.index(here.home.number)
    assert "Thither" not in page
    assert "sums are being refreshed" not in page
    moment = timezone.now().replace(microsecond=0)
    RollupMark.objects.create(distributor=here.distributor, meter=here.home, start=moment, end=moment + DAY)
    assert "sums are being refreshed" in boss.get(reverse("operator_quality")).text


def test_many_meters_are_paged_and_the_file_has_what_is_shown(boss, here):
    for number in range(60):
        sums(make_meter(here.distributor, f"N{number:03}"), yesterday(here), number % 48)
    shown = boss.get(reverse("operator_quality"), {"page": 2, "days": 14}).text
    assert shown.count('class="heat-map__share"') == 26
    file = boss.get(reverse("operator_quality_csv"), {"page": 2, "days": 14}).content.decode()
    rows = list(csv.DictReader(StringIO(file)))
    assert len(rows) == 25
    assert all(f">{row['meter']}<" in shown for row in rows)
    everything = boss.get(reverse("operator_quality_csv"), {"days": 14}).content.decode()
    assert len(list(csv.DictReader(StringIO(everything)))) == 60
    assert {row["measured"] for row in rows} <= {str(number) for number in range(48)}


def test_the_choice_narrows_by_organization_feeder_and_rule(boss, here, gap):
    sums(here.home, yesterday(here), 48)
    sums(here.school, yesterday(here), 48)
    QualityHit.objects.update(end=timezone.now(), start=timezone.now() - DAY)
    for choice in ({"of": f"organization-{here.organization.pk}"}, {"of": f"feeder-{here.home.feeder_id}"}):
        page = boss.get(reverse("operator_quality"), choice).text
        assert (f">{here.school.number}<" in page) == ("organization" in choice["of"])
    page = boss.get(reverse("operator_quality"), {"rule": "gap"}).text
    assert f">{here.home.number}<" in page
    assert f">{here.school.number}<" not in page
    assert boss.get(reverse("operator_quality"), {"of": "organization-0"}).status_code == 404
    assert boss.get(reverse("operator_quality"), {"rule": "nonsense", "days": "x", "page": "x"}).status_code == 200


def test_an_empty_installation_says_what_to_do(boss):
    assert "No readings in this selection" in boss.get(reverse("operator_quality")).text
    assert "Nothing looks wrong" in boss.get(reverse("operator_quality_hits")).text


def test_hits_are_listed_filtered_and_exported(boss, here, spike):
    page = boss.get(reverse("operator_quality_hits")).text
    assert "40 kWh" in page
    for query, shown in (({"rule": "gap"}, 0), ({"rule": "spike"}, 1), ({"find": "nobody"}, 0), ({"state": "gone"}, 0)):
        found = boss.get(reverse("operator_quality_hits"), query).text
        assert found.count(reverse("operator_quality_hit", args=[spike.pk])) == shown, query
    [row] = csv.DictReader(StringIO(boss.get(reverse("operator_quality_hits_csv")).content.decode()))
    assert (row["meter"], row["rule"], row["value_kwh"]) == (here.home.number, "spike", "40")
    assert row["start"] == f"{at(LATER, 18):%Y-%m-%dT%H:%M:%SZ}"


def test_an_admin_accepts_and_undoes(boss, here, spike):
    url = reverse("operator_quality_hit", args=[spike.pk])
    assert "usual" in boss.get(url).text
    boss.post(url, {"action": "accept", "reason": "A new car"})
    spike.refresh_from_db()
    assert (spike.state, spike.reason, spike.decided_by) == (HitState.ACCEPTED, "A new car", here.admin)
    assert "A new car" in boss.get(url).text
    assert AuditEntry.objects.filter(act="hit.accept", actor=here.admin, reason="A new car").count() == 1
    boss.post(url, {"action": "undo"})
    spike.refresh_from_db()
    assert (spike.state, spike.reason, spike.decided_by) == (HitState.OPEN, "", None)


def test_many_are_accepted_at_once_but_not_without_a_reason(boss, here, spike):
    send(here.home, FIRST + 31 * DAY)
    check_marked(distributor=here.distributor)
    ids = list(QualityHit.objects.filter(state="open").values_list("pk", flat=True))
    assert len(ids) == 2
    answer = boss.post(reverse("operator_quality_hits"), {"ids": ids, "reason": " "}, follow=True).text
    assert "Say why" in answer
    assert QualityHit.objects.filter(state="open").count() == 2
    answer = boss.post(reverse("operator_quality_hits"), {"ids": [*ids, "x"], "reason": "Seen"}, follow=True).text
    assert "2 are accepted" in answer
    assert not QualityHit.objects.filter(state="open").exists()


def test_a_corrected_value_keeps_what_stood_there(boss, here, spike):
    url = reverse("operator_quality_hit", args=[spike.pk])
    assert "Say the right value" in boss.post(url, {"action": "value", "reason": "Wrong unit"}).text
    boss.post(url, {"action": "value", "kwh": "0.4", "reason": "Wrong unit"})
    reading = IntervalReading.objects.get(meter=here.home, start=at(LATER, 18))
    assert (reading.energy_wh, reading.quality) == (400, Quality.CORRECTED)
    revision = ReadingRevision.objects.get()
    assert (revision.energy_wh, revision.changed_by, revision.reason) == (40_000, here.admin, "Wrong unit")
    check_marked(distributor=here.distributor)
    spike.refresh_from_db()
    assert spike.state == HitState.CORRECTED
    assert not QualityHit.objects.filter(state="open").exists()


def test_readings_are_taken_away_and_the_gap_shows(boss, here, spike):
    boss.post(reverse("operator_quality_hit", args=[spike.pk]), {"action": "take_away", "reason": "Nonsense"})
    assert not IntervalReading.objects.filter(meter=here.home, start=at(LATER, 18)).exists()
    check_marked(distributor=here.distributor)
    assert QualityHit.objects.get(state="open").rule == "gap"


def test_a_spike_is_replaced_by_an_estimate(boss, here, spike):
    boss.post(reverse("operator_quality_hit", args=[spike.pk]), {"action": "estimate", "reason": "Nonsense"})
    reading = IntervalReading.objects.get(meter=here.home, start=at(LATER, 18))
    line = (usual(at(LATER, 17.5)) + usual(at(LATER, 18.5)) + 1) // 2
    assert (reading.energy_wh, reading.quality) == (line, Quality.ESTIMATED)
    check_marked(distributor=here.distributor)
    spike.refresh_from_db()
    assert spike.state == HitState.CORRECTED


def test_what_cannot_be_estimated_stays_as_it_is(boss, here):
    send(here.home, days=3, wrong=dict.fromkeys(hours_of(at(FIRST, 3), 5)))
    check_marked(distributor=here.distributor)
    hit = QualityHit.objects.get()
    answer = boss.post(reverse("operator_quality_hit", args=[hit.pk]), {"action": "estimate", "reason": "Why not"})
    assert "fewer than three like days" in answer.text
    hit.refresh_from_db()
    assert hit.state == HitState.OPEN


def test_a_gap_is_filled_at_once_by_the_form(boss, here, gap):
    url = reverse("operator_quality_estimate")
    days = {"first": "2024-06-03", "last": "2024-06-03"}
    assert "no meter of this number" in boss.post(url, {"number": "Thither-home", **days}).text
    answer = boss.post(url, {"number": here.home.number, **days}, follow=True).text
    assert "2 intervals are estimated" in answer
    assert "No reading is missing" in boss.post(url, {"number": here.home.number, **days}).text
    assert AuditEntry.objects.filter(act="readings.estimate", actor=here.admin).count() == 1


@pytest.mark.parametrize(
    "days", [("9999-12-31", "9999-12-31"), ("0001-01-01", "0001-01-01"), ("2024-06-09", "2024-06-01")]
)
def test_days_that_cannot_be_meant_are_refused_in_words(boss, here, gap, days):
    data = {"number": here.home.number, "first": days[0], "last": days[1]}
    assert boss.post(reverse("operator_quality_estimate"), data).status_code == 200


@pytest.mark.parametrize("who", ["staff", "auditor"])
def test_staff_and_auditors_read_and_change_nothing(client, here, spike, who):
    client.force_login(getattr(here, who))
    one = reverse("operator_quality_hit", args=[spike.pk])
    page = client.get(one).text
    assert "Save the decision" not in page
    assert "admins decide" in page
    assert client.post(one, {"action": "accept", "reason": "x"}).status_code == 403
    assert client.post(reverse("operator_quality_hits"), {"ids": [spike.pk], "reason": "x"}).status_code == 403
    assert client.get(reverse("operator_quality_estimate")).status_code == 403
    spike.refresh_from_db()
    assert spike.state == HitState.OPEN


def test_a_stranger_finds_nothing(client, world, spike):
    client.force_login(world.there.admin)
    assert client.get(reverse("operator_quality_hit", args=[spike.pk])).status_code == 404
    assert client.post(reverse("operator_quality_hit", args=[spike.pk]), {"action": "accept"}).status_code == 404
    client.post(reverse("operator_quality_hits"), {"ids": [spike.pk], "reason": "x"})
    spike.refresh_from_db()
    assert spike.state == HitState.OPEN
    assert "Hither" not in client.get(reverse("operator_quality_hits"), {"state": ""}).text


def test_of_two_who_decide_the_second_is_told(here, spike):
    accept_hits(hits=[spike], by=here.admin, reason="First")
    with pytest.raises(HitDecided):
        set_value(hit=spike, wh=5, by=here.admin, reason="Second")
    undo_accept(hit=spike, by=here.admin)
    with pytest.raises(HitDecided):
        undo_accept(hit=spike, by=here.admin)


def test_open_hits_need_the_distributors_people_and_nobody_else(here, spike):
    def told(user):
        return [need.title for need in needs_of(user) if "wrong" in need.title]

    assert told(here.admin) == told(here.auditor) == ["1 reading looks wrong"]
    assert told(here.resident) == told(here.organization_admin) == []
    accept_hits(hits=[spike], by=here.admin, reason="Seen")
    assert told(here.admin) == []


def test_spans_end_yesterday_on_the_distributors_clock(here):
    days = completeness.days_until_yesterday(here.distributor, 14, datetime(2024, 7, 2, 3, tzinfo=UTC))
    assert (days[0], days[-1], len(days)) == (date(2024, 6, 17), date(2024, 6, 30), 14)
