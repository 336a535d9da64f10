"""The client of openleadr as a VEN, against two processes of the VTN of which one is killed after each step."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from openleadr import OpenADRClient, objects

from events.models import AnswerSource, Event, EventState, Participation, ParticipationState
from events.services import advance_events, cancel_event, change_event, create_event, notify_event, schedule_event
from events.tests.world import make_announced, make_program, next_span
from meters.models import Meter
from openadr.ids import new_id
from openadr.models import (
    EventDelivery,
    PowerSample,
    ReportRequest,
    RequestState,
    Resource,
    Ven,
    VenOpt,
    VenState,
)
from openadr.services.registration import ask_to_cancel, ask_to_reregister
from openadr.services.reports import replan_reports
from openadr.tests.devices import readings, slot
from openadr.tests.running import Running, running_vtn, shared_database
from tests.builder import Side, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PATIENCE = 30
HOUR = timedelta(hours=1)


class Pair:
    """Two processes of the VTN over one database; who serves is killed when its step is done."""

    def __init__(self, stack: ExitStack, url: str, folder: Path) -> None:
        self._stack, self._url, self._folder = stack, url, folder
        self._helper = stack.enter_context(ThreadPoolExecutor(1))
        self._waiting = self._helper.submit(self._start)
        self.serving = self._start()

    def _start(self) -> Running:
        return self._stack.enter_context(running_vtn(self._url, self._folder))

    def kill(self) -> None:
        """kill -9 for the one that serves; the other one takes over, and a new one stands by."""
        self.serving.kill()
        self.serving, self._waiting = self._waiting.result(), self._helper.submit(self._start)


class Device:
    """One VEN by openleadr, with a loop of its own: nothing happens but in `do`."""

    def __init__(self, pair: Pair, loop: asyncio.AbstractEventLoop) -> None:
        self._pair, self._loop = pair, loop
        self.client = OpenADRClient("Home", pair.serving.url)
        self.opt, self.kinds, self.events = "optIn", [], []
        self.client.add_hook("after_parse_xml", lambda kind, _payload: self.kinds.append(kind))
        self.client.add_handler("on_event", self._answer)
        self.client.add_handler("on_update_event", self._answer)
        self.energies = [(slot(), 412.4)]
        self._offers()

    def _offers(self) -> None:
        usual = {"report_specifier_id": "usage", "report_duration": timedelta(hours=1)}
        self.client.add_report(lambda: self.energies, "house", "REAL_ENERGY", r_id="e", unit="Wh", **usual)
        self.client.add_report(lambda: 900.0, "heat-pump", "REAL_POWER", r_id="p", unit="W", **usual)

    def _answer(self, event: dict[str, Any]) -> str:
        self.events.append(event)
        return self.opt

    def start(self) -> None:
        """Registers and reports what it offers; afterwards nothing happens by the client's own clock."""
        self.do("run")
        self.client.scheduler.pause()

    def do(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """One call of the client, at the process that serves now."""
        self.client.vtn_url = self._pair.serving.url
        return self._loop.run_until_complete(asyncio.wait_for(getattr(self.client, name)(*args, **kwargs), PATIENCE))

    def hear(self) -> str:
        """What one poll brings, with all that the client does about it."""
        self.kinds.clear()
        self.do("_poll")
        return self.kinds[0]

    def hear_until(self, kind: str) -> None:
        """Polls until that comes: other messages may wait as well, and the VTN learns of changes within a second."""
        self.wait_for(lambda: self.hear() == kind)

    def report(self, seconds: int) -> None:
        """Has the client send the report with intervals of so many seconds, and waits for the answer."""
        request = ReportRequest.objects.get(granularity_seconds=seconds, state=RequestState.RUNNING)
        self.wait_for(lambda: self._is_reported(request.request_id))

    def _is_reported(self, request_id: str) -> bool:
        """Whether a report was taken; a process that did not hear of the VEN yet, for a second, does not take it."""
        self.kinds.clear()
        self.do("update_report", request_id)
        for _turn in range(40):
            self._loop.run_until_complete(asyncio.sleep(0.05))
            if self.kinds:
                break
        return "oadrUpdatedReport" in self.kinds

    def wait_for(self, happens: Callable[[], bool]) -> None:
        """Lets the client go on until something is true."""
        end = datetime.now(UTC) + timedelta(seconds=PATIENCE)
        while not happens():
            assert datetime.now(UTC) < end, f"it did not come, but {self.kinds}"
            self._loop.run_until_complete(asyncio.sleep(0.05))

    def stop(self) -> None:
        """As a device that is switched off."""
        self._loop.run_until_complete(self.client.stop())


@pytest.fixture
def here() -> Side:
    return make_world().here


@pytest.fixture
def pair(ven: Ven, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        url = stack.enter_context(shared_database(tmp_path))
        yield Pair(stack, url, tmp_path)


@pytest.fixture
def ven(here: Side) -> Ven:
    found = Ven.objects.create(distributor=here.distributor, name="Home", ven_id=new_id("ven"))
    Resource.objects.create(ven=found, name="house", meter=here.home, is_source=True)
    Resource.objects.create(ven=found, name="heat-pump", meter=here.home)
    return found


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    # A client that registers again leaves its first worker behind.
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def device(ven: Ven, pair: Pair, loop: asyncio.AbstractEventLoop) -> Iterator[Device]:
    device = Device(pair, loop)
    device.start()
    yield device
    if not device.client.client_session.closed:
        device.stop()


def states() -> list[str]:
    return sorted(ReportRequest.objects.values_list("state", flat=True))


def part(event: Event, meter: Meter) -> tuple[str, str]:
    found = Participation.objects.get(event=event, meter=meter)
    return found.state, found.answer_source


def test_a_device_lives_through_kills_of_the_vtn(device: Device, ven: Ven, pair: Pair, here: Side) -> None:
    ven.refresh_from_db()
    assert (ven.state, ven.registration_id) == (VenState.REGISTERED, device.client.registration_id)
    assert device.client.poll_frequency == timedelta(seconds=10)
    assert states() == [RequestState.RUNNING] * 2
    pair.kill()

    _reports(device, pair, here)
    event = _event(device, pair, here)
    _opts(device, pair, ven)
    _changes(device, pair, here, event)
    _reregistration(device, pair, ven)
    _end(device, pair, ven)


def _reports(device: Device, pair: Pair, here: Side) -> None:
    """Readings are there once, however often they are reported, and to whichever process."""
    for _twice in range(2):
        device.report(1800)
        pair.kill()
        assert readings(here.home) == [(slot(), 412)]
    device.report(10)
    assert set(PowerSample.objects.values_list("power_w", flat=True)) == {900}


def _event(device: Device, pair: Pair, here: Side) -> Event:
    """An event is told again as long as it is not acknowledged, also after a kill between poll and answer."""
    event = make_announced(make_program(here.distributor))
    device.wait_for(lambda: device.do("poll")[0] == "oadrDistributeEvent")
    pair.kill()
    assert EventDelivery.objects.get().is_pending
    device.hear_until("oadrDistributeEvent")
    pair.kill()
    assert not EventDelivery.objects.get().is_pending
    assert part(event, here.home) == (ParticipationState.OPTED_IN, AnswerSource.DEVICE)
    assert device.hear() != "oadrDistributeEvent"
    return event


def _opts(device: Device, pair: Pair, ven: Ven) -> None:
    """A schedule is kept and taken back."""
    component = objects.VavailabilityComponent(timezone.now() + timedelta(days=20), timedelta(hours=2))
    schedule = objects.Vavailability(components=[component])
    targets = [objects.Target(resource_id="heat-pump")]
    wanted = {"opt_type": "optOut", "opt_reason": "notParticipating", "opt_id": "0012", "targets": targets}
    payload = wanted | {"vavailability": schedule, "created_date_time": timezone.now(), "request_id": "1"}
    message = device.client._create_message("oadrCreateOpt", ven_id=device.client.ven_id, **payload)
    for _twice in range(2):
        assert device.do("_perform_request", "EiOpt", message)[0] == "oadrCreatedOpt"
        pair.kill()
    assert VenOpt.objects.get(ven=ven).opt_id == "0012"
    device.client.opts.append(objects.Opt(**wanted, vavailability=schedule))
    assert device.do("cancel_opt", "0012")
    assert VenOpt.objects.get(ven=ven).ended_at is not None


def _changes(device: Device, pair: Pair, here: Side, event: Event) -> None:
    """A changed event is answered anew, and a called-off one acknowledged."""
    device.opt = "optOut"
    event = change_event(event=event, start=event.start + HOUR, end=event.end + HOUR)
    device.hear_until("oadrDistributeEvent")
    assert device.events[-1]["event_descriptor"]["modification_number"] == 1
    assert part(event, here.home)[0] == ParticipationState.OPTED_OUT
    pair.kill()
    cancel_event(event=event, reason="Enough power")
    device.hear_until("oadrDistributeEvent")
    assert device.events[-1]["event_descriptor"]["event_status"] == "cancelled"
    assert not EventDelivery.objects.get().is_pending
    pair.kill()


def _reregistration(device: Device, pair: Pair, ven: Ven) -> None:
    """Asked to, the VEN registers again: the same registration, and the same requests."""
    requests = set(ReportRequest.objects.values_list("request_id", flat=True))
    number = device.client.registration_id
    ask_to_reregister(ven=ven)
    device.hear_until("oadrRequestReregistration")
    pair.kill()
    ven.refresh_from_db()
    assert (ven.registration_id, device.client.registration_id, ven.must_reregister) == (number, number, False)
    assert set(ReportRequest.objects.values_list("request_id", flat=True)) == requests
    assert states() == [RequestState.RUNNING] * 2


def _end(device: Device, pair: Pair, ven: Ven) -> None:
    """A report ends when its resource does, and the registration when the operator wants it."""
    Resource.objects.filter(name="heat-pump").update(ended_at=timezone.now())
    replan_reports(ven_pk=ven.pk)
    device.hear_until("oadrCancelReport")
    assert states() == [RequestState.ENDED, RequestState.RUNNING]
    pair.kill()
    ask_to_cancel(ven=ven)
    device.hear_until("oadrCancelPartyRegistration")
    ven.refresh_from_db()
    assert (ven.state, ven.registration_id) == (VenState.ENROLLED, None)
    assert states() == [RequestState.ENDED] * 2


def test_a_device_that_starts_anew_goes_on_where_it_was(device: Device, ven: Ven, pair: Pair, here: Side) -> None:
    requests = set(ReportRequest.objects.values_list("request_id", flat=True))
    device.stop()
    pair.kill()
    again = Device(pair, device._loop)
    again.start()
    assert again.client.registration_id == device.client.registration_id
    assert {each["report_request_id"] for each in again.client.report_requests} == requests
    again.report(1800)
    assert readings(here.home) == [(slot(), 412)]
    again.do("cancel_party_registration")
    ven.refresh_from_db()
    assert (ven.state, states()) == (VenState.ENROLLED, [RequestState.ENDED] * 2)
    again.stop()


def test_a_running_event_changes_and_ends_through_kills_of_the_vtn(device: Device, pair: Pair, here: Side) -> None:
    event = _running_event(here)
    _heard(device, status="active", hours=3, modification=0)
    pair.kill()
    for number, hours in ((1, 4), (2, 2)):
        event = change_event(event=event, start=event.start, end=event.start + hours * HOUR)
        assert EventDelivery.objects.get().is_pending
        pair.kill()
        _heard(device, status="active", hours=hours, modification=number)
        assert device.hear() != "oadrDistributeEvent"
        pair.kill()
    cancel_event(event=event, reason="Enough power")
    pair.kill()
    _heard(device, status="cancelled", hours=2, modification=3)
    assert device.hear() != "oadrDistributeEvent"
    assert [heard["event_descriptor"]["modification_number"] for heard in device.events] == [0, 1, 2, 3]


def _running_event(here: Side) -> Event:
    """An event of three hours, announced in time, that began one or two hours ago."""
    start, end = (moment - HOUR for moment in next_span(days=0, hours=3))
    with time_machine.travel(start - 2 * HOUR, tick=False):
        draft = create_event(program=make_program(here.distributor), start=start, end=end)
        notify_event(event=schedule_event(event=draft))
    advance_events()
    event = Event.objects.get()
    assert (event.state, event.end > timezone.now()) == (EventState.ACTIVE, True)
    return event


def _heard(device: Device, *, status: str, hours: int, modification: int) -> None:
    """The device is told of that modification, and acknowledges it.

    For a second a process that did not see the last acknowledgement yet tells what came before once more.
    """
    device.wait_for(lambda: device.hear() == "oadrDistributeEvent" and _newest(device)["number"] == modification)
    assert _newest(device) == {"number": modification, "status": status, "hours": hours}
    delivery = EventDelivery.objects.get()
    assert (delivery.is_pending, delivery.acknowledged_modification) == (False, modification)


def _newest(device: Device) -> dict[str, Any]:
    """What the device was told last."""
    if not device.events:
        return {"number": None}
    told = device.events[-1]["event_descriptor"], device.events[-1]["active_period"]["duration"]
    return {"number": told[0]["modification_number"], "status": told[0]["event_status"], "hours": told[1] / HOUR}
