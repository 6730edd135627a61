"""An open event stream: one response with five ways to end, each of which cleans up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from recoup.api.authentication import is_still_admitted
from recoup.api.services import Services
from recoup.errors import DatabaseUnreachableError
from recoup.logs import get_logger
from recoup.sync.side_tasks import cancel_all
from recoup.users.caller import Caller

_log = get_logger(__name__)
# The last bytes go to a client that may not read any more.
_FAREWELL_SECONDS = 1.0
# A minute: within it who is shut out reads on.
_HEARTBEATS_PER_LOOK = 4
_FIRST_LOOK = 0.5
# Streams that began together, after a restart, must not all come back together an hour later.
_LIFETIME_JITTER = 0.1


class EventStream(Response):
    """Sends what `frames` yields until it ends, the client leaves, time is up, the server stops, or
    the client may not read any more.

    In each case but the second the client sees the end and reconnects with its Last-Event-ID.
    """

    media_type = "text/event-stream"

    def __init__(self, services: Services, frames: AsyncGenerator[bytes]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._services = services
        self._frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises TooManyStreamsError before anything is sent."""
        caller: Caller = scope["state"]["caller"]
        with self._services.open_streams.one_more(caller.user_id):
            await self._stream(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        end = partial(_resolve, over)
        pump = asyncio.create_task(self._pump(send))
        gone = asyncio.create_task(_disconnect(receive))
        lifetime = loop.call_later(self._lifetime(), end)
        looks = _Looks(Request(scope), self._services, end)
        services = self._services
        with services.metrics.sse_readers.track_inprogress(), services.stopping.calling(end):
            try:
                await asyncio.wait((pump, gone, over), return_when=asyncio.FIRST_COMPLETED)
                here = not gone.done()
            finally:
                lifetime.cancel()
                looks.cease()
                await cancel_all((pump, gone))
        if not pump.cancelled():
            pump.result()
        if here:
            await _say_end(send)

    async def _pump(self, send: Send) -> None:
        """Leaves the hub (aclosing), even if it is cancelled while the client does not read."""
        try:
            async with aclosing(self._frames) as frames:
                async for frame in frames:
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
        except DatabaseUnreachableError:
            # The answer has begun, so no problem can be sent: the client reconnects and gets one.
            _log.warning("event_stream_without_database")

    def _lifetime(self) -> float:
        lifetime = self._services.timing.lifetime_seconds
        spread = lifetime * _LIFETIME_JITTER
        return lifetime + random.uniform(-spread, spread)  # noqa: S311 - no secret


class _Looks:
    """Asks now and then whether the session or token has ended, or its person left the workspace.

    Between two looks it is a timer: a task for each reader would be a tenth of what a reader costs.
    """

    def __init__(self, request: Request, services: Services, end: Callable[[], None]) -> None:
        self._request, self._services, self._end = request, services, end
        self._seconds = _HEARTBEATS_PER_LOOK * services.timing.heartbeat_seconds
        self._look: asyncio.Task[None] | None = None
        # Those who came together, after a restart, are not looked at together.
        self._later(self._seconds * random.uniform(_FIRST_LOOK, 1.0))  # noqa: S311 - no secret

    def cease(self) -> None:
        self._timer.cancel()
        if self._look is not None:
            self._look.cancel()

    def _later(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._look = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        if await is_still_admitted(self._request, self._services):
            self._later(self._seconds)
        else:
            self._end()


def _resolve(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


async def _disconnect(receive: Receive) -> None:
    """Returns when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say_end(send: Send) -> None:
    try:
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        _log.info("event_stream_not_read")
