"""Deletes what is too old, connection by connection, a month of age per transaction.

Killed anywhere, it goes on where it was: what is committed is deleted, and the rest is found again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.claims.detection.detect import delete_unseen
from recoup.claims.detection.window_and_value import last_local_day
from recoup.db.engine import Database, Writer
from recoup.errors import DatabaseUnreachableError
from recoup.ids import ConnectionId, WorkspaceId
from recoup.logs import get_logger
from recoup.sync.retention.delete_queries import delete_raw_before, delete_rows_before
from recoup.sync.retention.periods import BATCH, Limits, limits
from recoup.sync.retention.queries import (
    find_needed_from,
    find_oldest_day,
    has_unreadable_before,
    list_due,
    see_one_moment,
    set_held_from,
    set_looked_at,
    shorten_cursors,
    take_deletable,
)

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeletedBatch:
    """What one transaction deleted. rows: by table. judged: events that stay as they were judged.
    is_last: nothing of the connection is left to delete.
    """

    rows: dict[str, int]
    held_from: date | None
    judged: int
    is_last: bool


async def apply_retention(
    database: Database, *, months: int, now: Callable[[], datetime], at_most: timedelta
) -> None:
    """Deletes from every connection what the week's limits say; begins no batch after `at_most`.

    A connection that is being synced, or whose batch comes into the way of another transaction,
    waits for the next time. Legal holds are looked at with each batch.
    """
    began_at = now()
    week = limits(began_at.date(), months=months)
    async with database.reading() as conn:
        due = await list_due(conn, week.rows_from)
    for workspace_id, connection_id in due:
        is_last = False
        while not is_last:
            if now() - began_at > at_most:
                return
            try:
                async with database.writing() as conn:
                    # What a sync stores meanwhile must not pass for a consequence of the deletion.
                    await see_one_moment(conn)
                    batch = await delete_batch(
                        conn, workspace_id, connection_id, week, now=began_at
                    )
            except DatabaseUnreachableError as exc:
                _log.warning("retention_postponed", connection_id=connection_id, reason=str(exc))
                break
            is_last = batch.is_last
            if batch.rows:
                _log.info(
                    "rows_deleted_with_age",
                    connection_id=connection_id,
                    held_from=batch.held_from and batch.held_from.isoformat(),
                    judged=batch.judged,
                    rows=batch.rows,
                )


async def delete_batch(
    conn: Writer,
    workspace_id: WorkspaceId,
    connection_id: ConnectionId,
    week: Limits,
    *,
    now: datetime,
) -> DeletedBatch:
    """Deletes the oldest rows, in the caller's transaction of REPEATABLE READ, and tells it to the
    audit log. Deletes nothing under a legal hold.
    """
    if not await take_deletable(conn, connection_id):
        return DeletedBatch({}, None, 0, is_last=True)
    rows_from = week.rows_from
    needed_from = await find_needed_from(conn, connection_id, now.date())
    if needed_from is not None:
        rows_from = min(rows_from, needed_from)
    oldest_on = await find_oldest_day(conn, connection_id)
    held_from = None
    if oldest_on is not None and oldest_on < rows_from:
        held_from = min(rows_from, oldest_on + BATCH)
    deleted: dict[str, int] = {}

    async def delete() -> None:
        deleted.update(await delete_raw_before(conn, connection_id, week.raw_from))
        if held_from is not None:
            deleted.update(await delete_rows_before(conn, connection_id, held_from))
            await set_held_from(conn, connection_id, held_from)
        # Each week, as a sync that began meanwhile may have stored a cursor as it was.
        await shorten_cursors(conn, connection_id)

    judged = 0
    if held_from is not None or await has_unreadable_before(conn, connection_id, week.raw_from):
        as_of = await last_local_day(conn, connection_id, now)
        judged = await delete_unseen(conn, connection_id, as_of, delete=delete)
    else:
        await delete()
    is_last = held_from is None or held_from == rows_from
    if deleted:
        await record(
            conn,
            Action.ROWS_DELETED_WITH_AGE,
            connection_id,
            workspace_id=workspace_id,
            held_from=held_from and held_from.isoformat(),
            rows=deleted,
        )
    if is_last:
        await set_looked_at(conn, connection_id, week.rows_from)
    return DeletedBatch(deleted, held_from, judged, is_last)
