"""One statement in one message: for what is read at every request, or written at every call.

A pool of SQLAlchemy's takes 2 ms of the processor for a transaction with one statement; this takes
a fifth of it. What several statements must see alike still needs `Database.reading`, and what they
must write together `Database.writing`.
"""

from __future__ import annotations

import asyncio
import re
import select
from collections import OrderedDict, deque, namedtuple
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import namedtuple_row
from sqlalchemy import BindParameter, Select, TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg, PGDialect_psycopg

from recoup.db.unreachable import ALL_IN_USE, unreachable_message
from recoup.errors import DatabaseUnreachableError

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
T = TypeVar("T")

_CONNECT_SECONDS = 5
# After a restart all readers of event streams come back at once, and each in its turn.
_WAIT_SECONDS = 120.0

# Settings of a transaction, which several statements in one message are: nothing of them is left.
_NAME_WORKSPACE = "select set_config('recoup.workspace_id', %(recoup_workspace)s, true)"
# Of one connection. PostgreSQL keeps 0.1 to 0.6 MB for each.
_MOST_PREPARED = 30
# A doubled sign stands for itself, whatever follows.
_PARAMETER = re.compile(r"%%|%\((\w+)\)s")


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """The text of a statement with its parameters, in psycopg's notation.

    keeps_plan: whether a plan made for unknown values may serve; else each one is planned by itself.
    """

    text: str
    keeps_plan: bool = True

    def prepare(self, name: str) -> str:
        """Gives it a name for as long as a connection lasts."""
        numbers = {parameter: f"${n}" for n, parameter in enumerate(self._parameters(), 1)}
        text = _PARAMETER.sub(lambda found: numbers.get(found[1], found[0]), self.text)
        return f"prepare {name} as {text}"

    def execute(self, name: str) -> str:
        """Runs it by its name."""
        values = ", ".join(f"%({parameter})s" for parameter in self._parameters())
        return f"execute {name} ({values})" if values else f"execute {name}"

    def _parameters(self) -> Sequence[str]:
        return list(dict.fromkeys(filter(None, _PARAMETER.findall(self.text))))


class _Compiler(PGCompiler_psycopg):
    """A value that has no name of its own is the same each time, so it is a part of the text."""

    def visit_bindparam(self, bindparam: BindParameter[Any], **how: Any) -> str:  # type: ignore[override]  # of its many arguments one is set here
        how["literal_binds"] = bindparam.unique
        written: str = super().visit_bindparam(bindparam, **how)  # type: ignore[no-untyped-call]  # SQLAlchemy's own
        return written


class _Dialect(PGDialect_psycopg):
    statement_compiler = _Compiler


_DIALECT = _Dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own


def statement(chosen: Select[Any] | TextClause, *, keeps_plan: bool = True) -> Statement:
    """Compiled once, which takes longer than running it. All that differs is bound by name."""
    return Statement(str(chosen.compile(dialect=_DIALECT)), keeps_plan)


class KeptStatements(Generic[T]):
    """Statements by what was asked for, made once. Bounded: the one made first is forgotten."""

    def __init__(self, most: int = 500) -> None:
        self._most = most
        self._made: dict[Hashable, T] = {}

    def get(self, asked: Hashable, make: Callable[[], T]) -> T:
        made = self._made.get(asked)
        if made is None:
            if len(self._made) == self._most:
                del self._made[next(iter(self._made))]
            made = self._made[asked] = make()
        return made


@dataclass(slots=True)
class _Call:
    """How a connection runs a statement, and what it makes of a row once one came."""

    text: str
    make_row: Callable[[Sequence[Any]], Any] | None = None


