"""Another VTN: openleadr's own server as a process of its own, told what to do by lines of JSON, and telling the same.

Nothing of the portal is imported here; the process forgets everything when it ends.
"""

import asyncio
import json
import logging
import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from openleadr import OpenADRServer, hooks, objects, utils

VENS: dict[str, dict[str, str]] = {}
STATE: dict[str, Any] = {"granularity": 1800, "report_back": 1800}


def tell(**what: Any) -> None:
    sys.stdout.write(json.dumps(what, default=str) + "\n")
    sys.stdout.flush()


async def heard(kind: str, payload: dict[str, Any]) -> None:
    tell(heard=kind, payload=payload)


async def answered(kind: str, payload: Any) -> None:
    tell(answered=kind)


def on_create(payload: dict[str, Any]) -> Any:
    if payload["ven_name"] == STATE.get("refuses"):
        return False
    ven_id = f"ven-of-{payload['ven_name']}"
    registration = f"registration-{len(VENS) + 1}-{uuid4().hex}"
    VENS[ven_id] = {"ven_id": ven_id, "registration_id": registration, "fingerprint": STATE.get("fingerprint", "")}
    return ven_id, registration


def look_up(ven_id: str) -> Any:
    return VENS.get(ven_id)


def on_report(
    ven_id: str, resource_id: str, measurement: str, unit: str, scale: str,
    min_sampling_interval: timedelta, max_sampling_interval: timedelta,
) -> Any:  # fmt: skip
    tell(offered=measurement, unit=unit, min=min_sampling_interval.total_seconds())

    async def take(values: Any) -> None:
        tell(values=[(at, value) for at, value in values])

    return take, timedelta(seconds=STATE["granularity"]), timedelta(seconds=STATE["report_back"])


def add_event(server: OpenADRServer, said: dict[str, Any]) -> None:
    minutes = timedelta(minutes=said["minutes"])
    server.add_event(
        ven_id=said["ven"],
        signal_name=said.get("signal", "SIMPLE"),
        signal_type=said.get("type", "level"),
        intervals=[
            objects.Interval(
                dtstart=datetime.fromisoformat(said["start"]), duration=minutes, signal_payload=said.get("level", 1)
            )
        ],
        event_id=said["id"],
        callback=lambda ven_id, event_id, opt_type: tell(opt=opt_type, event=event_id),
    )


def change_event(server: OpenADRServer, said: dict[str, Any]) -> None:
    event = utils.find_by(server.events[said["ven"]], "event_descriptor.event_id", said["id"])
    start, minutes = datetime.fromisoformat(said["start"]), timedelta(minutes=said["minutes"])
    interval = utils.getmember(utils.getmember(event, "event_signals")[0], "intervals")[0]
    for period in (utils.getmember(event, "active_period"), interval):
        utils.setmember(period, "dtstart", start)
        utils.setmember(period, "duration", minutes)
    utils.increment_event_modification_number(event)
    server.events_updated[said["ven"]] = True


def obey(server: OpenADRServer, said: dict[str, Any]) -> None:
    do = said.pop("do")
    if do == "event":
        add_event(server, said)
    elif do == "change":
        change_event(server, said)
    elif do == "cancel":
        server.cancel_event(said["ven"], said["id"])
    elif do == "omit":
        utils.pop_by(server.events[said["ven"]], "event_descriptor.event_id", said["id"])
    elif do == "forget":
        VENS.clear()
    elif do == "state":
        STATE.update(said)
    tell(done=do)


async def main(port: int, options: dict[str, Any]) -> None:
    STATE.update(options.pop("state", {}))
    server = OpenADRServer(
        vtn_id="other", http_port=port, ven_lookup=look_up, requested_poll_freq=timedelta(seconds=1),
        show_fingerprint=False, **options,
    )  # fmt: skip
    server.add_handler("on_create_party_registration", on_create)
    server.add_handler("on_register_report", on_report)
    hooks.register("before_handle", heard)
    hooks.register("after_handle", answered)
    await server.run()
    tell(ready=port)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            obey(server, json.loads(line))
        except Exception as problem:  # the test sees it
            tell(failed=repr(problem))
    await server.stop()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(int(sys.argv[1]), json.loads(sys.argv[2])))
