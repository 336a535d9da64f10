"""A move, seen from both sides through every way out; and the pages on which it is said."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from common.intervals import DAY, day_bounds, local_day
from dashboards.tests.story import HALF_HOUR, coming_event, lower, make_program, past_event, settled
from events.models import Enrollment, Event, Participation
from meters.models import IntervalReading, Meter, MeterMap, Prediction
from meters.services import claim_meter, issue_claim_codes
from settlement.models import SettlementLine
from tests.builder import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Energies that occur nowhere else: measured and predicted, before and after the move.
BEFORE, AFTER = re.compile(r"0?\.?\b(?:717|1313)\b"), re.compile(r"0?\.?\b(?:929|1919)\b")
RANGES = ("days=7", "days=30", "days=90")


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()


@pytest.fixture
def moved(here):
    """The day of the move: five days ago at home."""
    day = local_day(timezone.now(), here.home.zone) - 5 * DAY
    return day_bounds(day, here.home.zone)[0]


def add_rows(meter, start, end, measured, predicted):
    starts = [start + number * HALF_HOUR for number in range((end - start) // HALF_HOUR)]
    past = [at for at in starts if at < timezone.now()]
    IntervalReading.objects.bulk_create(
        [IntervalReading(meter=meter, start=at, energy_wh=measured, predicted_wh=predicted) for at in past]
    )
    bounds = {"lower_wh": predicted, "upper_wh": predicted, "forecast_number": 1}
    Prediction.objects.bulk_create(
        [Prediction(meter=meter, start=at, wh=predicted, issued_at=at - timedelta(hours=1), **bounds) for at in starts]
    )


@pytest.fixture
def sides(here, moved):
    """Who moved out and who moved in, after a settled event of the first and before an event to come."""
    home = here.home
    add_rows(home, moved - 20 * DAY, moved, 717, 1313)
    add_rows(home, moved, timezone.now() + DAY, 929, 1919)
    program = make_program(here, home)
    past = past_event(program, days_ago=9)
    lower(home, past, 717)
    settled(past)
    coming = coming_event(program)
    newcomer = make_user(here.distributor, first_name="Newton")
    code = issue_claim_codes(meters=[home], moving_in=local_day(moved, home.zone))[0].code
    claim_meter(user=newcomer, number=home.number, code=code)
    return {"before": here.resident, "after": newcomer, "past": past, "coming": coming}


def ways_out(meter):
    """Every address that tells of the meter, with each range."""
    by_range = ("meter_detail", "meter_readings_file", "chart_meter", "chart_participation")
    found = [f"{reverse(name, args=[meter.pk])}?{dates}" for name in by_range for dates in RANGES]
    wide = f"start={local_day(timezone.now(), meter.zone) - 30 * DAY}&end={local_day(timezone.now(), meter.zone)}"
    found += [f"{reverse(name, args=[meter.pk])}?{wide}" for name in by_range]
    lists = ("readings", "predictions")
    found += [f"/api/v1/{name}?meter={meter.number}&limit=5000" for name in lists]
    return [*found, "/home", "/rewards", "/api/v1/rewards", "/api/v1/events", "/api/v1/meters", "/api/v1/meter-maps"]


def bodies(client, user, meter):
    client.force_login(user)
    for address in ways_out(meter):
        answer = client.get(address)
        assert answer.status_code in (200, 400), (address, answer.status_code)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        yield address, answer, body.decode()


@pytest.mark.parametrize(("who", "own", "foreign"), [("before", BEFORE, AFTER), ("after", AFTER, BEFORE)])
def test_no_way_out_tells_of_the_other_side(client, here, sides, who, own, foreign):
    seen = 0
    for address, _answer, body in bodies(client, sides[who], here.home):
        numbers = re.sub(r'"(?:start|end|version|tags?)": ?\S+', "", body)
        assert not foreign.search(numbers), address
        seen += bool(own.search(numbers))
    assert seen >= 6


def test_what_one_browser_keeps_is_no_answer_for_the_other(client, here, sides):
    tags = {address: answer.get("ETag") for address, answer, _body in bodies(client, sides["before"], here.home)}
    client.force_login(sides["after"])
    tried = 0
    for address, tag in tags.items():
        if tag:
            answer = client.get(address, headers={"If-None-Match": tag})
            assert "private" in answer["Cache-Control"] or "no-store" in answer["Cache-Control"]
            if "figures" not in address:
                assert answer.status_code == 200, address
                tried += 1
    assert tried >= 6


def test_the_past_stays_with_who_lived_there(client, here, sides):
    line = SettlementLine.objects.get(meter=here.home)
    for who, status in (("before", 200), ("after", 404)):
        client.force_login(sides[who])
        assert client.get(reverse("reward_why", args=[line.pk])).status_code == status
        assert client.get(reverse("event_detail", args=[sides["past"].pk])).status_code == status
        assert client.get(f"/api/v1/rewards/{line.pk}").status_code == status


def test_nobody_is_held_to_the_promise_of_the_other(client, here, sides):
    participation = Participation.objects.get(event=sides["coming"], meter=here.home)
    assert (participation.holder_id, participation.state) == (None, "opted_out")
    assert Enrollment.objects.get(meter=here.home).ended_at is not None
    for who in ("before", "after"):
        client.force_login(sides[who])
        assert client.get(reverse("event_detail", args=[sides["coming"].pk])).status_code == 404
        assert not Event.objects.visible_to(sides[who]).filter(pk=sides["coming"].pk).exists()


def test_who_moved_out_cannot_act_on_the_meter_any_more(client, here, sides):
    client.force_login(sides["before"])
    assert client.get(reverse("move_out", args=[here.home.pk])).status_code == 404
    assert client.post(reverse("event_answer", args=[sides["coming"].pk]), {"answer": "join"}).status_code == 404


class TestThePageOfMovingOut:
    def say(self, rita, here, days):
        day = local_day(timezone.now(), here.home.zone) + days * DAY
        return rita.post(reverse("move_out", args=[here.home.pk]), {"day": day.isoformat()})

    def test_a_day_is_chosen_and_until_then_taken_back(self, rita, here):
        assert self.say(rita, here, 10).status_code == 302
        row = MeterMap.objects.get(entity_id=here.resident.pk)
        assert row.valid_to > timezone.now()
        page = rita.get(reverse("meter_detail", args=[here.home.pk])).content.decode()
        assert "You move out: this meter is yours until" in page
        assert "You move out on" in rita.get("/home").content.decode()
        assert "I stay after all" in rita.get(reverse("move_out", args=[here.home.pk])).content.decode()
        rita.post(reverse("move_out", args=[here.home.pk]), {"action": "stay"})
        row.refresh_from_db()
        assert row.valid_to is None

    def test_from_that_day_on_nothing_new_is_seen(self, rita, here):
        add_rows(
            here.home, timezone.now().replace(minute=0, second=0, microsecond=0) - 2 * DAY, timezone.now(), 717, 1313
        )
        before = IntervalReading.objects.visible_to(here.resident).count()
        self.say(rita, here, 0)
        midnight = MeterMap.objects.get(entity_id=here.resident.pk).valid_to
        seen = IntervalReading.objects.visible_to(here.resident)
        assert 0 < seen.count() <= before
        assert not seen.filter(start__gte=midnight).exists()
        assert "You have no meter now" in rita.get("/home").content.decode()

    @pytest.mark.parametrize("day", ["", "soon", "2000-01-01", "2999-01-01"])
    def test_a_day_that_cannot_be_is_refused_in_words(self, rita, here, day):
        answer = rita.post(reverse("move_out", args=[here.home.pk]), {"day": day})
        assert answer.status_code == 200
        assert "error" in answer.content.decode()
        assert MeterMap.objects.get(entity_id=here.resident.pk).valid_to is None

    def test_what_was_measured_for_them_stays_theirs(self, rita, here):
        add_rows(
            here.home, timezone.now().replace(minute=0, second=0, microsecond=0) - 12 * DAY, timezone.now(), 717, 1313
        )
        event = past_event(make_program(here, here.home), days_ago=2)
        day = local_day(event.start, here.home.zone)
        answer = rita.post(reverse("move_out", args=[here.home.pk]), {"day": day.isoformat()})
        assert answer.status_code == 200
        assert MeterMap.objects.get(entity_id=here.resident.pk).valid_to is None

    def test_only_a_resident_with_the_meter_gets_the_page(self, client, here):
        address = reverse("move_out", args=[here.home.pk])
        expected = {"neighbor": 404, "member": 404, "admin": 403, "staff": 403}
        for name, status in expected.items():
            client.force_login(getattr(here, name))
            assert client.get(address).status_code == status
            assert client.post(address, {"day": "2026-01-01"}).status_code == status


class TestThePageOfClaiming:
    address = "/meters/claim"

    @pytest.fixture
    def newcomer(self, client, here):
        user = make_user(here.distributor)
        client.force_login(user)
        return user

    def code(self, meter, days=0):
        return issue_claim_codes(meters=[meter], moving_in=local_day(timezone.now(), meter.zone) + days * DAY)[0].code

    def test_who_has_no_meter_is_led_there(self, client, newcomer):
        assert self.address in client.get("/home").content.decode()
        page = client.get(self.address).content.decode()
        assert "Claim code" in page
        assert "<svg" in page

    def test_number_and_code_link_the_meter(self, client, newcomer, here):
        meter = Meter.objects.create(distributor=here.distributor, number="NEW-1")
        data = {"number": "NEW-1", "code": self.code(meter).lower().replace("-", " ")}
        assert client.post(self.address, data, follow=True).redirect_chain == [("/home", 302)]
        assert "NEW-1" in client.get("/home").content.decode()

    def test_a_refusal_has_one_sentence_and_keeps_what_was_typed(self, client, newcomer, here):
        meter = Meter.objects.create(distributor=here.distributor, number="NEW-1")
        self.code(meter)
        pages = [
            client.post(self.address, {"number": number, "code": "WRNG-WRNG-WRNG"}).content.decode()
            for number in ("NEW-1", "NO-1")
        ]
        strip = re.compile(r'(?:NEW|NO)-1|csrfmiddlewaretoken" value="\w+|content="[^"]+==|nonce="[^"]+')
        assert strip.sub("", pages[0]) == strip.sub("", pages[1])
        assert "We cannot link a meter" in pages[0]

    def test_a_day_to_come_is_told_on_the_home_page(self, client, newcomer, here):
        meter = Meter.objects.create(distributor=here.distributor, number="NEW-1")
        client.post(self.address, {"number": "NEW-1", "code": self.code(meter, 9)})
        page = client.get("/home").content.decode()
        assert "Its readings appear here on that day" in page
        assert client.get(reverse("meter_detail", args=[meter.pk])).status_code == 404
        assert client.get("/api/v1/meters").json()["count"] == 0

    def test_moving_house_is_confirmed(self, rita, here):
        meter = Meter.objects.create(distributor=here.distributor, number="NEW-1")
        data = {"number": "NEW-1", "code": self.code(meter)}
        page = rita.post(self.address, data).content.decode()
        assert "Did you move house?" in page
        assert MeterMap.objects.filter(entity_id=here.resident.pk).count() == 1
        rita.post(self.address, {**data, "end_old": "yes"})
        assert [meter.number for meter in Meter.objects.held_now_by(here.resident)] == ["NEW-1"]

    def test_too_many_tries_are_told_so(self, client, newcomer):
        for _try in range(10):
            assert client.post(self.address, {"number": "X", "code": "Y"}).status_code == 200
        assert client.post(self.address, {"number": "X", "code": "Y"}).status_code == 429

    def test_only_residents_get_the_page(self, client, here):
        for name in ("member", "organization_admin", "admin", "staff", "auditor"):
            client.force_login(getattr(here, name))
            assert client.get(self.address).status_code == 403

    def test_nothing_of_it_is_kept_by_a_cache(self, client, newcomer):
        assert "no-store" in client.get(self.address)["Cache-Control"]
