"""The operators' page of messages, and the page of standing wishes."""

import pytest
from django.utils import timezone

from delivery.models import Attempt, DeliveryState, Message
from events.models import OptSchedule
from events.tests.world import make_announced, make_program
from tests.builder import make_admin, make_distributor, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return make_world().here


class TestMessages:
    @pytest.fixture
    def lost(self, here):
        event = make_announced(make_program(here.distributor))
        message = Message.objects.get(user=here.resident)
        Message.objects.filter(pk=message.pk).update(state=DeliveryState.UNREACHABLE, finished_at=timezone.now())
        Attempt.objects.create(message=message, error="no such mailbox")
        return message, event

    def test_it_shows_the_reason_and_finds_by_event_and_person(self, client, here, lost):
        client.force_login(here.admin)
        message, event = lost
        page = client.get("/ops/messages", {"event": event.pk, "find": here.resident.email, "state": "unreachable"})
        assert [row["message"].pk for row in page.context["rows"]] == [message.pk]
        assert "no such mailbox" in page.content.decode()
        assert page.context["stats"].unreachable == 1
        assert client.get("/ops/messages", {"event": "999999"}).context["rows"] == []

    @pytest.mark.parametrize("everything", [False, True])
    def test_one_or_all_are_tried_again(self, client, here, lost, everything):
        client.force_login(here.admin)
        client.post("/ops/messages", {"all": "1"} if everything else {"ids": [lost[0].pk]})
        lost[0].refresh_from_db()
        assert lost[0].state == DeliveryState.PENDING

    def test_another_distributors_messages_stay_as_they_are(self, client, lost):
        client.force_login(make_admin(make_distributor()))
        client.post("/ops/messages", {"ids": [lost[0].pk], "all": "1"})
        lost[0].refresh_from_db()
        assert lost[0].state == DeliveryState.UNREACHABLE


class TestWishes:
    def post(self, client, here, **more):
        return client.post("/events/wishes", {"meter": here.home.pk, "weekdays": ["6"], **more})

    def test_a_wish_is_read_as_a_sentence_first_and_then_kept(self, client, here):
        client.force_login(here.resident)
        hours = {"hours_from": "16:00", "hours_to": "21:00"}
        page = self.post(client, here, action="preview", **hours)
        assert page.context["preview"] == "You skip events on Sundays from 4 to 9 pm."
        assert not OptSchedule.objects.exists()
        self.post(client, here, **hours)
        wish = OptSchedule.objects.get()
        assert (wish.weekdays, wish.created_by) == ("6", here.resident)
        client.post(f"/events/wishes/{wish.pk}/end")
        assert not OptSchedule.objects.lasting().exists()

    def test_a_meter_of_somebody_else_is_no_choice(self, client, here):
        client.force_login(here.neighbor)
        assert self.post(client, here).context["form"].errors
        assert not OptSchedule.objects.exists()

    def test_a_night_says_what_to_do(self, client, here):
        client.force_login(here.resident)
        page = self.post(client, here, hours_from="22:00", hours_to="06:00")
        assert "until midnight and one from midnight" in page.content.decode()
