"""What a detection and the calendar make of claims, as notifications: one each, with totals."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlencode

from recoup.claims.bodies.totals import totals_body
from recoup.claims.lifecycle import Standing
from recoup.claims.reading.changed import find_just_found, find_just_paid, total_just_paid
from recoup.claims.reading.deadlines import (
    Due,
    list_connections_with_deadlines,
    remember_marks,
)
from recoup.connections.queries import keep_connection
from recoup.db.engine import Database, Writer
from recoup.errors import NotFoundError
from recoup.ids import ConnectionId, SyncId, WorkspaceId
from recoup.notifications.queries import notify_of
from recoup.notifications.words import NotificationKind


async def notify_of_detection(
    conn: Writer, workspace_id: WorkspaceId, connection: ConnectionId, *, sync_id: SyncId | None
) -> None:
    """Reports new and paid claims of this transaction; nothing if there are none."""
    found = await find_just_found(conn, connection)
    about = {"connectionId": connection, "syncId": sync_id}
    if found.claim_ids:
        of_sync = {} if sync_id is None else {"syncId": sync_id}
        data = {
            **about,
            **totals_body(found.totals).document(),
            "link": claims_link({"connectionId": connection, "standing": "", **of_sync}),
        }
        await notify_of(conn, workspace_id, connection, NotificationKind.CLAIM_FOUND, data)
    paid = await find_just_paid(conn, connection)
    if paid.claim_ids:
        data = {
            **about,
            "claimed": totals_body(paid.totals).document(),
            "paid": totals_body(await total_just_paid(conn, connection)).document(),
            "claimIds": list(paid.claim_ids),
            "link": claims_link({"connectionId": connection, "standing": Standing.APPROVED}),
        }
        await notify_of(conn, workspace_id, connection, NotificationKind.CLAIM_PAID, data)


async def notify_of_deadlines(database: Database, *, now: datetime) -> None:
    """Reports claims that are owed and have come to 14, 7, 3 or 1 days before their last safe day.

    A transaction for each account; seconds; may run twice, and be killed: the next hour goes on.
    """
    async with database.reading() as conn:
        chosen = await list_connections_with_deadlines(conn, now)
    for workspace_id, connection_id in chosen:
        with suppress(NotFoundError):  # purged meanwhile
            async with database.writing() as conn:
                await keep_connection(conn, connection_id)
                due = await remember_marks(conn, connection_id, now)
                if due:
                    await notify_of(
                        conn,
                        workspace_id,
                        connection_id,
                        NotificationKind.CLAIM_DEADLINE_NEAR,
                        _deadlines(connection_id, due),
                    )


def _deadlines(connection_id: ConnectionId, due: Sequence[Due]) -> dict[str, object]:
    return {
        "connectionId": connection_id,
        "deadlines": [
            {
                "days": one.mark,
                "firstDeadline": one.first_deadline.isoformat(),
                **totals_body(one.totals).document(),
                "claimIds": list(one.claim_ids),
            }
            for one in due
        ],
        "link": deadlines_link(connection_id, max(one.mark for one in due)),
    }


def deadlines_link(connection_id: ConnectionId, days: int) -> str:
    """The list of the claims of an account that are owed and must be filed within so many days."""
    return claims_link(
        {
            "connectionId": connection_id,
            "standing": Standing.OWED,
            "expiringWithinDays": days,
            "sort": "deadline",
        }
    )


def claims_link(filters: dict[str, object]) -> str:
    return f"/#/claims?{urlencode(filters)}"
