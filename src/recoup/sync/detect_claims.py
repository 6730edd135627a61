"""Looking for claims at the end of a sync: in one transaction, fenced, told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from recoup.claims.detect import Detection, detect
from recoup.claims.detect_queries import count_found_by, last_local_day
from recoup.connections.queries import Connection
from recoup.db.engine import Database, Reader, Writer
from recoup.errors import DatabaseError, FencedError, RecoupError
from recoup.events.queries import publish, record_activity
from recoup.ids import ConnectionId
from recoup.logs import get_logger
from recoup.streams import all_streams
from recoup.streams.stream import Stream
from recoup.sync.lease_queries import Lease, update_progress
from recoup.sync.queries import list_unread_streams

_log = get_logger(__name__)


async def detect_claims(
    database: Database,
    lease: Lease,
    connection: Connection,
    *,
    now: datetime,
    unread: Sequence[Stream],
) -> RecoupError | None:
    """Detect as of the seller's day and publish what is new. Gives why it could not be done.

    Claims, count, activity and event are one transaction whose last locks are the sync's row (the
    fence) and the user's feed. So a worker that dies here leaves nothing, and a second attempt
    after the commit finds nothing new and tells nothing twice. A failure costs no loaded row: the
    sync ends as failed and says so, and the next one detects again.
    """
    try:
        async with database.writing() as conn:
            detection = await detect(
                conn,
                connection.connection_id,
                await last_local_day(conn, connection.connection_id, now),
                sync_id=lease.fence.sync_id,
                unread=_tables(unread),
            )
            found = await count_found_by(conn, lease.fence.sync_id)
            await update_progress(conn, lease.fence, {"claims_detected": found})
            await _tell(conn, lease, detection, found)
    except (FencedError, DatabaseError):
        raise
    except Exception as exc:  # noqa: BLE001 - logged with its traceback, and reported
        # A bug in a rule must not hold up the seller's data, nor be tried again for ever.
        _log.exception("detection_broken", sync_id=lease.fence.sync_id)
        return RecoupError(f"an error of recoup itself ({type(exc).__name__}); its log says more")
    _log.info(
        "claims_detected",
        sync_id=lease.fence.sync_id,
        as_of=detection.as_of.isoformat(),
        new=detection.stored.new,
        withdrawn=detection.stored.withdrawn,
        skipped=[rule.type.value for rule in detection.skipped],
    )
    return None


async def unread_tables(conn: Reader, connection_id: ConnectionId) -> set[str]:
    """Tables that the connection's last sync could not bring up to date."""
    names = await list_unread_streams(conn, connection_id)
    return _tables(stream for stream in all_streams() if stream.name in names)


async def _tell(conn: Writer, lease: Lease, detection: Detection, found: int) -> None:
    stored = detection.stored
    if stored.new:
        noun = "claim" if stored.new == 1 else "claims"
        await record_activity(
            conn,
            lease.user_id,
            activity_type="claim_detected",
            message=f"{stored.new:,} new {noun} found",
            sync_id=lease.fence.sync_id,
        )
    if stored.new or stored.reopened or stored.withdrawn or stored.approved:
        await publish(
            conn,
            lease.user_id,
            event_type="detection",
            subject=lease.fence.sync_id,
            payload={
                "syncId": lease.fence.sync_id,
                "connectionId": lease.connection_id,
                "claimsDetected": found,
                "reopened": stored.reopened,
                "withdrawn": stored.withdrawn,
                "approved": stored.approved,
            },
            milestone=True,
        )


def _tables(streams: Iterable[Stream]) -> set[str]:
    """Every table whose rows a stream brings."""
    return {
        table.name
        for stream in streams
        for table in (
            stream.table,
            *stream.parts,
            *([stream.history.table] if stream.history else []),
        )
    }
