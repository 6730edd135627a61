"""Who else is connected to the database, who of them sleeps, and what its clock shows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from recoup.db.engine import ASLEEP_SECONDS, Database, Reader
from recoup.db.single_reads import Statement

_PREFIX = "recoup "
"""Of the `application_name` of every version, see recoup.db.engine.PROGRAM."""

# Everybody may see who waits for a lock, but only the account itself what its sessions do.
_WAITS_LONG = Statement(
    """
    select pid from pg_locks
    where not granted and waitstart < clock_timestamp() - make_interval(secs => %(seconds)s) limit 1
    """
)
# The roles of a worker may not end a session; the account that it signed in with may end its own.
_AS_THE_ACCOUNT = text("set local role none")
_END_SLEEPERS = text(
    """
    select pg_terminate_backend(pid) from pg_stat_activity
    where pid in (
        select unnest(pg_blocking_pids(waiting.pid)) from pg_locks waiting
        where not waiting.granted
        and waiting.waitstart < clock_timestamp() - make_interval(secs => :seconds)
    )
    and datname = current_database() and usename = session_user
    and (starts_with(application_name, :prefix)
        or application_name = current_setting('application_name'))
    and state <> 'idle' and wait_event in ('ClientRead', 'ClientWrite')
    and state_change < clock_timestamp() - make_interval(secs => :seconds)
    """
)


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
        {"prefix": _PREFIX},
    )
    return {row[0]: int(row[1]) for row in rows}


async def end_sleepers(database: Database) -> int:
    """Ends recoup's sessions that sleep while others wait for their locks; returns how many.

    PostgreSQL itself ends a transaction only if it sleeps between two statements. A program that is
    stopped while it sends one, or takes its rows, would hold its locks for ever: the server waits for
    the rest, and no limit of its own counts then (seen with PostgreSQL 18). What it had done is
    rolled back, as after `idle_in_transaction_session_timeout`.
    """
    if not await database.fetch(_WAITS_LONG, seconds=ASLEEP_SECONDS):
        return 0
    async with database.writing() as conn:
        await conn.execute(_AS_THE_ACCOUNT)
        ended = await conn.execute(_END_SLEEPERS, {"seconds": ASLEEP_SECONDS, "prefix": _PREFIX})
        return sum(bool(one) for one in ended.scalars())


async def read_clock(conn: Reader) -> datetime:
    """The server's time."""
    return (await conn.execute(text("select clock_timestamp()"))).scalar_one()  # type: ignore[no-any-return]  # aware, as the column says
