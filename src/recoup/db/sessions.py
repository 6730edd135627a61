"""Who else is connected to the database, and what its clock shows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from recoup.db.engine import Reader

PREFIX = "recoup "
"""Of the `application_name` of every version, see recoup.db.engine.PROGRAM."""


async def count_programs(conn: Reader) -> dict[str, int]:
    """Connections of recoup to this database other than this one, by `application_name`.

    A version that is older than these names is not among them.
    """
    rows = await conn.execute(
        text(
            "select application_name, count(*) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid() "
            "and starts_with(application_name, :prefix) group by 1 order by 1"
        ),
        {"prefix": PREFIX},
    )
    return {row[0]: int(row[1]) for row in rows}


async def read_clock(conn: Reader) -> datetime:
    """The server's time."""
    return (await conn.execute(text("select clock_timestamp()"))).scalar_one()  # type: ignore[no-any-return]  # aware, as the column says
