"""What PostgreSQL knows of a table that a sync has filled, which it plans by."""

from __future__ import annotations

from recoup.db.engine import Database
from recoup.db.single_reads import Statement
from recoup.streams._stream import Stream

_ANALYZE = Statement("select recoup_analyze(%(tables)s)")


async def renew_statistics(database: Database, stream: Stream) -> None:
    """Analyzes the tables of the stream that never were, or have changed by a tenth since.

    Milliseconds where there is nothing to do, else less than a second; waits for nobody. Raises
    DatabaseUnreachableError.
    """
    tables = [table.name for table in (stream.table, *stream.parts)]
    await database.write_once(_ANALYZE, tables=tables)
