"""Connections to PostgreSQL. Whoever opens a unit of work here commits it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NewType, cast
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from sqlalchemy import Engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    DBAPIError,
    InvalidatePoolError,
    OperationalError,
    ProgrammingError,
    TimeoutError as PoolTimeoutError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from recoup import __version__
from recoup.actor import Actor
from recoup.database_url import read_database_url
from recoup.db.roles import DatabaseRole
from recoup.db.shares import turn
from recoup.db.single_reads import SingleStatements, Statement, has_news
from recoup.db.unreachable import ALL_IN_USE, first_line, unreachable_message
from recoup.errors import DatabaseUnreachableError, ValueTooLargeError
from recoup.ids import WorkspaceId
from recoup.logs import get_logger

Reader = NewType("Reader", AsyncConnection)
"""A connection in a read-only transaction: PostgreSQL refuses a write."""
Writer = NewType("Writer", Reader)
"""A connection in a transaction that its opener commits. Everything readable is readable."""

_DriverConnection = psycopg.AsyncConnection[tuple[object, ...]]

PROGRAM = f"recoup {__version__}"
"""The `application_name` of each connection, unless the address has another: so an operator sees in
pg_stat_activity which versions work on a database."""

_log = get_logger(__name__)

ASLEEP_SECONDS = 8
"""A worker that is stopped in the middle of a transaction (SIGSTOP, a laptop that sleeps) must not
hold its row locks past its lease, or nobody could take its sync over. PostgreSQL ends it after this
long, see also recoup.db.sleepers."""
_LOCK_TIMEOUT_MS = 20_000
_CLOSE_SECONDS = 1.0
# A server that vanished without a goodbye (a cable, a failover, a firewall that forgot) is given up in
# as long as a lease lasts: the system's own patience is two hours for an idle connection, and a quarter
# of one for a busy one. Over a socket of the machine they mean nothing.
_VANISHED = {
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "15000",
}
# A connection that was used this shortly ago is not asked whether it lives.
_TRUSTED_SECONDS = 30.0
# A limit of PostgreSQL's own, such as that of an index key. The driver counts it among the errors
# of the server's operation, but the server is well.
_TOO_LARGE = frozenset({"54000", "54001", "54011", "54023"})
# It ended a session that did nothing for too long: the driver takes these for errors of its inside.
_IDLE_TOO_LONG = frozenset({"25P03", "25P04", "57P05"})
# Of a standby until it is promoted, or a server that an administrator has made read-only.
_READ_ONLY = frozenset({"25006"})


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
        self._pool_size = pool_size
        self._role = [] if role is None else [f"-c role={role}"]
        self.conninfo = _conninfo(url, self._role)
        """For a connection in the role."""
        self.sqlalchemy_url = _conninfo(url, []).replace(
            "postgresql://", "postgresql+psycopg://", 1
        )
        """For a connection as the owner of the tables."""
        self._workspace: str | None = None
        self._actor: Actor | None = None
        options = " ".join(
            (
                "-c timezone=UTC -c datestyle=ISO,MDY",
                f"-c lock_timeout={_LOCK_TIMEOUT_MS}",
                f"-c idle_in_transaction_session_timeout={ASLEEP_SECONDS}s",
                *self._role,
            )
        )
        self._engine = create_async_engine(
            self.sqlalchemy_url,
            pool_size=pool_size,
            max_overflow=pool_size,
            # An error's text would carry the values of its statement into the log.
            hide_parameters=True,
            connect_args={"connect_timeout": 5, "options": options},
        )
        _look_at_each(self._engine.sync_engine)
        self._single_reads, self._single_writes = (
            SingleStatements(
                _conninfo(url, []), options, connections=pool_size, is_read_only=is_read_only
            )
            for is_read_only in (True, False)
        )

    def as_role(self, role: DatabaseRole) -> Database:
        """A pool of its own of the same size on the same database, to be closed by its owner."""
        return Database(self._url, role=role, pool_size=self._pool_size)

    def of(self, workspace_id: WorkspaceId | None, *, by: Actor | None = None) -> Database:
        """The same pool for one caller: each transaction names the workspace, whose rows alone the
        role of the API sees (None: of none), and the actor, whom the audit log names (None: as before,
        at first recoup itself).
        """
        named = object.__new__(Database)  # `copy` takes ten times as long, and each request has two
        named.__dict__.update(self.__dict__)
        named._workspace = workspace_id or ""
        if by is not None:
            named._actor = by
        return named

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """A read-only transaction. Raises DatabaseUnreachableError if no server answers."""
        async with self._connected(is_read_only=True, passing=_IDLE_TOO_LONG) as conn:
            await self._name_caller(conn, None)
            yield Reader(conn)

    async def fetch(self, wanted: Statement, **parameters: object) -> list[Any]:
        """The rows of one SELECT, as named tuples, at a fifth of the price of `reading`.

        Raises DatabaseUnreachableError if no server answers.
        """
        return (await self.fetch_all(wanted, **parameters))[0]

    async def fetch_all(self, *wanted: Statement, **parameters: object) -> list[list[Any]]:
        """The same for several, of which each takes what it needs of the parameters. One message."""
        async with turn():
            with _translated(_IDLE_TOO_LONG):
                return await self._single_reads.fetch(wanted, parameters, self._workspace)

    async def write_once(self, wanted: Statement, **parameters: object) -> list[Any]:
        """A transaction of one statement that belongs to no workspace; returns its rows, as named
        tuples, at a fifth of the price of `writing`. Raises DatabaseUnreachableError.
        """
        assert self._workspace is None, "what is written for a caller names its workspace"
        with _translated(_IDLE_TOO_LONG | _READ_ONLY):
            return await self._single_writes.run(wanted, parameters)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writer]:
        """One unit of work: committed at the end, rolled back by any exception.

        Raises DatabaseUnreachableError if no server answers, or none that takes writes now.
        """
        passing = _IDLE_TOO_LONG | _READ_ONLY
        async with self._connected(is_read_only=False, passing=passing) as conn, conn.begin():
            await self._name_caller(conn, self._actor)
            yield Writer(Reader(conn))

    @asynccontextmanager
    async def _connected(
        self, *, is_read_only: bool, passing: frozenset[str]
    ) -> AsyncIterator[AsyncConnection]:
        async with turn(), _opened(self._engine.connect, passing) as conn:
            driver = await _driver_of(conn)
            # Each use says what it is. As an option of SQLAlchemy's it would be set before the connection
            # is in anybody's hands: one whose task is cancelled just then never returns to the pool.
            wanted = True if is_read_only else None  # as the server has it
            if driver.read_only is not wanted:
                await driver.set_read_only(wanted)
            yield conn

    async def _name_caller(self, conn: AsyncConnection, actor: Actor | None) -> None:
        if self._workspace is not None:
            # Past SQLAlchemy, which would take as long as the statement itself: each request waits.
            driver = await _driver_of(conn)
            await driver.execute(
                _NAME_CALLER, (self._workspace, "" if actor is None else actor.document())
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
        await self._single_reads.close()
        await self._single_writes.close()
        await self._engine.dispose()


def _look_at_each(engine: Engine) -> None:
    """Lets the pool hand out only connections that live, without asking the server each time.

    A server that ends a connection says so at once, and that waits in the socket. Only a way that
    broke without a word is not seen so: a connection that was idle for a while is asked.
    """

    @event.listens_for(engine, "checkin")
    def note(_conn: object, record: ConnectionPoolEntry) -> None:
        record.info["returned_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def look(conn: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        returned_at = record.info.get("returned_at")
        if returned_at is None:  # it is new
            return
        if has_news(conn.driver_connection):
            raise InvalidatePoolError
        if time.monotonic() - returned_at < _TRUSTED_SECONDS:
            return
        dialect = engine.dialect
        try:
            dialect.do_ping(conn)
        except dialect.loaded_dbapi.Error as exc:
            if dialect.is_disconnect(exc, conn, None):
                raise InvalidatePoolError from exc
            raise


@asynccontextmanager
async def _opened(
    connect: Callable[[], AsyncConnection], passing: frozenset[str]
) -> AsyncIterator[AsyncConnection]:
    try:
        conn = await connect()
    # A programming error is an option of the address that libpq does not know.
    except (OperationalError, ProgrammingError) as exc:
        raise DatabaseUnreachableError(unreachable_message(exc.orig or exc)) from exc
    except PoolTimeoutError as exc:
        raise DatabaseUnreachableError(ALL_IN_USE) from exc
    try:
        with _translated(passing):
            yield conn
    finally:
        await _close(conn)


@contextmanager
def _translated(passing: frozenset[str]) -> Iterator[None]:
    """Errors of the server and of the way to it, as recoup's own.

    passing: states (SQLSTATE) that pass, beside those that the driver names operational.
    """
    try:
        yield
    # COPY and single reads go past SQLAlchemy to the driver, and raise what that raises.
    except (DBAPIError, psycopg.Error) as exc:
        cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig else exc
        state = getattr(cause, "sqlstate", None)
        if (
            not isinstance(cause, (OperationalError, psycopg.OperationalError))
            and state not in passing
        ):
            raise
        if state in _TOO_LARGE:
            raise ValueTooLargeError(
                f"PostgreSQL cannot take a value ({first_line(cause)}); nothing was "
                "written, and no repeat helps: please report which data this was."
            ) from exc
        # The server went away, a lock was not to be had in time, a deadlock was broken, its disk is
        # full: in each case nothing was committed and the same work may succeed later.
        raise DatabaseUnreachableError(
            f"PostgreSQL could not finish ({first_line(cause)}); nothing was written."
        ) from exc


async def _close(conn: AsyncConnection) -> None:
    """Gives the connection back, even if the task is cancelled meanwhile.

    A rollback that is cut off costs the pool its connection, and SQLAlchemy logs an error for it. So
    does a server that ended it meanwhile: what was read was read, and what was committed stays.
    """
    closing = asyncio.create_task(conn.close())
    try:
        await asyncio.shield(closing)
    except DBAPIError as exc:
        _log.warning("connection_lost_at_its_end", reason=type(exc.orig).__name__)
    except asyncio.CancelledError:
        # Milliseconds, except from a server that does not answer.
        await asyncio.wait({closing}, timeout=_CLOSE_SECONDS)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        raise


async def driver_connection(conn: Writer) -> _DriverConnection:
    """The underlying psycopg connection, so that the job queue can use the same transaction."""
    return await _driver_of(conn)


async def _driver_of(conn: AsyncConnection) -> _DriverConnection:
    raw = await conn.get_raw_connection()
    return cast("_DriverConnection", raw.driver_connection)


async def notify(conn: Writer, channel: str, payload: str) -> None:
    """Queues a NOTIFY that PostgreSQL sends with the commit, or never."""
    await conn.execute(
        text("select pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload}
    )


def _conninfo(url: str, options: list[str]) -> str:
    """The address as the driver takes it, with options added to those that it has, and with what it
    does not say of a server that vanished.
    """
    # No reader of whole addresses: its errors would quote the password.
    address, _, given = read_database_url(url).partition("?")
    query = {"application_name": PROGRAM} | _VANISHED | dict(parse_qsl(given))
    if options:
        query["options"] = " ".join((*filter(None, [query.get("options")]), *options))
    return f"{address}?{urlencode(query, quote_via=quote)}"
