"""Writes a notification, and for whom it is, in the transaction of what it reports."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import text

from recoup.db.engine import Writer
from recoup.ids import ConnectionId, WorkspaceId, new_message_id
from recoup.notifications.words import NotificationKind

# Whoever is not interested in the kind costs no row. The id of a delivery is made here, as there may
# be several; gen_random_uuid is PostgreSQL's own.
_NOTIFY = text(
    """
    with told as (
        insert into notification (notification_id, workspace_id, connection_id, kind, data)
        values (:message_id, :workspace_id, :connection_id, :kind, cast(:data as jsonb))
        returning notification_id, workspace_id, kind
    ), delivered as (
        insert into webhook_delivery (delivery_id, workspace_id, webhook_id, notification_id, message_id)
        select 'dlv_' || replace(gen_random_uuid()::text, '-', ''), told.workspace_id, hook.webhook_id,
            told.notification_id, told.notification_id
        from told join webhook hook using (workspace_id)
        where hook.is_enabled and told.kind = any(hook.kinds)
    )
    insert into mail_item (user_id, notification_id, workspace_id)
    select wants.user_id, told.notification_id, told.workspace_id
    from told join mail_subscription wants using (workspace_id)
    where told.kind = any(wants.kinds)
    """
)


async def notify_of(
    conn: Writer,
    workspace_id: WorkspaceId,
    connection_id: ConnectionId,
    kind: NotificationKind,
    data: Mapping[str, object],
) -> None:
    """Stores a notification for whoever wants its kind. Call it before `publish`, which locks last.

    data: ids, counts, money as the API writes it, and `link`, an address below RECOUP_PUBLIC_URL.
    """
    await conn.execute(
        _NOTIFY,
        {
            "message_id": new_message_id(),
            "workspace_id": workspace_id,
            "connection_id": connection_id,
            "kind": kind.value,
            "data": json.dumps(data),
        },
    )


_FORGET = (
    """
    delete from webhook_delivery d
    where d.status <> 'pending' and d.created_at < now() - make_interval(days => :days) and not {held}
    """,
    """
    delete from mail_item i using notification n
    where n.notification_id = i.notification_id
        and n.created_at < now() - make_interval(days => :days) and not {held}
    """,
    """
    delete from notification n using (
        select notification_id from notification
        where created_at < now() - make_interval(days => :days)
    ) as old
    where n.notification_id = old.notification_id
        and not exists (select from webhook_delivery d where d.notification_id = n.notification_id)
        and not exists (select from mail_item m where m.notification_id = n.notification_id)
        and not {held}
    """,
    """
    delete from mail_digest where status <> 'pending' and created_at < now() - make_interval(days => :days)
    """,
)


def _held(table: str) -> str:
    return (
        "exists (select from workspace w left join amazon_connection c using (workspace_id) "
        f"where w.workspace_id = {table}.workspace_id "
        "and (w.legal_hold is not null or c.legal_hold is not null))"
    )


async def forget_old_notifications(conn: Writer, *, days: int) -> None:
    """Deletes the log of what was sent, except under a legal hold. What a webhook is yet to be sent
    stays; what could not be mailed for so long is not news any more.
    """
    deliveries, items, notifications, digests = _FORGET
    for statement in (
        deliveries.format(held=_held("d")),
        items.format(held=_held("i")),
        notifications.format(held=_held("n")),
        digests,
    ):
        await conn.execute(text(statement), {"days": days})
