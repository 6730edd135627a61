"""Deletion of a seller's data."""

from __future__ import annotations

from sqlalchemy import delete, or_, select, text

from recoup.audit.tables import audit_entry
from recoup.connections.queries import account_title
from recoup.connections.tables import amazon_connection
from recoup.db.engine import Writer
from recoup.db.metadata import METADATA
from recoup.errors import ConflictError
from recoup.events.tables import activity, event
from recoup.ids import ConnectionId, UserId, WorkspaceId
from recoup.streams import all_streams
from recoup.sync.record.legal_hold_queries import require_no_legal_hold
from recoup.sync.record.tables import sync_progress
from recoup.users.tables import app_user
from recoup.users.workspace_queries import list_members, list_workspaces, remove_member


async def purge_connection(
    conn: Writer, workspace_id: WorkspaceId, connection_id: ConnectionId
) -> None:
    """Deletes the connection and every row that references it, in any table, and its rate budget.

    Its syncs must have ended, so that no worker writes meanwhile. Does nothing when the user has no
    such connection, so it may run twice. Raises ConflictError under a legal hold.
    """
    c = amazon_connection.c
    owned = await conn.execute(
        select(c.selling_partner_id, c.region)
        .where(c.workspace_id == workspace_id, c.connection_id == connection_id)
        .with_for_update()
    )
    account = owned.one_or_none()
    if account is None:
        return
    await require_no_legal_hold(conn, workspace_id, connection_id)
    syncs = select(sync_progress.c.sync_id).where(
        sync_progress.c.workspace_id == workspace_id, sync_progress.c.connection_id == connection_id
    )
    await conn.execute(
        delete(event).where(
            event.c.workspace_id == workspace_id,
            or_(event.c.subject == connection_id, event.c.subject.in_(syncs)),
        )
    )
    # Connecting is no sync: such an entry names the account in its words only.
    title = account_title(account.selling_partner_id, account.region)
    await conn.execute(
        delete(activity).where(
            activity.c.workspace_id == workspace_id,
            or_(activity.c.sync_id.in_(syncs), activity.c.message.contains(title, autoescape=True)),
        )
    )
    all_streams()  # a stream's tables are known once its module is
    # Tables that refer to others come last in sorted_tables; amazon_connection itself goes last.
    for table in reversed(METADATA.sorted_tables):
        if "connection_id" in table.columns:
            await conn.execute(delete(table).where(table.c.connection_id == connection_id))
    await delete_unused_budgets(conn)


async def delete_unused_budgets(conn: Writer) -> None:
    """Deletes the rate budgets that no connection spends: of purged ones, and of replaced tokens."""
    await conn.execute(text("select recoup_forget_budgets()"))


async def delete_user(conn: Writer, user_id: UserId) -> None:
    """Deletes a user, and the workspaces that nobody else belongs to. Earlier decisions keep the id.

    Raises ConflictError where such a workspace still has Amazon accounts, and where others would be
    left without an owner.
    """
    for one in await list_workspaces(conn, of=user_id):
        members = await list_members(conn, one.workspace_id)
        if len(members) > 1:
            await remove_member(conn, one.workspace_id, user_id)
        else:
            await _delete_workspace(conn, one.workspace_id)
    await conn.execute(delete(app_user).where(app_user.c.user_id == user_id))


async def _delete_workspace(conn: Writer, workspace_id: WorkspaceId) -> None:
    c = amazon_connection.c
    owned = select(c.connection_id).where(c.workspace_id == workspace_id).limit(1)
    if (await conn.execute(owned)).one_or_none() is not None:
        raise ConflictError(
            "The user still has Amazon accounts: disconnect them with purge=true first, or invite "
            "another owner."
        )
    await require_no_legal_hold(conn, workspace_id)
    for table in reversed(METADATA.sorted_tables):
        # The audit log outlives what it is about.
        if "workspace_id" in table.columns and table is not audit_entry:
            await conn.execute(delete(table).where(table.c.workspace_id == workspace_id))
