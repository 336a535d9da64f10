"""A sleep that others may end."""

import asyncio


class Alarm:
    """One sleeper, in one event loop; lighter than an event with a time-out, as there are thousands."""

    def __init__(self) -> None:
        self._waker: asyncio.Future[None] | None = None

    async def sleep(self, seconds: float) -> None:
        """Waits so long, or until `wake`."""
        loop = asyncio.get_running_loop()
        self._waker = loop.create_future()
        handle = loop.call_later(seconds, self.wake)
        try:
            await self._waker
        finally:
            handle.cancel()
            self._waker = None

    def wake(self) -> None:
        """Ends the sleep, if there is one."""
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)
