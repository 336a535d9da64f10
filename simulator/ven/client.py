"""A VEN of OpenADR 2.0b that pulls: registers, reports, hears of events and answers them.

```python
async with Wire() as wire:
    ven = Ven(read_config(path), points, on_event=react, wire=wire, store=Store(Path("ven.sqlite3")))
    task = asyncio.create_task(ven.run())            # for ever, through outages and restarts of the VTN
    ven.put(Value("feeder-power", now, 0, 1234.0))   # whenever there is something to say
```

`react(change, event)` is called for each new, changed, cancelled and ended event, and returns the VEN's answer,
"optIn" or "optOut", for the first two. Energies wait in the store until the VTN has acknowledged them; other values
only matter while they are fresh.
"""

import asyncio
import random
import sys
import time
from collections.abc import Callable, Sequence

from simulator.errors import SimulatorError
from simulator.ven import messages
from simulator.ven.alarm import Alarm
from simulator.ven.config import VenConfig
from simulator.ven.events import OPT_IN, Change, EventBook, VenEvent
from simulator.ven.feed import Feed
from simulator.ven.feeds import Feeds
from simulator.ven.reading import BadMessage, Incoming, cancelled_requests, read_events, read_requests, seconds_of
from simulator.ven.reports import Point, Value
from simulator.ven.store import Store
from simulator.ven.wire import NotRegistered, VtnAway, VtnRefused, Wire

OnEvent = Callable[[Change, VenEvent], str | None]
_MAX_BACKOFF_SECONDS = 60.0
_MAX_POLLS_AT_ONCE = 5
_GONE = {401, 403, 404, 452, 463}  # the VTN does not know the registration, or the request, any more


