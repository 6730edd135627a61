"""Legal holds: an owner keeps what must not be deleted, of a workspace or of one connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.connections.queries import get_connection
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.errors import ConflictError
from recoup.ids import ConnectionId, WorkspaceId
from recoup.users.tables import workspace

_w, _c = workspace.c, amazon_connection.c


@dataclass(frozen=True, slots=True)
class LegalHold:
    """connection_id: None for everything of the workspace. reason: in the owner's words."""

    connection_id: ConnectionId | None
    reason: str
    since: datetime


async def list_legal_holds(conn: Reader, workspace_id: WorkspaceId) -> list[LegalHold]:
    """Lists the holds that count now, that of the workspace first."""
    whole = await conn.execute(
        select(_w.legal_hold, _w.legal_hold_since).where(
            _w.workspace_id == workspace_id, _w.legal_hold.is_not(None)
        )
    )
    single = await conn.execute(
        select(_c.connection_id, _c.legal_hold, _c.legal_hold_since)
        .where(_c.workspace_id == workspace_id, _c.legal_hold.is_not(None))
        .order_by(_c.created_at, _c.connection_id)
    )
    return [
        *(LegalHold(None, reason, since) for reason, since in whole),
        *(LegalHold(ConnectionId(one), reason, since) for one, reason, since in single),
    ]


async def set_legal_hold(
    conn: Writer, workspace_id: WorkspaceId, connection_id: ConnectionId | None, reason: str
) -> None:
    """From the commit on nothing is deleted; a hold that is there keeps its time. Raises NotFoundError."""
    await _write(conn, workspace_id, connection_id, reason)
    await record(
        conn, Action.LEGAL_HOLD_SET, connection_id, workspace_id=workspace_id, reason=reason
    )


async def end_legal_hold(
    conn: Writer, workspace_id: WorkspaceId, connection_id: ConnectionId | None, reason: str
) -> None:
    """What is too old is deleted from now on. Raises NotFoundError, ConflictError if there is none."""
    holds = await list_legal_holds(conn, workspace_id)
    if all(one.connection_id != connection_id for one in holds):
        raise ConflictError("There is no such legal hold.")
    await _write(conn, workspace_id, connection_id, None)
    mine = [_c.connection_id == connection_id] if connection_id else []
    await conn.execute(
        update(amazon_connection)
        .where(_c.workspace_id == workspace_id, *mine)
        .values(retention_on=None)
    )
    await record(
        conn, Action.LEGAL_HOLD_ENDED, connection_id, workspace_id=workspace_id, reason=reason
    )


async def require_no_legal_hold(
    conn: Reader, workspace_id: WorkspaceId, connection_id: ConnectionId | None = None
) -> None:
    """Raises ConflictError where one keeps the connection; without one, anything of the workspace."""
    for hold in await list_legal_holds(conn, workspace_id):
        if connection_id is None or hold.connection_id in {None, connection_id}:
            raise ConflictError(
                f"A legal hold keeps this data ({hold.reason}): an owner must end it first."
            )


async def _write(
    conn: Writer, workspace_id: WorkspaceId, connection_id: ConnectionId | None, reason: str | None
) -> None:
    if connection_id is None:
        await conn.execute(
            update(workspace)
            .where(_w.workspace_id == workspace_id)
            .values(
                legal_hold=reason,
                legal_hold_since=func.coalesce(_w.legal_hold_since, func.now()) if reason else None,
            )
        )
        return
    await get_connection(conn, workspace_id, connection_id)
    await conn.execute(
        update(amazon_connection)
        .where(_c.workspace_id == workspace_id, _c.connection_id == connection_id)
        .values(
            legal_hold=reason,
            legal_hold_since=func.coalesce(_c.legal_hold_since, func.now()) if reason else None,
        )
    )