class _Connection:
    """A connection, and what it has prepared: the one used last at the end."""

    def __init__(self, driver: psycopg.AsyncConnection[Any]) -> None:
        self.driver = driver
        self._adapt = Transformer(driver)
        self._calls: OrderedDict[Statement, _Call] = OrderedDict()
        self._names = count(1)

    async def fetch(
        self, before: Sequence[str], wanted: Sequence[Statement], parameters: Mapping[str, object]
    ) -> list[list[Any]]:
        """The rows of each, as named tuples, after other statements. Raises psycopg.Error.

        Past the driver's cursors, which take as long again as the driver itself.
        """
        message = [*before]
        calls: list[tuple[int, _Call]] = []
        for one in wanted:
            call = self._call_of(one, message)
            calls.append((len(message), call))
            message.append(call.text)
        encoding = self._adapt.encoding
        literals = {
            name: self._adapt.as_literal(value).decode(encoding)
            for name, value in parameters.items()
        }
        pgconn = self.driver.pgconn
        pgconn.send_query(("; ".join(message) % literals).encode(encoding))
        results = await self.driver.wait(execute(pgconn))
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(result, encoding=encoding)
        return [self._rows(results[place], call) for place, call in calls]

    def _rows(self, result: PGresult, call: _Call) -> list[Any]:
        if call.make_row is None:
            names = tuple((result.fname(n) or b"").decode() for n in range(result.nfields))
            call.make_row = _row_type(names)._make
        self._adapt.set_pgresult(result)
        return self._adapt.load_rows(0, result.ntuples, call.make_row)

    def _call_of(self, wanted: Statement, message: list[str]) -> _Call:
        """Adds to a message what must be done before."""
        if not wanted.keeps_plan:
            return _Call(wanted.text)
        call = self._calls.pop(wanted, None)
        if call is None:
            if len(self._calls) == _MOST_PREPARED:
                _, oldest = self._calls.popitem(last=False)
                message.append(f"deallocate {oldest.text.split()[1]}")
            name = f"s{next(self._names)}"
            message.append(wanted.prepare(name))
            call = _Call(wanted.execute(name))
        self._calls[wanted] = call
        return call


@lru_cache(maxsize=500)
def _row_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 - its columns are known only now


class SingleStatements:
    """A few connections of one process, opened as they are needed; each message is a transaction.

    psycopg's pool would let a request wait for a server that is down; here it is told at once.
    """

    def __init__(
        self, conninfo: str, options: str, *, connections: int, is_read_only: bool
    ) -> None:
        self._conninfo = conninfo
        self._options = (
            f"{options} -c default_transaction_read_only={'on' if is_read_only else 'off'}"
        )
        self._idle: deque[_Connection] = deque()
        self._free = asyncio.Semaphore(connections)

    async def fetch(
        self,
        wanted: Sequence[Statement],
        parameters: Mapping[str, object],
        workspace_id: str | None,
    ) -> list[list[Any]]:
        """The rows of each, as named tuples. Raises psycopg.Error, DatabaseUnreachableError."""
        before = []
        if workspace_id is not None:
            before.append(_NAME_WORKSPACE)
            parameters = {**parameters, "recoup_workspace": workspace_id}
        return await self._on_one(lambda conn: conn.fetch(before, wanted, parameters))

    async def run(self, wanted: Statement, parameters: Mapping[str, object]) -> list[Any]:
        """The rows that it returns, as named tuples. Its plan is kept. Raises as `fetch`."""

        async def run(conn: _Connection) -> list[Any]:
            cursor = psycopg.AsyncCursor(conn.driver, row_factory=namedtuple_row)
            await cursor.execute(wanted.text, parameters, prepare=True)
            return await cursor.fetchall() if cursor.description else []

        return await self._on_one(run)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().driver.close()

    async def _on_one(self, work: Callable[[_Connection], Awaitable[T]]) -> T:
        """Does it on one of the connections. Raises DatabaseUnreachableError if none is free."""
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        try:
            conn = await self._find_living() or await self._connect()
            try:
                done = await work(conn)
            except BaseException:
                # Refused or cut off in the middle: what comes next on it is not known.
                await conn.driver.close()
                raise
            self._idle.append(conn)
            return done
        finally:
            self._free.release()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError as exc:
            raise DatabaseUnreachableError(ALL_IN_USE) from exc

    async def _find_living(self) -> _Connection | None:
        """The one used last that the server has not ended."""
        while self._idle:
            conn = self._idle.pop()
            if not conn.driver.closed and not has_news(conn.driver):
                return conn
            await conn.driver.close()
        return None

    async def _connect(self) -> _Connection:
        try:
            driver = await psycopg.AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                options=self._options,
            )
        except psycopg.OperationalError as exc:
            raise DatabaseUnreachableError(unreachable_message(exc)) from exc
        return _Connection(driver)


def has_news(conn: psycopg.AsyncConnection[Any]) -> bool:
    """Whether something came that nobody asked for: the end of the connection, most of all."""
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
