"""The end of a sync: final state, connection and announcements in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from recoup.clock import utc_now
from recoup.connections.expiry import refusal_reason
from recoup.connections.queries import Connection, mark_synced, require_reauthorization
from recoup.connections.schedule import syncs_by_itself
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Database
from recoup.errors import ReauthorizationRequiredError
from recoup.logs import get_logger
from recoup.notes.queries import list_notes
from recoup.sync.record.announce import announce_connection, announce_end
from recoup.sync.record.end_queries import end_sync
from recoup.sync.record.ending import complete_message, failed_message, failed_reasons
from recoup.sync.record.lease_queries import Lease
from recoup.sync.record.next_try import next_try
from recoup.sync.record.next_try_queries import count_tries
from recoup.sync.record.progress import COMPLETE
from recoup.sync.record.states import SyncStatus
from recoup.sync.refusals.ignored import tell_ignored
from recoup.sync.stream_ends import Failure

_log = get_logger(__name__)


async def end(
    database: Database,
    lease: Lease,
    connection: Connection,
    failures: Sequence[Failure],
    *,
    progress: int,
    server_syncs: bool,
) -> None:
    """Complete if every stream is; otherwise failed, naming the streams and the reasons.

    progress: how far a sync that failed has come, in percent. server_syncs: whether connections
    without a schedule of their own sync by themselves. Raises FencedError.
    """
    refused = any(isinstance(f.error, ReauthorizationRequiredError) for f in failures)
    reason = refusal_reason(connection.authorized_at, utc_now())
    async with database.writing() as conn:
        await tell_ignored(conn, connection, lease.fence.sync_id)
        news = refused and await require_reauthorization(conn, connection, reason)
        notes = await list_notes(conn, connection.connection_id)
        if failures:
            retry_at = None
            if syncs_by_itself(connection.sync_schedule, server_syncs=server_syncs):
                tried = await count_tries(conn, lease.fence.sync_id)
                errors = [failure.error for failure in failures]
                retry_at = next_try(errors, tried=tried, ended_at=utc_now())
            await end_sync(
                conn,
                lease.fence,
                status=SyncStatus.FAILED,
                message=failed_message((failure.stream for failure in failures), retry_at),
                error=failed_reasons({f.stream: str(f.error) for f in failures}),
                progress=progress,
                notes=notes,
                retry_at=retry_at,
            )
        else:
            await mark_synced(conn, connection.connection_id)
            await end_sync(
                conn,
                lease.fence,
                status=SyncStatus.COMPLETE,
                message=complete_message(notes),
                error=None,
                progress=COMPLETE,
                notes=notes,
            )
        # Announcements last: they lock the user's feed, which everybody locks last.
        if news:
            await announce_connection(
                conn, connection, ConnectionStatus.REAUTHORIZATION_REQUIRED, reason=reason
            )
        await announce_end(conn, lease.fence.sync_id)
    _log.info(
        "sync_ended",
        sync_id=lease.fence.sync_id,
        status="failed" if failures else "complete",
        failed_streams=[f.stream for f in failures],
    )


async def give_up(database: Database, lease: Lease, *, attempts: int) -> None:
    """Ends a sync that keeps failing in the same way, to free the connection."""
    async with database.writing() as conn:
        await end_sync(
            conn,
            lease.fence,
            status=SyncStatus.FAILED,
            message="Sync failed: it did not finish. The next sync continues.",
            error=f"gave up after {attempts} attempts; the log of the workers says why",
            progress=lease.progress,
        )
        await announce_end(conn, lease.fence.sync_id)
