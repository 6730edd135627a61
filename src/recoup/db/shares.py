"""How many connections one user's work may hold at a time, so that the pool serves all users."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Share:
    """A part of the pool. Who wants more than that waits for what is their own."""

    def __init__(self, connections: int) -> None:
        self.free = asyncio.Semaphore(connections)
        self.holders: set[asyncio.Task[object] | None] = set()

    def turn(self) -> Turn:
        """See `Turn`."""
        return Turn(self)


class Turn:
    """A place for one connection, as a context. A task that has one has as many as it needs.

    Otherwise tasks that hold their first connection could wait for ever for each other's second.
    """

    __slots__ = ("_share", "_task")

    def __init__(self, share: Share | None) -> None:
        self._share = share
        self._task: asyncio.Task[object] | None = None

    async def __aenter__(self) -> None:
        if self._share is None:
            return
        task = asyncio.current_task()
        if task in self._share.holders:
            return
        await self._share.free.acquire()
        self._share.holders.add(task)
        self._task = task

    async def __aexit__(self, *_: object) -> None:
        if self._share is not None and self._task is not None:
            self._share.holders.discard(self._task)
            self._share.free.release()


_share: ContextVar[Share | None] = ContextVar("share", default=None)


@contextmanager
def sharing(share: Share) -> Iterator[None]:
    """All connections that are opened inside, also by tasks that begin there, are of this share."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


def turn() -> Turn:
    """Waits for a place in the share of whoever the work is for; workers have none, and no limit."""
    return Turn(_share.get())
