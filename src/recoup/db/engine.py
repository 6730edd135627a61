"""Connections to PostgreSQL. Whoever opens a unit of work here commits it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy
from typing import NewType, cast
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from recoup.actor import Actor
from recoup.database_url import read_database_url
from recoup.db.roles import DatabaseRole
from recoup.db.shares import turn
from recoup.errors import DatabaseUnreachableError, ValueTooLargeError
from recoup.ids import WorkspaceId

Reader = NewType("Reader", AsyncConnection)
"""A connection in a read-only transaction: PostgreSQL refuses a write."""
Writer = NewType("Writer", Reader)
"""A connection in a transaction that its opener commits. Everything readable is readable."""

# A worker that is stopped in the middle of a transaction (SIGSTOP, a laptop that sleeps) must not
# hold its row locks past its lease, or nobody could take its sync over.
_IDLE_IN_TRANSACTION_MS = 8_000
_LOCK_TIMEOUT_MS = 20_000
_CLOSE_SECONDS = 1.0
# A limit of PostgreSQL's own, such as that of an index key. The driver counts it among the errors
# of the server's operation, but the server is well.
_TOO_LARGE = frozenset({"54000", "54001", "54011", "54023"})


# Until the end of the transaction; on a pooled connection nothing of it is left.
_NAME_CALLER = (
    "select set_config('recoup.workspace_id', %s, true), set_config('recoup.actor', %s, true)"
)


class Database:
    """The pool of one process. `url` is `postgresql://...`; nothing is opened before first use.

    role: taken by each connection; None works as the owner of the tables, for a database that may
    have no roles yet. Raises ValueError for a URL that `read_database_url` refuses; the settings do
    so before.
    """

    def __init__(
        self, url: str, *, role: DatabaseRole | None = DatabaseRole.WORKER, pool_size: int = 10
    ) -> None:
        self._url = url
        self._role = [] if role is None else [f"-c role={role}"]
        self.conninfo = _conninfo(url, self._role)
        """For a connection in the role."""
        self.sqlalchemy_url = _conninfo(url, []).replace(
            "postgresql://", "postgresql+psycopg://", 1
        )
        """For a connection as the owner of the tables."""
        self._caller: tuple[str, str] | None = None
        self._engine = create_async_engine(
            self.sqlalchemy_url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            # An error's text would carry the values of its statement into the log.
            hide_parameters=True,
            connect_args={
                "connect_timeout": 5,
                "options": " ".join(
                    (
                        "-c timezone=UTC -c datestyle=ISO,MDY",
                        f"-c lock_timeout={_LOCK_TIMEOUT_MS}",
                        f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS}",
                        *self._role,
                    )
                ),
            },
        )
        self._reading = self._engine.execution_options(postgresql_readonly=True)

    def as_role(self, role: DatabaseRole) -> Database:
        """A pool of its own on the same database, to be closed by its owner."""
        return Database(self._url, role=role)

    def of(self, workspace_id: WorkspaceId | None, *, by: Actor | None = None) -> Database:
        """The same pool for one caller: each transaction names the workspace, whose rows alone the
        role of the API sees (None: of none), and the actor, whom the audit log names (None: as before,
        at first recoup itself).
        """
        actor = self._caller[1] if self._caller is not None else ""
        named = copy(self)
        named._caller = (  # noqa: SLF001 - of this class
            workspace_id or "",
            actor if by is None else by.document(),
        )
        return named

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """A read-only transaction. Raises DatabaseUnreachableError if no server answers."""
        async with _connected(self._reading.connect) as conn:
            await self._name_caller(conn)
            yield Reader(conn)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writer]:
        """One unit of work: committed at the end, rolled back by any exception."""
        async with _connected(self._engine.connect) as conn, conn.begin():
            await self._name_caller(conn)
            yield Writer(Reader(conn))

    async def _name_caller(self, conn: AsyncConnection) -> None:
        if self._caller is not None:
            # Past SQLAlchemy, which would take as long as the statement itself: each request waits.
            raw = await conn.get_raw_connection()
            await cast("psycopg.AsyncConnection", raw.driver_connection).execute(
                _NAME_CALLER, self._caller
            )

    async def check(self) -> None:
        """Raises DatabaseUnreachableError, in one line, if no server answers or it is too old."""
        async with self.reading() as conn:
            version = (await conn.execute(text("show server_version_num"))).scalar_one()
        if int(version) < 160_000:
            raise DatabaseUnreachableError(
                f"recoup needs PostgreSQL 16 or newer; the server is {int(version) // 10_000}."
            )

    async def close(self) -> None:
        await self._engine.dispose()


@asynccontextmanager
async def _connected(
    connect: Callable[[], AsyncConnection],
) -> AsyncIterator[AsyncConnection]:
    async with turn(), _opened(connect) as conn:
        yield conn


@asynccontextmanager
async def _opened(connect: Callable[[], AsyncConnection]) -> AsyncIterator[AsyncConnection]:
    try:
        conn = await connect()
    except OperationalError as exc:
        raise DatabaseUnreachableError(unreachable_message(exc.orig or exc)) from exc
    except PoolTimeoutError as exc:
        raise DatabaseUnreachableError(
            "All connections to PostgreSQL are in use: try again in a moment."
        ) from exc
    try:
        yield conn
    # COPY goes past SQLAlchemy to the driver, and raises what that raises.
    except (OperationalError, psycopg.OperationalError) as exc:
        cause = exc.orig if isinstance(exc, OperationalError) and exc.orig else exc
        if getattr(cause, "sqlstate", None) in _TOO_LARGE:
            raise ValueTooLargeError(
                f"PostgreSQL cannot take a value ({_first_line(cause)}); nothing was "
                "written, and no repeat helps: please report which data this was."
            ) from exc
        # The server went away, a lock was not to be had in time, a deadlock was broken: in each
        # case nothing was committed and the same work may succeed later.
        raise DatabaseUnreachableError(
            f"PostgreSQL could not finish ({_first_line(cause)}); nothing was written."
        ) from exc
    finally:
        await _close(conn)


async def _close(conn: AsyncConnection) -> None:
    """Gives the connection back, even if the task is cancelled meanwhile.

    A rollback that is cut off costs the pool its connection, and SQLAlchemy logs an error for it.
    """
    closing = asyncio.create_task(conn.close())
    try:
        await asyncio.shield(closing)
    except asyncio.CancelledError:
        # Milliseconds, except from a server that does not answer.
        await asyncio.wait({closing}, timeout=_CLOSE_SECONDS)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        raise


def unreachable_message(exc: BaseException) -> str:
    """One line without the connection string, which may contain a password."""
    return f"Cannot reach PostgreSQL ({_first_line(exc)}): start it or correct RECOUP_DATABASE_URL."


def _first_line(exc: BaseException) -> str:
    lines = str(exc).strip().splitlines()
    return lines[0].strip() if lines else type(exc).__name__


async def driver_connection(conn: Writer) -> psycopg.AsyncConnection[tuple[object, ...]]:
    """The underlying psycopg connection, so that the job queue can use the same transaction."""
    raw = await conn.get_raw_connection()
    return cast("psycopg.AsyncConnection[tuple[object, ...]]", raw.driver_connection)


async def notify(conn: Writer, channel: str, payload: str) -> None:
    """Queues a NOTIFY that PostgreSQL sends with the commit, or never."""
    await conn.execute(
        text("select pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload}
    )


def _conninfo(url: str, options: list[str]) -> str:
    """The address as the driver takes it, with options added to those that it has."""
    # No reader of whole addresses: its errors would quote the password.
    address, _, given = read_database_url(url).partition("?")
    query = dict(parse_qsl(given))
    if options:
        query["options"] = " ".join((*filter(None, [query.get("options")]), *options))
    return f"{address}?{urlencode(query, quote_via=quote)}" if query else address
