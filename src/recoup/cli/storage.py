"""The database of a command: served while the command runs, with the schema it needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from recoup.cli.running import undisturbed

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.db.engine import Database


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
async def opened(url: str) -> AsyncIterator[Database]:
    """A pool for one event loop, closed at its end."""
    from recoup.db.engine import Database

    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