class Ven:
    """One VEN. Everything runs in one task; `put`, `set_opt` and `set_online` are called from the same event loop.

    Args:
        config: who it is, and where the VTN is.
        points: what it can report.
        on_event: hears of events and answers them; without one it opts in.
        wire: the process's connections.
        store: what outlives a restart; shared by all VENs of the process.
        delay: seconds before it starts, and reports after a value; spreads many VENs.
        say: where sentences for the person at the terminal go.
    """

    def __init__(
        self,
        config: VenConfig,
        points: Sequence[Point],
        *,
        wire: Wire,
        store: Store | None = None,
        on_event: OnEvent | None = None,
        delay: float = 0.0,
        say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config, self.points, self.is_online = config, tuple(points), True
        self._wire, self._store, self._clock = wire, store or Store(), clock
        self._on_event = on_event or (lambda change, event: OPT_IN)
        self._delay, self._say, self._said = delay, say, ""
        state = self._store.load(config.ven_name)
        self.ven_id: str = config.ven_id or state.get("ven_id", "")
        self._registration_id: str = state.get("registration_id", "")
        self._is_registered = bool(self.ven_id and self._registration_id)
        # Who was asked for nothing offers once more: perhaps the VTN never heard it.
        self._has_offered = bool(state.get("requests")) and bool(state.get("has_offered", True))
        self._poll_seconds: float = state.get("poll_seconds", config.poll_seconds)
        self._book = EventBook(state.get("events", ()))
        self._feeds = Feeds(config.ven_name, self.points, self._store, state.get("requests", ()), delay)
        self._has_heard = bool(state.get("has_heard"))
        self._unsaid: set[str] = set()
        self._next_poll, self._not_before, self._failures, self._knows_all = 0.0, 0.0, 0, False
        self._alarm = Alarm()

    @property
    def is_registered(self) -> bool:
        """Whether the VTN has accepted it."""
        return self._is_registered

    @property
    def has_heard(self) -> bool:
        """Whether the VTN ever told it its events; before that, no event is no news."""
        return self._has_heard

    @property
    def events(self) -> list[VenEvent]:
        """The events that are not over, cancelled or forgotten."""
        return [known.event for known in self._book.known.values() if not known.is_done]

    def opt_of(self, event_id: str) -> str:
        """What it answered, empty for an event it does not know."""
        known = self._book.known.get(event_id)
        return known.opt if known else ""

    @property
    def n_waiting(self) -> int:
        """How many energies no VTN has acknowledged yet."""
        return self._feeds.n_waiting

    def put(self, *values: Value) -> None:
        """Hands over what its points say. The energy of an interval is said once and for all."""
        for value in values:
            self._feeds.put(value)
        self._alarm.wake()

    def set_opt(self, event_id: str, opt: str) -> None:
        """Answers an event anew."""
        self._book.answer(event_id, opt)
        self._unsaid.add(event_id)
        self._save()
        self._alarm.wake()

    def set_online(self, is_online: bool) -> None:
        """Cuts it off from the network, or connects it again; energies wait meanwhile."""
        if is_online and not self.is_online:
            self._next_poll, self._knows_all = 0.0, False
        self.is_online = is_online
        self._alarm.wake()

    async def run(self) -> None:
        """Does all that is due, until the task is cancelled."""
        await asyncio.sleep(self._delay)
        while True:
            now = self._clock()
            self._tell(self._book.over(now))
            if self.is_online and now >= self._not_before:
                await self._try()
            await self._alarm.sleep(min(3600.0, max(0.01, self._next_due() - self._clock())))

    async def _try(self) -> None:
        try:
            await self._step()
        except (VtnAway, VtnRefused, BadMessage, NotRegistered) as error:
            if isinstance(error, VtnRefused):
                self._is_registered = False  # it may have forgotten the VEN
            self._failures += 1
            wait = min(_MAX_BACKOFF_SECONDS, 2.0 ** min(self._failures, 6)) * random.uniform(0.5, 1.0)
            self._not_before = self._clock() + max(wait, getattr(error, "wait_seconds", 0.0))
            self._say_once(f"{error} Trying again.")
        else:
            if self._failures:
                self._say_once("in touch with the VTN again.")
                self._said = ""
            self._failures = 0

    async def _step(self) -> None:
        """Everything that is due now."""
        if not self._is_registered:
            await self._register()
        if not self._has_offered:
            await self._offer()
        if not self._knows_all:
            await self._ask_events()
        if self._unsaid:
            await self._answer("", sorted(self._unsaid))
        if self._clock() >= self._next_poll:
            await self._poll()
        for feed in self._feeds.served:
            if self._due(feed) <= self._clock():
                await self._try_report(feed)

    async def _ask_events(self) -> None:
        """Asks for all events that apply."""
        self._knows_all = True  # first, since whoever wants to know anew meanwhile says so here
        try:
            await self._handle(await self._post("EiEvent", messages.request_event(self.ven_id)))
        except SimulatorError:
            self._knows_all = False
            raise

    async def _register(self) -> None:
        """Registers, or renews what the VTN has forgotten, and offers its reports."""
        await self._post("EiRegisterParty", messages.query_registration(), may_fail=True)
        body = messages.create_registration(self.config.ven_name, self.ven_id, self._registration_id)
        self._registration_id = ""  # where its renewal fails, the next try is a new registration
        answer = await self._post("EiRegisterParty", body, may_fail=True)
        registration_id = answer.text("ei:registrationID")
        if answer.code != 200 or not registration_id:
            raise NotRegistered(f"The VTN does not register it ({answer.code} {answer.words}).")
        self.ven_id = answer.text("ei:venID") or self.ven_id
        asked = answer.text("oadr:oadrRequestedOadrPollFreq/xcal:duration")
        self._poll_seconds = float(seconds_of(asked) if asked else 0) or self.config.poll_seconds
        self._registration_id, self._is_registered, self._knows_all = registration_id, True, False
        self._has_offered = False
        self._save()
        await self._offer()

    async def _offer(self) -> None:
        """Registers its reports, and serves what the VTN asks of them."""
        if not self.points:
            self._has_offered = True
            return
        body = messages.register_report(self.ven_id, self.points, int(self._clock()))
        answer = await self._post("EiReport", body)
        if answer.kind == "oadrRequestReregistration":
            # It has not taken the offer, which is made again with the new registration.
            await self._post("EiRegisterParty", messages.response(self.ven_id, answer.request_id), may_fail=True)
            self._is_registered = self._has_offered = False
            raise NotRegistered("The VTN asks for a new registration before it takes reports.")
        self._feeds.clear()  # the answer names all that is wanted; what waits is the VEN's, not the feeds'
        await self._handle(answer)
        self._has_offered = True
        self._save()

    async def _poll(self) -> None:
        """Polls until there is nothing more to hear."""
        for _ in range(_MAX_POLLS_AT_ONCE):
            answer = await self._post("OadrPoll", messages.poll(self.ven_id))
            if answer.kind == "oadrResponse":
                break
            await self._handle(answer)
        self._next_poll = self._clock() + self._poll_seconds * random.uniform(0.9, 1.1)

    async def _post(self, service: str, body: bytes, *, may_fail: bool = False) -> Incoming:
        """The answer to one message.

        Raises:
            NotRegistered: the VTN does not know the VEN any more.
            VtnRefused: another answer without success, unless `may_fail`.
        """
        answer = await self._wire.post(self.config, service, body)
        if answer.code == 200 or may_fail:
            return answer
        if answer.code in _GONE:
            self._is_registered = False
            raise NotRegistered(f"The VTN does not know it ({answer.code} {answer.words}).")
        raise VtnRefused(f"The VTN answered {service} with {answer.code} {answer.words}.")

    async def _handle(self, message: Incoming) -> None:
        """Does what a message of the VTN asks."""
        match message.kind:
            case "oadrDistributeEvent":
                await self._hear(message)
            case "oadrRegisteredReport" | "oadrCreateReport":
                await self._accept(message)
            case "oadrRegisterReport":
                await self._post("EiReport", messages.registered_report(self.ven_id, message.request_id))
            case "oadrCancelReport":
                self._stop(cancelled_requests(message))
                body = messages.canceled_report(self.ven_id, message.request_id, self._feeds)
                await self._post("EiReport", body)
            case "oadrUpdateReport":
                await self._post("EiReport", messages.updated_report(self.ven_id, message.request_id))
            case "oadrRequestReregistration":
                await self._post("EiRegisterParty", messages.response(self.ven_id, message.request_id), may_fail=True)
                await self._register()
            case "oadrCancelPartyRegistration":
                await self._leave(message)

    async def _hear(self, message: Incoming) -> None:
        """Takes the list of events, reacts, and answers those that ask for it."""
        listed = read_events(message)
        self._tell(self._book.take(listed))
        if not self._has_heard:
            self._has_heard = True
            self._save()
        await self._answer(message.request_id, [event.event_id for event in listed if event.needs_answer])

    def _tell(self, changes: Sequence[tuple[Change, VenEvent]]) -> None:
        for change, event in changes:
            opt = self._on_event(change, event)
            if opt and change in {Change.NEW, Change.CHANGED}:
                self._book.answer(event.event_id, opt)
        if changes:
            self._save()

    async def _answer(self, request_id: str, event_ids: Sequence[str]) -> None:
        known = [self._book.known[name] for name in event_ids if name in self._book.known]
        answers = [(each.event.event_id, each.event.modification, each.opt) for each in known]
        if answers:
            body = messages.created_event(self.ven_id, request_id, answers)
            answer = await self._post("EiEvent", body, may_fail=True)
            if answer.code != 200:  # too late, or about an event that is gone: there is nothing to repeat
                self._say_once(f"the VTN does not take an answer ({answer.code} {answer.words}).")
        self._unsaid.difference_update(event_ids)

    async def _accept(self, message: Incoming) -> None:
        """Serves the requests for reports in the message and says which it serves now."""
        requests = read_requests(message)
        if any(request.specifier_id == "METADATA" for request in requests):
            await self._offer()
        served = [request for request in requests if self._feeds.can_serve(request)]
        self._feeds.serve(served)
        if served:
            self._save()
        if requests or message.kind == "oadrCreateReport":
            body = messages.created_report(self.ven_id, message.request_id, self._feeds)
            await self._post("EiReport", body)

    def _stop(self, request_ids: Sequence[str]) -> None:
        self._feeds.stop(request_ids)
        self._save()

    def _due(self, feed: Feed) -> float:
        return self._feeds.due_at(feed, self._clock())

    async def _try_report(self, feed: Feed) -> None:
        """Reports; trouble with it keeps the VEN from nothing else."""
        try:
            await self._report(feed)
        except (VtnAway, VtnRefused, BadMessage) as error:
            feed.failed(self._clock())
            self._say_once(f"{error} Values are kept; trying again.")

    async def _report(self, feed: Feed) -> None:
        """Sends one report, the very same again until the VTN has taken it."""
        if feed.in_flight is None:
            values = self._feeds.take(feed)
            if not values:
                return
            named = feed.request
            body = messages.update_report(self.ven_id, named.request_id, named.specifier_id, values, int(self._clock()))
            feed.in_flight = (body, values)
        body, values = feed.in_flight
        answer = await self._post("EiReport", body, may_fail=True)
        if answer.code in _GONE:
            # The values stay: the VTN asks anew for the report once it is offered again.
            self._stop([feed.request.request_id])
            self._is_registered = False
            raise NotRegistered(f"The VTN does not know the request for reports ({answer.code} {answer.words}).")
        if answer.code >= 500:
            raise VtnAway(f"The VTN answered a report with {answer.code} {answer.words}.")
        if answer.code != 200:
            self._say_once(f"the VTN refuses values, which are left out ({answer.words}).")
        self._feeds.done(feed, values, self._clock())
        self._stop_if_over(feed, cancelled_requests(answer))

    def _stop_if_over(self, feed: Feed, cancelled: Sequence[str]) -> None:
        if feed.request.is_once or feed.is_past(self._clock()):
            cancelled = [*cancelled, feed.request.request_id]
        if cancelled:
            self._stop(cancelled)

    async def _leave(self, message: Incoming) -> None:
        """The VTN ends the registration; the next step asks for a new one."""
        body = messages.canceled_registration(self.ven_id, self._registration_id, message.request_id)
        await self._post("EiRegisterParty", body, may_fail=True)
        self._registration_id, self._is_registered = "", False
        self._stop(list(self._feeds))
        raise NotRegistered("The VTN has ended the registration.")

    def _save(self) -> None:
        state = {
            "ven_id": self.ven_id,
            "registration_id": self._registration_id,
            "poll_seconds": self._poll_seconds,
            "has_offered": self._has_offered,
            "has_heard": self._has_heard,
            "events": self._book.rows(),
            "requests": self._feeds.rows(),
        }
        self._store.save(self.config.ven_name, state)

    def _next_due(self) -> float:
        """When there is something to do again."""
        due = [self._book.next_end()]
        if self.is_online:
            unsaid = 0.0 if self._unsaid else self._next_poll
            reports = [self._due(feed) for feed in self._feeds.served]
            due.append(max(self._not_before, min([self._next_poll, unsaid, *reports])))
        return min(due)

    def _say_once(self, text: str) -> None:
        if text != self._said:
            self._say(f"{self.config.ven_name}: {text}")
            self._said = text
