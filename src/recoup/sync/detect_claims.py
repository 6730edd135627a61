"""Detection of claims at the end of a sync: in one fenced transaction, announced once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recoup.claims.detection.detect import Detection, detect
from recoup.claims.detection.gaps import tables_of
from recoup.claims.detection.store import Stored
from recoup.claims.detection.window_and_value import count_found_by, last_local_day
from recoup.connections.queries import Connection
from recoup.db.engine import Database, Writer
from recoup.errors import DatabaseError, FencedError, RecoupError, SyncAlreadyActiveError
from recoup.events.queries import publish, record_activity
from recoup.events.words import ActivityType, EventType
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.logs import get_logger
from recoup.notes.note import NoteCode
from recoup.streams._stream import Stream
from recoup.sync.notify_claims import notify_of_detection
from recoup.sync.record.lease_queries import Lease, update_fenced
from recoup.sync.record.queries import find_active_sync

_log = get_logger(__name__)


async def detect_claims(
    database: Database,
    lease: Lease,
    connection: Connection,
    *,
    now: datetime,
    unread: Sequence[Stream],
) -> RecoupError | None:
    """Detects as of the seller's day and publishes new claims. Returns the reason of a failure.

    Claims, count, activity and event are one transaction whose last locks are the sync's row (the
    fence) and the user's feed. So a worker that dies here leaves nothing, and a second attempt
    after the commit finds nothing new and announces nothing twice. A failure costs no loaded row:
    the sync ends as failed and says so, and the next one detects again.
    """
    try:
        async with database.writing() as conn:
            detection = await detect(
                conn,
                connection.connection_id,
                await last_local_day(conn, connection.connection_id, now),
                sync_id=lease.fence.sync_id,
                unread=[table for stream in unread for table in tables_of(stream)],
            )
            found = await count_found_by(conn, lease.fence.sync_id)
            await update_fenced(conn, lease.fence, {"claims_detected": found})
            await _tell(
                conn,
                lease.workspace_id,
                connection.connection_id,
                detection,
                found,
                sync_id=lease.fence.sync_id,
            )
    except (FencedError, DatabaseError):
        raise
    except Exception as exc:  # noqa: BLE001 - logged with its traceback, and reported
        # A bug in a rule must not hold up the seller's data, nor be tried again for ever.
        _log.exception("detection_broken", sync_id=lease.fence.sync_id)
        return RecoupError(f"an internal error of recoup ({type(exc).__name__}); see the log")
    _log.info(
        "claims_detected",
        sync_id=lease.fence.sync_id,
        as_of=detection.as_of.isoformat(),
        new=detection.stored.new,
        withdrawn=detection.stored.withdrawn,
        skipped=[rule.type.value for rule in detection.skipped],
    )
    for note in detection.waits:
        _log.info("rule_waits", sync_id=lease.fence.sync_id, type=note.subject, why=note.message)
    return None


async def tell_waits(
    conn: Writer, workspace_id: WorkspaceId, detection: Detection, *, sync_id: SyncId | None = None
) -> None:
    """Adds the rules that wait since this detection to the activity, the first ones in words."""
    if not detection.news:
        return
    first, *others = [note.message for note in detection.news]
    more = f" {len(others)} other claim types are waiting too." if len(others) > 1 else ""
    more = " One other claim type is waiting too." if len(others) == 1 else more
    await record_activity(
        conn,
        workspace_id,
        activity_type=NoteCode.RULE_WAITS,
        message=first + more,
        sync_id=sync_id,
    )


async def detect_again(
    database: Database, workspace_id: WorkspaceId, connection: ConnectionId, *, now: datetime
) -> Stored:
    """Detects in what is loaded, without calling Amazon, for instance after costs were entered.

    Raises SyncAlreadyActiveError while a sync is running, which detects at its end.
    """
    async with database.writing() as conn:
        active = await find_active_sync(conn, connection)
        if active is not None:
            raise SyncAlreadyActiveError(active.sync_id)
        detection = await detect(conn, connection, await last_local_day(conn, connection, now))
        await _tell(conn, workspace_id, connection, detection, detection.stored.new)
    return detection.stored


async def _tell(
    conn: Writer,
    workspace_id: WorkspaceId,
    connection: ConnectionId,
    detection: Detection,
    found: int,
    *,
    sync_id: SyncId | None = None,
) -> None:
    stored = detection.stored
    await tell_waits(conn, workspace_id, detection, sync_id=sync_id)
    if stored.new:
        noun = "claim" if stored.new == 1 else "claims"
        await record_activity(
            conn,
            workspace_id,
            activity_type=ActivityType.CLAIM_DETECTED,
            message=f"{stored.new:,} new {noun} found",
            sync_id=sync_id,
        )
    await notify_of_detection(conn, workspace_id, connection, sync_id=sync_id)
    if stored.new or stored.reopened or stored.withdrawn or stored.approved or sync_id is None:
        await publish(
            conn,
            workspace_id,
            event_type=EventType.DETECTION,
            subject=sync_id or connection,
            payload={
                "syncId": sync_id,
                "connectionId": connection,
                "claimsDetected": found,
                "reopened": stored.reopened,
                "withdrawn": stored.withdrawn,
                "approved": stored.approved,
            },
            milestone=True,
        )
