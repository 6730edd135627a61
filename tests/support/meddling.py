"""An Amazon that says something else than the sandbox does, between it and the syncs of a lab."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2

from recoup.streams._stream import Stream
from recoup.sync.access import SellerAccess
from recoup.sync.runner import SyncRunner
from tests.support.lab import Lab
from tests.support.patience import PATIENCE

_OF_THE_WIRE = {"content-encoding", "content-length", "transfer-encoding"}

Send = Callable[[httpx2.Request], Awaitable[httpx2.Response]]
Meddle = Callable[[httpx2.Request, Send], Awaitable[httpx2.Response]]


class _Meddler(httpx2.AsyncBaseTransport):
    def __init__(self, meddle: Meddle) -> None:
        self._meddle = meddle
        self._sandbox = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._meddle(request, self._sandbox.handle_async_request)
        return _unread(answer) if answer.is_stream_consumed else answer

    async def aclose(self) -> None:
        await self._sandbox.aclose()


def _unread(answer: httpx2.Response) -> httpx2.Response:
    """The same as it comes over the wire: one that was made or read in the test can be read."""
    headers = {name: answer.headers[name] for name in answer.headers if name not in _OF_THE_WIRE}
    content = httpx2.ByteStream(answer.content)
    return httpx2.Response(answer.status_code, headers=headers, stream=content)


@asynccontextmanager
async def meddling_access(lab: Lab, meddle: Meddle) -> AsyncIterator[SellerAccess]:
    """An access to the lab's sellers whose requests are answered by `meddle`."""
    http = httpx2.AsyncClient(transport=_Meddler(meddle), timeout=PATIENCE)
    access = SellerAccess(lab.settings, http=http)
    try:
        yield access
    finally:
        await access.close()


@asynccontextmanager
async def meddled(lab: Lab, meddle: Meddle, *streams: Stream) -> AsyncIterator[None]:
    """Meanwhile each request of the lab's syncs, which read `streams`, is answered by `meddle`."""
    before = lab.runner
    async with meddling_access(lab, meddle) as access:
        lab.runner = SyncRunner(lab.database, access, owner="lab", streams=streams)
        try:
            yield
        finally:
            lab.runner = before
