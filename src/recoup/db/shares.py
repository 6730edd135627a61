"""How many connections one user's work may hold at a time, so that the pool serves all users."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar


class Share:
    """A part of the pool. Who wants more than that waits for what is their own."""

    def __init__(self, connections: int) -> None:
        self._free = asyncio.Semaphore(connections)
        self._holders: set[asyncio.Task[object] | None] = set()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A place for one connection. A task that has one has as many as it needs.

        Otherwise tasks that hold their first connection could wait for ever for each other's second.
        """
        task = asyncio.current_task()
        if task in self._holders:
            yield
            return
        async with self._free:
            self._holders.add(task)
            try:
                yield
            finally:
                self._holders.discard(task)


_share: ContextVar[Share | None] = ContextVar("share", default=None)


@contextmanager
def sharing(share: Share) -> Iterator[None]:
    """All connections that are opened inside, also by tasks that begin there, are of this share."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """Waits for a place in the share of whoever the work is for; workers have none, and no limit."""
    share = _share.get()
    if share is None:
        yield
        return
    async with share.turn():
        yield
