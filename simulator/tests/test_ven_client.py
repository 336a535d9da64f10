"""VENs against a VTN on the loopback."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from simulator.tests.vtn import OK, Vtn, event_xml
from simulator.ven import Change, DataQuality, Point, Quantity, Status, Store, Value, Ven, VenConfig, Wire, service_url

ENERGY = Point("house-energy", "house", Quantity.ENERGY, 300)
POWER = Point("house-power", "house", Quantity.POWER, 2, 60)
STATUS = Point("house-status", "house", Quantity.STATUS, 10, 600)
T = 1_790_000_100
NOW = int(time.time())


def in_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def config(vtn: Vtn, **more) -> VenConfig:
    return VenConfig(service_url(vtn.url), "house <1> & co", **{"poll_seconds": 0.02, **more})


@asynccontextmanager
async def running(vtn: Vtn, *, store: Store | None = None, points=(ENERGY, POWER, STATUS), heard=None, opt="optIn"):
    """A VEN that runs; what it hears goes to the list `heard`."""

    def react(change, event):
        if heard is not None:
            heard.append((str(change), event.event_id, event.modification))
        return opt

    async with Wire() as wire:
        ven = Ven(config(vtn), points, wire=wire, store=store, on_event=react, say=lambda text: None)
        task = asyncio.create_task(ven.run())
        try:
            yield ven
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@in_loop
async def test_ven_registers_offers_its_reports_and_says_which_it_serves():
    async with Vtn() as vtn, running(vtn) as ven:
        await vtn.until(lambda: "oadrPoll" in vtn.got)
        assert vtn.got[:6] == [
            "oadrQueryRegistration",
            "oadrCreatePartyRegistration",
            "oadrRegisterReport",
            "oadrCreatedReport",
            "oadrRequestEvent",
            "oadrPoll",
        ]
        assert ven.is_registered
        assert ven.ven_id == "ven-house <1> & co"


@in_loop
async def test_energy_is_sent_once_and_dropped_when_acknowledged():
    async with Vtn() as vtn, running(vtn) as ven:
        ven.put(Value("house-energy", T, 300, 412), Value("house-energy", T + 300, 300, -3))
        await vtn.until(lambda: len(vtn.values) == 2)
        await vtn.until(lambda: ven.n_waiting == 0)
        assert [vtn.values[key] for key in sorted(vtn.values)] == ["412", "-3"]
        assert set(vtn.taken.values()) == {1}


@in_loop
async def test_energy_whose_answer_is_lost_is_sent_again_the_very_same():
    async with Vtn() as vtn, running(vtn) as ven:
        await vtn.until(lambda: "oadrPoll" in vtn.got)

        def lose() -> web.Response:
            return web.Response(status=299)

        vtn.fail["oadrUpdateReport"] = lose
        ven.put(Value("house-energy", T, 300, 412))
        await vtn.until(lambda: vtn.got.count("oadrUpdateReport") == 2)
        first, second = [body for body, kind in zip(vtn.bodies, vtn.got, strict=True) if kind == "oadrUpdateReport"]
        assert first == second


@in_loop
async def test_energy_outlives_a_ven_that_was_killed_and_arrives_once_it_is_back():
    store = Store()
    async with Vtn() as vtn:
        async with running(vtn, store=store) as ven:
            await vtn.until(lambda: "oadrPoll" in vtn.got)
            vtn.fail["oadrUpdateReport"] = lambda: web.Response(status=503)
            ven.put(Value("house-energy", T, 300, 412))
            await vtn.until(lambda: "oadrUpdateReport" in vtn.got)
        async with running(vtn, store=store) as ven:
            ven.put(Value("house-energy", T, 300, 999))  # said before: the first word counts
            await vtn.until(lambda: len(vtn.values) == 1)
            assert list(vtn.values.values()) == ["412"]
            assert vtn.got.count("oadrCreatePartyRegistration") == 1


@in_loop
async def test_ven_registers_anew_when_the_vtn_has_forgotten_it_and_loses_no_energy():
    async with Vtn() as vtn, running(vtn) as ven:
        await vtn.until(lambda: "oadrPoll" in vtn.got)
        vtn.registered.clear()
        ven.put(Value("house-energy", T, 300, 412))
        await vtn.until(lambda: len(vtn.values) == 1)
        assert vtn.got.count("oadrCreatePartyRegistration") == 2


@in_loop
async def test_ven_waits_for_a_vtn_that_is_away():
    async with Vtn() as vtn, running(vtn) as ven:
        await vtn.until(lambda: "oadrPoll" in vtn.got)
        await vtn.site.stop()
        ven.put(Value("house-energy", T, 300, 412))
        await asyncio.sleep(0)
        await vtn.listen(vtn.port)
        await vtn.until(lambda: len(vtn.values) == 1)


@in_loop
async def test_power_is_thinned_to_what_was_asked_for_and_status_goes_too():
    async with Vtn() as vtn:
        vtn.granularity, vtn.report_back = {"power": 10, "status": 10}, {"power": 0, "status": 0}
        async with running(vtn) as ven:
            await vtn.until(lambda: "oadrPoll" in vtn.got)
            ven.put(*[Value("house-power", T + second, 0, 1000 + second) for second in range(0, 21, 2)])
            ven.put(Value("house-status", T, 0, Status(is_online=True)))
            await vtn.until(lambda: len(vtn.values) == 4)
            assert sorted(vtn.values.values()) == ["1000", "1010", "1020", "true"]


@in_loop
async def test_event_is_new_then_changed_then_cancelled_and_each_is_acknowledged():
    heard: list[tuple[str, str, int]] = []
    async with Vtn() as vtn, running(vtn, heard=heard):
        for number, status in enumerate(["far", "active", "cancelled"]):
            vtn.tell(("e", event_xml("e", NOW, 3600, number=number, status=status)))
            await vtn.until(lambda number=number: vtn.answers.get("e") == (number, "optIn"))
        assert heard == [("new", "e", 0), ("changed", "e", 1), ("cancelled", "e", 2)]


@in_loop
async def test_event_delivered_again_is_acknowledged_again_and_told_once():
    heard: list[tuple[str, str, int]] = []
    async with Vtn() as vtn, running(vtn, heard=heard, opt="optOut"):
        for times in (1, 2):
            vtn.tell(("e", event_xml("e", NOW, 3600)))
            await vtn.until(lambda times=times: vtn.got.count("oadrCreatedEvent") == times)
        assert heard == [("new", "e", 0)]
        assert vtn.answers["e"] == (0, "optOut")


@in_loop
async def test_event_that_is_missing_from_the_list_is_cancelled():
    heard: list[tuple[str, str, int]] = []
    async with Vtn() as vtn, running(vtn, heard=heard):
        vtn.tell(("e", event_xml("e", NOW, 3600)), ("f", event_xml("f", NOW, 3600)))
        await vtn.until(lambda: len(vtn.answers) == 2)
        vtn.tell(("e", ""))
        await vtn.until(lambda: vtn.got.count("oadrCreatedEvent") == 2)
        assert heard[2:] == [("cancelled", "e", 0)]


@in_loop
async def test_restarted_ven_still_knows_its_event_and_hears_of_its_end():
    heard: list[tuple[str, str, int]] = []
    store = Store()
    async with Vtn() as vtn:
        async with running(vtn, store=store, heard=heard):
            vtn.tell(("e", event_xml("e", NOW - 60, 62)))
            await vtn.until(lambda: "e" in vtn.answers)
        async with running(vtn, store=store, heard=heard):
            await vtn.until(lambda: len(heard) == 2)
        assert heard == [("new", "e", 0), ("over", "e", 0)]


@in_loop
async def test_change_of_mind_is_told():
    async with Vtn() as vtn, running(vtn) as ven:
        vtn.tell(("e", event_xml("e", NOW, 3600)))
        await vtn.until(lambda: vtn.answers.get("e") == (0, "optIn"))
        ven.set_opt("e", "optOut")
        await vtn.until(lambda: vtn.answers["e"] == (0, "optOut"))


@in_loop
async def test_vtn_may_ask_for_reports_later_end_them_and_ask_for_a_new_registration():
    async with Vtn() as vtn:
        vtn.granularity = {}
        async with running(vtn) as ven:
            ven.put(Value("house-energy", T, 300, 412))
            await vtn.until(lambda: "oadrPoll" in vtn.got)
            vtn.granularity = {"energy": 300}
            asked = vtn.request_xml("energy")
            vtn.to_say.append(f"oadrCreateReport:<pyld:requestID>c</pyld:requestID>{asked}<ei:venID>v</ei:venID>")
            await vtn.until(lambda: len(vtn.values) == 1)
            vtn.to_say.append(
                "oadrCancelReport:<pyld:requestID>c</pyld:requestID><ei:reportRequestID>request-1</ei:reportRequestID>"
                "<pyld:reportToFollow>false</pyld:reportToFollow><ei:venID>v</ei:venID>"
            )
            await vtn.until(lambda: "oadrCanceledReport" in vtn.got)
            vtn.to_say.append("oadrRequestReregistration:<ei:venID>v</ei:venID>")
            await vtn.until(lambda: vtn.got.count("oadrCreatePartyRegistration") == 2)
            assert ven.is_registered


@in_loop
async def test_offline_ven_says_nothing_and_catches_up_when_it_is_back():
    async with Vtn() as vtn, running(vtn) as ven:
        await vtn.until(lambda: "oadrPoll" in vtn.got)
        ven.set_online(False)
        ven.put(Value("house-energy", T, 300, 412))
        await asyncio.sleep(0.05)
        assert vtn.values == {}
        ven.set_online(True)
        await vtn.until(lambda: len(vtn.values) == 1)


@pytest.mark.parametrize(
    "body",
    ["no XML", "<a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<oadr:oadrPayload xmlns:oadr='x'/>"],
)
def test_answer_that_is_no_message_is_trouble_and_nothing_worse(body):
    async def test() -> None:
        async with Vtn() as vtn, running(vtn):
            vtn.fail["oadrQueryRegistration"] = lambda: web.Response(text=body)
            await vtn.until(lambda: "oadrPoll" in vtn.got)

    asyncio.run(test())


@in_loop
async def test_values_that_the_vtn_refuses_for_good_are_given_up():
    async with Vtn() as vtn, running(vtn) as ven:
        await vtn.until(lambda: "oadrPoll" in vtn.got)
        vtn.fail["oadrUpdateReport"] = lambda: vtn.reply("oadrUpdatedReport", OK.format(453, "x"))
        ven.put(Value("house-energy", T, 300, 412))
        await vtn.until(lambda: "oadrUpdateReport" in vtn.got)
        polls = vtn.got.count("oadrPoll")
        await vtn.until(lambda: vtn.got.count("oadrPoll") > polls + 2)
        assert ven.n_waiting == 0
        assert vtn.got.count("oadrUpdateReport") == 1


REREGISTER = "oadrRequestReregistration", "<ei:venID>v</ei:venID>"


@in_loop
async def test_an_offer_answered_with_a_wish_for_a_new_registration_is_made_again_after_it():
    async with Vtn() as vtn:
        vtn.fail["oadrRegisterReport"] = lambda: vtn.reply(*REREGISTER)
        async with running(vtn) as ven:
            ven.put(Value("house-energy", T, 300, 412))
            await vtn.until(lambda: len(vtn.values) == 1)
    assert [kind for kind in vtn.got if kind in ("oadrCreatePartyRegistration", "oadrRegisterReport")] == [
        "oadrCreatePartyRegistration",
        "oadrRegisterReport",
    ] * 2


@in_loop
async def test_an_offer_that_was_lost_is_made_again_also_by_a_ven_started_again():
    store = Store()
    async with Vtn() as vtn:
        vtn.fail["oadrRegisterReport"] = lambda: web.Response(status=503)
        async with running(vtn, store=store):
            await vtn.until(lambda: "oadrRegisterReport" in vtn.got)
        async with running(vtn, store=store) as ven:
            ven.put(Value("house-energy", T, 300, 412))
            await vtn.until(lambda: len(vtn.values) == 1)
    assert vtn.got.count("oadrCreatePartyRegistration") == 1


@in_loop
async def test_ven_whose_offer_is_taken_offers_nothing_when_it_starts_again():
    store = Store()
    async with Vtn() as vtn:
        for n_polls in (1, 2):
            async with running(vtn, store=store):
                await vtn.until(lambda n_polls=n_polls: vtn.got.count("oadrPoll") > n_polls)
    assert vtn.got.count("oadrRegisterReport") == 1


@in_loop
async def test_ven_offers_its_reports_when_it_is_asked_for_metadata():
    async with Vtn() as vtn, running(vtn):
        await vtn.until(lambda: "oadrPoll" in vtn.got)
        vtn.granularity["METADATA"], vtn.report_back["METADATA"] = 0, 0
        asked = vtn.request_xml("METADATA")
        vtn.to_say.append(f"oadrCreateReport:<pyld:requestID>c</pyld:requestID>{asked}<ei:venID>v</ei:venID>")
        await vtn.until(lambda: vtn.got.count("oadrRegisterReport") == 2)


@in_loop
async def test_what_a_value_says_of_its_quality_goes_with_it_over_a_restart():
    store = Store()
    async with Vtn() as vtn:
        vtn.granularity = {}
        async with running(vtn, store=store) as ven:
            ven.put(Value("house-energy", T, 300, 412, DataQuality.UNCERTAIN), Value("house-energy", T + 300, 300, 1))
        vtn.granularity = {"energy": 300}
        async with running(vtn, store=store):
            await vtn.until(lambda: len(vtn.values) == 2)
        (body,) = [body for body, kind in zip(vtn.bodies, vtn.got, strict=True) if kind == "oadrUpdateReport"]
        assert body.count(b"<oadr:oadrDataQuality>Quality Uncertain - Non Specific</oadr:oadrDataQuality>") == 1
        assert body.count(b"oadrDataQuality") == 2


def test_change_words_are_the_ones_callbacks_get():
    assert [str(change) for change in Change] == ["new", "changed", "cancelled", "over"]
