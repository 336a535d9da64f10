"""The connections that all VENs of a process share."""

import asyncio
import time

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator.ven import VenConfig, Wire, service_url
from simulator.ven import wire as wire_module
from simulator.ven.messages import poll, response

# Together they wait longer than one may.
SLOW, PATIENCE, POSTS = 0.25, 2.0, 20


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "_TIMEOUT", aiohttp.ClientTimeout(total=PATIENCE))


def test_who_waits_for_a_connection_of_its_own_process_is_patient_with_the_vtn() -> None:
    at_once, most = 0, 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(SLOW)
        at_once -= 1
        return web.Response(body=response("v", "q"), content_type="application/xml")

    async def test() -> None:
        app = web.Application()
        app.router.add_post("/{any:.*}", slow)
        async with TestServer(app) as vtn, Wire(limit=2) as wire:
            config = VenConfig(service_url(str(vtn.make_url("/"))), "house")
            began = time.monotonic()
            answers = await asyncio.gather(*(wire.post(config, "OadrPoll", poll("v")) for _ in range(POSTS)))
            assert [answer.code for answer in answers] == [200] * POSTS
            assert time.monotonic() - began > PATIENCE
            assert most == 2

    asyncio.run(test())
