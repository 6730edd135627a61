"""One statement in one message: for what is read at every request, or written at every call.

A pool of SQLAlchemy's takes 2 ms of the processor for a transaction with one statement; this takes
a fifth of it. What several statements must see alike still needs `Database.reading`, and what they
must write together `Database.writing`.
"""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Select, TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from recoup.db.unreachable import ALL_IN_USE, unreachable_message
from recoup.errors import DatabaseUnreachableError

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
_CONNECT_SECONDS = 5
# After a restart all readers of event streams come back at once, and each in its turn.
_WAIT_SECONDS = 120.0

# Settings of a transaction, which several statements in one message are: nothing of them is left.
_NAME_WORKSPACE = "select set_config('recoup.workspace_id', %(recoup_workspace)s, true); "


@dataclass(frozen=True, slots=True)
class Statement:
    """The text of a statement with its parameters, in psycopg's notation."""

    text: str


def statement(chosen: Select[Any] | TextClause) -> Statement:
    """Compiled once, which takes longer than running it. All of its values are bound by name."""
    return Statement(str(chosen.compile(dialect=_DIALECT)))


class SingleStatements:
    """A few connections of one process, opened as they are needed; each statement is a transaction.

    psycopg's pool would let a request wait for a server that is down; here it is told at once.
    """

    def __init__(
        self, conninfo: str, options: str, *, connections: int, is_read_only: bool
    ) -> None:
        self._conninfo = conninfo
        self._options = (
            f"{options} -c default_transaction_read_only={'on' if is_read_only else 'off'}"
        )
        self._idle: deque[psycopg.AsyncConnection[Any]] = deque()
        self._free = asyncio.Semaphore(connections)

    async def fetch(
        self, wanted: Statement, parameters: Mapping[str, object], workspace_id: str | None
    ) -> list[Any]:
        """All rows, as named tuples. Raises psycopg.Error, DatabaseUnreachableError."""
        text = wanted.text
        if workspace_id is not None:
            text = _NAME_WORKSPACE + text
            parameters = {**parameters, "recoup_workspace": workspace_id}
        async with self._taken() as conn:
            cursor = psycopg.AsyncClientCursor(conn, row_factory=namedtuple_row)
            await cursor.execute(text, parameters)
            if workspace_id is not None:
                cursor.nextset()
            return await cursor.fetchall()

    async def run(self, wanted: Statement, parameters: Mapping[str, object]) -> list[Any]:
        """The rows that it returns, as named tuples. Its plan is kept. Raises as `fetch`."""
        async with self._taken() as conn:
            cursor = psycopg.AsyncCursor(conn, row_factory=namedtuple_row)
            await cursor.execute(wanted.text, parameters, prepare=True)
            return await cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def _taken(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError as exc:
            raise DatabaseUnreachableError(ALL_IN_USE) from exc
        try:
            conn = await self._find_living() or await self._connect()
            try:
                yield conn
            except BaseException:
                # Refused or cut off in the middle: what comes next on it is not known.
                await conn.close()
                raise
            self._idle.append(conn)
        finally:
            self._free.release()

    async def _find_living(self) -> psycopg.AsyncConnection[Any] | None:
        """The one used last that the server has not ended."""
        while self._idle:
            conn = self._idle.pop()
            if not conn.closed and not has_news(conn):
                return conn
            await conn.close()
        return None

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        try:
            return await psycopg.AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                options=self._options,
            )
        except psycopg.OperationalError as exc:
            raise DatabaseUnreachableError(unreachable_message(exc)) from exc


def has_news(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Whether something came that nobody asked for: the end of the connection, most of all."""
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
