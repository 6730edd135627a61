"""The database of a command: available while the command runs, with the schema it needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar

from recoup.cli.running import undisturbed
from recoup.db.roles import DatabaseRole

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database

T = TypeVar("T")


@contextmanager
def served_database(settings: Settings) -> Iterator[str]:
    """The address of the configured or the embedded PostgreSQL, whatever schema it has. Blocking.

    Raises EmbeddedServerError.
    """
    from recoup.db.server import database_url

    with ExitStack() as stack:
        # Left in the other order: signals are ignored, the server stops, signals count again.
        quiet = stack.enter_context(ExitStack())
        url = stack.enter_context(database_url(settings))
        stack.callback(quiet.enter_context, undisturbed())
        yield url


@contextmanager
def fitting_database(settings: Settings) -> Iterator[str]:
    """The same with the schema of this version. Blocking.

    The embedded database is ours, so it is upgraded; a configured one may serve others, whose
    owner decides when. Raises SchemaMismatchError, DatabaseUnreachableError, EmbeddedServerError.
    """
    from recoup.db.engine import Database
    from recoup.migrations.upgrade import require_fitting, upgrade

    with served_database(settings) as url:
        if settings.database_url is None:
            upgrade(Database(url))
        else:
            require_fitting(Database(url))
        yield url


@asynccontextmanager
async def opened(
    url: str, *, role: DatabaseRole | None = DatabaseRole.WORKER
) -> AsyncIterator[Database]:
    """A pool for one event loop, closed at its end. role: None where there may be none yet."""
    from recoup.db.engine import Database

    database = Database(url, role=role)
    try:
        yield database
    finally:
        await database.close()


def on_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Runs the work on a database with the right schema and returns its result. Blocking."""

    async def main(url: str) -> T:
        async with opened(url) as database:
            return await work(database)

    with fitting_database(settings) as url:
        return asyncio.run(main(url))
