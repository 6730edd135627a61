"""Queries of webhooks: where a workspace's notifications are sent, and with which secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import LargeBinary, Text

from recoup.db.engine import Reader, Writer
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import WebhookId, WorkspaceId, new_webhook_id
from recoup.notifications.tables import webhook, webhook_delivery
from recoup.notifications.words import DeliveryStatus, NotificationKind

MOST_WEBHOOKS = 10
"""Of a workspace: each notification is sent to all of them."""
_OVERLAP = timedelta(days=1)
_w = webhook.c


@dataclass(frozen=True, slots=True)
class Webhook:
    """disabled_why: why recoup turned it off. failing_since: null once a delivery has succeeded."""

    webhook_id: WebhookId
    url: str = field(repr=False)  # often with a secret in it
    kinds: tuple[NotificationKind, ...]
    is_enabled: bool
    disabled_why: str | None
    failing_since: datetime | None
    created_at: datetime


async def list_webhooks(conn: Reader, workspace_id: WorkspaceId) -> list[Webhook]:
    """In the order in which they were added."""
    rows = await conn.execute(
        select(webhook)
        .where(_w.workspace_id == workspace_id)
        .order_by(_w.created_at, _w.webhook_id)
    )
    return [_webhook(row) for row in rows]


async def list_failing_webhooks(conn: Reader) -> list[WebhookId]:
    """Of all workspaces: those that recoup turned off, and those whose last deliveries failed."""
    rows = await conn.execute(
        select(_w.webhook_id)
        .where(_w.disabled_why.is_not(None) | _w.failing_since.is_not(None))
        .order_by(_w.created_at, _w.webhook_id)
    )
    return [WebhookId(row.webhook_id) for row in rows]


async def get_webhook(conn: Reader, workspace_id: WorkspaceId, webhook_id: str) -> Webhook:
    """Raises NotFoundError."""
    rows = await conn.execute(
        select(webhook).where(_w.workspace_id == workspace_id, _w.webhook_id == webhook_id)
    )
    row = rows.one_or_none()
    if row is None:
        raise NotFoundError("There is no such webhook.", listed_by="webhook list")
    return _webhook(row)


async def add_webhook(
    conn: Writer,
    workspace_id: WorkspaceId,
    *,
    url: str,
    kinds: Sequence[NotificationKind],
    secret_sealed: bytes,
) -> Webhook:
    """Raises ConflictError if there are MOST_WEBHOOKS. Call `lock_for_sealing` before sealing."""
    await conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended('webhook:' || :workspace_id, 0))"),
        {"workspace_id": workspace_id},
    )
    if len(await list_webhooks(conn, workspace_id)) >= MOST_WEBHOOKS:
        raise ConflictError(f"A workspace may have {MOST_WEBHOOKS} webhooks: delete one first.")
    rows = await conn.execute(
        insert(webhook)
        .values(
            webhook_id=new_webhook_id(),
            workspace_id=workspace_id,
            url=url,
            kinds=[kind.value for kind in kinds],
            secret_sealed=secret_sealed,
        )
        .returning(webhook)
    )
    return _webhook(rows.one())


async def change_webhook(
    conn: Writer,
    workspace_id: WorkspaceId,
    webhook_id: str,
    *,
    url: str | None = None,
    kinds: Sequence[NotificationKind] | None = None,
    is_enabled: bool | None = None,
) -> Webhook:
    """None leaves a value. Turned off, it gives up what it has yet to send; turned on, it counts as
    sound. Raises NotFoundError.
    """
    await get_webhook(conn, workspace_id, webhook_id)
    values: dict[str, Any] = {}
    if url is not None:
        values["url"] = url
    if kinds is not None:
        values["kinds"] = [kind.value for kind in kinds]
    if is_enabled is not None:
        values |= {"is_enabled": is_enabled, "disabled_why": None, "failing_since": None}
    if values:
        await conn.execute(update(webhook).where(_w.webhook_id == webhook_id).values(values))
    if is_enabled is False:
        await give_up_deliveries(conn, webhook_id, "The webhook was turned off.")
    return await get_webhook(conn, workspace_id, webhook_id)


async def give_up_deliveries(conn: Writer, webhook_id: str, error: str) -> None:
    """Ends all deliveries of a webhook that are not made yet."""
    d = webhook_delivery.c
    await conn.execute(
        update(webhook_delivery)
        .where(d.webhook_id == webhook_id, d.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.FAILED, error=error)
    )


async def delete_webhook(conn: Writer, workspace_id: WorkspaceId, webhook_id: str) -> Webhook:
    """With its deliveries; returns what it was. Raises NotFoundError."""
    found = await get_webhook(conn, workspace_id, webhook_id)
    await conn.execute(delete(webhook).where(_w.webhook_id == webhook_id))
    return found


async def rotate_webhook_secret(
    conn: Writer, workspace_id: WorkspaceId, webhook_id: str, secret_sealed: bytes
) -> None:
    """The previous secret signs too for a day. Raises NotFoundError. Call `lock_for_sealing` first."""
    await get_webhook(conn, workspace_id, webhook_id)
    await conn.execute(
        update(webhook)
        .where(_w.webhook_id == webhook_id)
        .values(
            secret_sealed=secret_sealed,
            previous_secret_sealed=_w.secret_sealed,
            previous_secret_until=func.now() + _OVERLAP,
        )
    )


async def lock_for_sealing(conn: Writer) -> None:
    """What is sealed after this is opened by any rotation of keys, as with refresh tokens."""
    await conn.execute(text("lock table webhook in row exclusive mode"))


async def lock_sealed_secrets(conn: Writer) -> None:
    """Waits for those who store a secret, and has others wait until the commit."""
    await conn.execute(text("lock table webhook in share row exclusive mode"))


async def list_sealed_secrets(conn: Reader) -> list[tuple[WebhookId, bytes, bytes | None]]:
    """Every stored secret and its previous one, sealed."""
    rows = await conn.execute(select(_w.webhook_id, _w.secret_sealed, _w.previous_secret_sealed))
    return [(WebhookId(r.webhook_id), r.secret_sealed, r.previous_secret_sealed) for r in rows]


_STORE_SEALED = text(
    """
    update webhook w set secret_sealed = again.secret,
        previous_secret_sealed = nullif(again.previous, ''::bytea)
    from unnest(:ids, :secrets, :previous) as again (webhook_id, secret, previous)
    where w.webhook_id = again.webhook_id
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Text)),
    bindparam("secrets", type_=ARRAY(LargeBinary)),
    bindparam("previous", type_=ARRAY(LargeBinary)),
)


async def store_sealed_secrets(
    conn: Writer, sealed: Mapping[WebhookId, tuple[bytes, bytes | None]]
) -> None:
    """The same secrets, sealed with another key."""
    values = list(sealed.values())
    await conn.execute(
        _STORE_SEALED,
        {
            "ids": list(sealed),
            "secrets": [secret for secret, _ in values],
            "previous": [previous or b"" for _, previous in values],
        },
    )


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        webhook_id=WebhookId(row.webhook_id),
        url=row.url,
        kinds=tuple(NotificationKind(kind) for kind in row.kinds),
        is_enabled=row.is_enabled,
        disabled_why=row.disabled_why,
        failing_since=row.failing_since,
        created_at=row.created_at,
    )
