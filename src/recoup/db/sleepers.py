"""Sessions whose program sleeps in the middle of a statement, and whose locks others wait for.

PostgreSQL itself ends a transaction only if it sleeps between two statements. A program that is
stopped while it sends one, or takes its rows, would hold its locks for ever: the server waits for the
rest, and no limit of its own counts then (seen with PostgreSQL 18 on 2026-12-01).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from recoup.db.engine import ASLEEP_SECONDS, Database, Reader
from recoup.db.sessions import PREFIX
from recoup.db.single_reads import Statement
from recoup.logs import get_logger

_log = get_logger(__name__)

# Locks are waited for all the time; nobody sleeps for two seconds who works.
_WAITED_SECONDS = 2
# Everybody may see who waits for a lock, but only the account itself what its sessions do.
_SOMEBODY_WAITS = Statement(
    """
    select pid from pg_locks
    where not granted and waitstart < clock_timestamp() - make_interval(secs => %(seconds)s) limit 1
    """
)
# The roles of a worker may not end a session; the account that it signed in with may end its own.
_AS_THE_ACCOUNT = text("set local role none")
# One that works changes one of these: each statement has its time, and a COPY its bytes.
_SUSPECTS = text(
    """
    select session.pid, session.backend_start, session.state_change, copying.bytes_processed
    from pg_stat_activity session
    left join pg_stat_progress_copy copying on copying.pid = session.pid
    where session.pid in (
        select unnest(pg_blocking_pids(waiting.pid)) from pg_locks waiting
        where not waiting.granted
        and waiting.waitstart < clock_timestamp() - make_interval(secs => :seconds)
    )
    and session.datname = current_database() and session.usename = session_user
    and (starts_with(session.application_name, :prefix)
        or session.application_name = current_setting('application_name'))
    and session.state = 'active' and session.wait_event in ('ClientRead', 'ClientWrite')
    """
)
_END = text(
    """
    select pg_terminate_backend(pid) from pg_stat_activity
    where pid = :pid and backend_start = :backend_start and state_change = :state_change
    """
)


class Sleepers:
    """Ends recoup's sessions that hold others up and have not moved for ASLEEP_SECONDS.

    What they had done is rolled back, as after `idle_in_transaction_session_timeout`. Sessions of
    other programs and accounts are left to their owners.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        # When each was first seen as it still is.
        self._since: dict[Hashable, float] = {}

    async def end(self) -> int:
        """Looks once, and ends those that stood still in every look; returns how many."""
        if not await self._database.fetch(_SOMEBODY_WAITS, seconds=_WAITED_SECONDS):
            self._since.clear()
            return 0
        async with self._database.writing() as conn:
            try:
                return await self._end(conn)
            except ProgrammingError as exc:  # an account that may not even end its own sessions
                _log.warning("sleeping_sessions_stay", reason=type(exc.orig).__name__)
                return 0

    async def _end(self, conn: Reader) -> int:
        await conn.execute(_AS_THE_ACCOUNT)
        found = await conn.execute(_SUSPECTS, {"seconds": _WAITED_SECONDS, "prefix": PREFIX})
        now, ended = self._clock(), 0
        suspects = {one: self._since.get(one, now) for one in found.all()}
        self._since = dict(suspects)
        for one, since in suspects.items():
            if now - since >= ASLEEP_SECONDS:
                done = await conn.execute(_END, one._asdict())
                ended += sum(map(bool, done.scalars()))
        return ended
