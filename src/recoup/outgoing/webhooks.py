"""Adding, changing and trying webhooks: what the API and the command line do alike, with the audit
log's entry in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.config import Settings
from recoup.crypto import Vault
from recoup.db.engine import Writer
from recoup.ids import DeliveryId, WorkspaceId
from recoup.notifications.delivery_queries import add_test_delivery, redeliver
from recoup.notifications.signing import new_signing_secret
from recoup.notifications.webhook_queries import (
    Webhook,
    add_webhook,
    change_webhook,
    delete_webhook,
    lock_for_sealing,
    rotate_webhook_secret,
)
from recoup.notifications.words import NotificationKind
from recoup.outgoing.addresses import require_webhook_url


async def create(
    conn: Writer,
    settings: Settings,
    workspace_id: WorkspaceId,
    *,
    url: str,
    kinds: Sequence[NotificationKind],
) -> tuple[Webhook, str]:
    """The webhook and its secret. Raises InvalidRequestError for the address, ConflictError."""
    require_webhook_url(url, to_private=settings.webhooks_to_private)
    secret = new_signing_secret()
    await lock_for_sealing(conn)
    added = await add_webhook(
        conn,
        workspace_id,
        url=url,
        kinds=list(dict.fromkeys(kinds)),
        secret_sealed=Vault(settings.keys).seal(secret),
    )
    await record(
        conn,
        Action.WEBHOOK_ADDED,
        added.webhook_id,
        workspace_id=workspace_id,
        host=_host(url),
        kinds=list(added.kinds),
    )
    return added, secret


async def change(
    conn: Writer,
    settings: Settings,
    workspace_id: WorkspaceId,
    webhook_id: str,
    *,
    url: str | None,
    kinds: Sequence[NotificationKind] | None,
    is_enabled: bool | None,
) -> Webhook:
    """None leaves a value. Raises NotFoundError, InvalidRequestError."""
    if url is not None:
        require_webhook_url(url, to_private=settings.webhooks_to_private)
    changed = await change_webhook(
        conn, workspace_id, webhook_id, url=url, kinds=kinds, is_enabled=is_enabled
    )
    await record(
        conn,
        Action.WEBHOOK_CHANGED,
        webhook_id,
        workspace_id=workspace_id,
        host=_host(changed.url),
        kinds=list(changed.kinds),
        is_enabled=changed.is_enabled,
    )
    return changed


async def delete(conn: Writer, workspace_id: WorkspaceId, webhook_id: str) -> None:
    """Raises NotFoundError."""
    deleted = await delete_webhook(conn, workspace_id, webhook_id)
    await record(
        conn,
        Action.WEBHOOK_DELETED,
        webhook_id,
        workspace_id=workspace_id,
        host=_host(deleted.url),
    )


async def rotate(
    conn: Writer, settings: Settings, workspace_id: WorkspaceId, webhook_id: str
) -> str:
    """The new secret. Raises NotFoundError."""
    secret = new_signing_secret()
    await lock_for_sealing(conn)
    sealed = Vault(settings.keys).seal(secret)
    await rotate_webhook_secret(conn, workspace_id, webhook_id, sealed)
    await record(conn, Action.WEBHOOK_SECRET_ROTATED, webhook_id, workspace_id=workspace_id)
    return secret


async def test(conn: Writer, workspace_id: WorkspaceId, webhook_id: str) -> DeliveryId:
    """A delivery that a worker makes. Raises NotFoundError, ConflictError."""
    delivery_id = await add_test_delivery(conn, workspace_id, webhook_id)
    await record(conn, Action.WEBHOOK_TESTED, webhook_id, workspace_id=workspace_id)
    return delivery_id


async def send_again(
    conn: Writer, workspace_id: WorkspaceId, webhook_id: str, delivery_id: str
) -> None:
    """Raises NotFoundError, ConflictError."""
    await redeliver(conn, workspace_id, webhook_id, delivery_id)
    await record(
        conn,
        Action.WEBHOOK_REDELIVERED,
        webhook_id,
        workspace_id=workspace_id,
        delivery=delivery_id,
    )


def _host(url: str) -> str | None:
    """All of an address that the audit log names: the rest is often a secret."""
    return urlsplit(url).hostname
