"""The reference: openleadr's own server with all of its state in memory, in a process of its own."""

import asyncio
import logging
import sys
from datetime import UTC, datetime, timedelta

from openleadr import OpenADRServer, objects

logging.disable(logging.CRITICAL)


async def main(port: int, vens: int, pending: int) -> None:
    """Serves VENs of which some have an event that they never acknowledge."""
    server = OpenADRServer("vtn", http_port=port, http_host="127.0.0.1", ven_lookup=_known)
    server.add_handler("on_create_party_registration", lambda _info: (None, None))
    server.services["poll_service"].events_updated = _Pending()
    await server.run_async()
    start = datetime.now(UTC) + timedelta(hours=1)
    for number in range(pending):
        _event(server, f"ven-{number * (vens // pending)}", start)
    sys.stdout.write(f"ready {port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def _answered(ven_id: str, event_id: str, opt_type: str) -> None:
    """Nobody asks."""


class _Pending(dict[str, bool]):
    """Keeps an event pending: openleadr itself hands it out once, whether it is acknowledged or not."""

    def __setitem__(self, ven_id: str, is_pending: bool) -> None:
        if is_pending:
            super().__setitem__(ven_id, True)


def _known(ven_id: str) -> dict[str, str]:
    return {"ven_id": ven_id, "registration_id": "r", "ven_name": ven_id}


def _event(server: OpenADRServer, ven_id: str, start: datetime) -> None:
    interval = objects.Interval(dtstart=start, duration=timedelta(hours=1), signal_payload=1)
    signal = objects.EventSignal(
        intervals=[interval], signal_name="SIMPLE", signal_type="level", signal_id="simple", current_value=0
    )
    descriptor = objects.EventDescriptor(
        event_id="event-1", modification_number=0, market_context="http://localhost/programs/1", event_status="far",
        created_date_time=datetime.now(UTC),
    )  # fmt: skip
    event = objects.Event(
        event_descriptor=descriptor,
        event_signals=[signal],
        targets=[objects.Target(ven_id=ven_id)],
        active_period=objects.ActivePeriod(dtstart=start, duration=timedelta(hours=1)),
        response_required="always",
    )
    server.add_raw_event(ven_id=ven_id, event=event, callback=_answered)


if __name__ == "__main__":
    asyncio.run(main(*(int(word) for word in sys.argv[1:])))
