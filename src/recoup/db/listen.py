"""LISTEN: wakes tasks that wait for a change in the database, in place of polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from recoup.logs import get_logger

_log = get_logger(__name__)
_RECONNECT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Notification:
    """A received NOTIFY. `channel` is empty after a (re)connection: some may have been missed."""

    channel: str
    payload: str


async def listen(
    conninfo: str, channels: Sequence[str], *, idle_seconds: float = 15.0
) -> AsyncGenerator[Notification]:
    """Yields notifications forever, over one connection that is renewed whatever ends it: a server
    that restarts, that may not LISTEN as it is a standby for now (25006), a host without a name.

    An empty notification comes first, after each reconnection and after `idle_seconds` without
    any: whoever gets it looks at the tables, so that a lost NOTIFY delays and never loses.
    """
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                conninfo, autocommit=True, connect_timeout=5
            ) as conn:
                for channel in channels:
                    await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                while True:
                    yield Notification("", "")
                    async for notify in conn.notifies(timeout=idle_seconds):
                        yield Notification(notify.channel, notify.payload)
        except (psycopg.Error, OSError) as exc:
            reason = getattr(exc, "sqlstate", None) or type(exc).__name__
            _log.warning("listen_connection_lost", reason=reason)
            await asyncio.sleep(_RECONNECT_SECONDS)
