"""Connections to PostgreSQL. Whoever opens a unit of work here is the one who commits it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NewType, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from recoup.errors import DatabaseUnreachableError, ValueTooLargeError

Reader = NewType("Reader", AsyncConnection)
"""A connection in a read-only transaction: PostgreSQL refuses a write."""
Writer = NewType("Writer", Reader)
"""A connection in a transaction that its opener commits. Everything readable is readable."""

# A worker that is stopped in the middle of a transaction (SIGSTOP, a laptop that sleeps) must not
# hold its row locks past its lease, or nobody could take its sync over.
_IDLE_IN_TRANSACTION_MS = 8_000
_LOCK_TIMEOUT_MS = 20_000
# A limit of PostgreSQL's own, such as that of an index key. The driver counts it among the errors
# of the server's operation, but the server is well.
_TOO_LARGE = frozenset({"54000", "54001", "54011", "54023"})


class Database:
    """The pool of one process. `url` is `postgresql://...`; nothing is opened before first use."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.conninfo = _conninfo(url)
        self.sqlalchemy_url = self.conninfo.replace("postgresql://", "postgresql+psycopg://", 1)
        self._engine = create_async_engine(
            self.sqlalchemy_url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            # An error's text would carry the values of its statement into the log.
            hide_parameters=True,
            connect_args={
                "connect_timeout": 5,
                "options": (
                    f"-c timezone=UTC -c datestyle=ISO,MDY -c lock_timeout={_LOCK_TIMEOUT_MS} "
                    f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS}"
                ),
            },
        )
        self._reading = self._engine.execution_options(postgresql_readonly=True)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """A read-only transaction. Raises DatabaseUnreachableError when no server answers."""
        async with _connected(self._reading.connect) as conn:
            yield Reader(conn)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writer]:
        """One unit of work: committed at the end, rolled back by any exception."""
        async with _connected(self._engine.connect) as conn, conn.begin():
            yield Writer(Reader(conn))

    async def check(self) -> None:
        """Raises DatabaseUnreachableError, in one line, when no server answers or it is too old."""
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
        await conn.close()


def unreachable_message(exc: BaseException) -> str:
    """One line without the connection string: it may hold a password."""
    return f"Cannot reach PostgreSQL ({_first_line(exc)}): start it or correct RECOUP_DATABASE_URL."


def _first_line(exc: BaseException) -> str:
    lines = str(exc).strip().splitlines()
    return lines[0].strip() if lines else type(exc).__name__


async def driver_connection(conn: Writer) -> psycopg.AsyncConnection[tuple[object, ...]]:
    """The psycopg connection below, so that the job queue can write in the same transaction."""
    raw = await conn.get_raw_connection()
    return cast("psycopg.AsyncConnection[tuple[object, ...]]", raw.driver_connection)


async def notify(conn: Writer, channel: str, payload: str) -> None:
    """Queue a NOTIFY that PostgreSQL sends with the commit, or never."""
    await conn.execute(
        text("select pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload}
    )


def _conninfo(url: str) -> str:
    """`postgresql://` whatever alias the user wrote."""
    parts = urlsplit(url)
    query: Sequence[tuple[str, str]] = parse_qsl(parts.query)
    return urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query), ""))
