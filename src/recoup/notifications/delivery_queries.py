"""Queries of deliveries: the log of what was sent to webhooks, and what is to be sent now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, text, update

from recoup.db.engine import Reader, Writer
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import DeliveryId, WebhookId, WorkspaceId, new_delivery_id, new_message_id
from recoup.notifications.tables import notification, webhook, webhook_delivery
from recoup.notifications.webhook_queries import get_webhook
from recoup.notifications.words import TEST, DeliveryStatus

_d, _w, _n = webhook_delivery.c, webhook.c, notification.c


@dataclass(frozen=True, slots=True)
class Delivery:
    """An entry of the log of a webhook."""

    delivery_id: DeliveryId
    message_id: str
    kind: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    response_status: int | None
    response_excerpt: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """What one attempt needs. attempt: its number, from 1, which the report of its result checks."""

    delivery_id: DeliveryId
    workspace_id: WorkspaceId
    webhook_id: WebhookId
    message_id: str
    attempt: int
    kind: str
    data: dict[str, Any]
    occurred_at: datetime
    url: str = field(repr=False)
    secret_sealed: bytes = field(repr=False)
    previous_secret_sealed: bytes | None = field(repr=False)


async def list_deliveries(
    conn: Reader, workspace_id: WorkspaceId, webhook_id: str, *, limit: int
) -> list[Delivery]:
    """Newest first. Raises NotFoundError."""
    await get_webhook(conn, workspace_id, webhook_id)
    rows = await conn.execute(
        select(webhook_delivery, func.coalesce(_n.kind, TEST).label("kind"))
        .outerjoin(notification, _n.notification_id == _d.notification_id)
        .where(_d.workspace_id == workspace_id, _d.webhook_id == webhook_id)
        .order_by(_d.created_at.desc(), _d.delivery_id)
        .limit(limit)
    )
    return [_delivery(row) for row in rows]


async def get_delivery(conn: Reader, delivery_id: DeliveryId) -> Delivery:
    """Raises NotFoundError."""
    rows = await conn.execute(
        select(webhook_delivery, func.coalesce(_n.kind, TEST).label("kind"))
        .outerjoin(notification, _n.notification_id == _d.notification_id)
        .where(_d.delivery_id == delivery_id)
    )
    row = rows.one_or_none()
    if row is None:
        raise NotFoundError("There is no such delivery.")
    return _delivery(row)


async def add_test_delivery(conn: Writer, workspace_id: WorkspaceId, webhook_id: str) -> DeliveryId:
    """Raises NotFoundError, and ConflictError while another test waits or the webhook is off."""
    found = await get_webhook(conn, workspace_id, webhook_id)
    if not found.is_enabled:
        raise ConflictError("The webhook is turned off: turn it on to test it.")
    await conn.execute(select(_w.webhook_id).where(_w.webhook_id == webhook_id).with_for_update())
    waiting = await conn.execute(
        select(_d.delivery_id).where(
            _d.webhook_id == webhook_id,
            _d.notification_id.is_(None),
            _d.status == DeliveryStatus.PENDING,
        )
    )
    if waiting.first() is not None:
        raise ConflictError("A test of this webhook is waiting for a worker already.")
    delivery_id = new_delivery_id()
    await conn.execute(
        insert(webhook_delivery).values(
            delivery_id=delivery_id,
            workspace_id=workspace_id,
            webhook_id=webhook_id,
            message_id=new_message_id(),
        )
    )
    return delivery_id


async def redeliver(
    conn: Writer, workspace_id: WorkspaceId, webhook_id: str, delivery_id: str
) -> None:
    """Sends a delivery again, with the same message id. Raises NotFoundError, and ConflictError
    for one that is not ended, or while the webhook is off.
    """
    found = await get_webhook(conn, workspace_id, webhook_id)
    if not found.is_enabled:
        raise ConflictError("The webhook is turned off: turn it on first.")
    mine = (_d.webhook_id == webhook_id, _d.delivery_id == delivery_id)
    status = (await conn.execute(select(_d.status).where(*mine))).scalar_one_or_none()
    if status is None:
        raise NotFoundError("There is no such delivery.")
    again = await conn.execute(
        update(webhook_delivery)
        .where(*mine, _d.status != DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.PENDING, attempts=0, next_attempt_at=func.now(), error=None)
    )
    if not again.rowcount:
        raise ConflictError("The delivery has not ended: recoup tries it again by itself.")


_TAKE = text(
    """
    with due as (
        select delivery_id, webhook_id,
            row_number() over (partition by webhook_id order by next_attempt_at, delivery_id) as turn
        from webhook_delivery
        where status = 'pending' and next_attempt_at <= now()
            and (cast(:only as text) is null or delivery_id = :only)
    ), chosen as (
        select delivery_id from webhook_delivery
        where delivery_id in (
                select delivery_id from due where turn <= :of_one order by turn limit :most)
            and status = 'pending' and next_attempt_at <= now()
        order by delivery_id
        for update skip locked
    )
    update webhook_delivery d
    set attempts = attempts + 1, last_attempt_at = now(),
        next_attempt_at = now() + make_interval(secs => :lease)
    from chosen, webhook w
    where d.delivery_id = chosen.delivery_id and w.webhook_id = d.webhook_id
    returning d.delivery_id, d.workspace_id, d.webhook_id, d.message_id, d.attempts, d.created_at,
        d.notification_id, w.url, w.secret_sealed,
        case when w.previous_secret_until > now() then w.previous_secret_sealed end as previous_secret_sealed
    """
)


async def take_due_deliveries(
    conn: Writer,
    *,
    most: int,
    of_one: int,
    lease: timedelta,
    only: DeliveryId | None = None,
) -> list[DueDelivery]:
    """Takes deliveries for one attempt each: nobody else takes them for as long as the lease lasts.

    of_one: how many of one webhook, so that a slow receiver does not hold up the others.
    """
    values = {"most": most, "of_one": of_one, "lease": lease.total_seconds(), "only": only}
    rows = (await conn.execute(_TAKE, values)).all()
    found = await conn.execute(
        select(notification).where(
            _n.notification_id.in_([row.notification_id for row in rows if row.notification_id])
        )
    )
    told = {row.notification_id: row for row in found}
    return [_due(row, told.get(row.notification_id)) for row in rows]


def _due(row: Row[Any], told: Row[Any] | None) -> DueDelivery:
    return DueDelivery(
        delivery_id=DeliveryId(row.delivery_id),
        workspace_id=WorkspaceId(row.workspace_id),
        webhook_id=WebhookId(row.webhook_id),
        message_id=row.message_id,
        attempt=row.attempts,
        kind=TEST if told is None else told.kind,
        data={"webhookId": row.webhook_id} if told is None else told.data,
        occurred_at=row.created_at if told is None else told.created_at,
        url=row.url,
        secret_sealed=row.secret_sealed,
        previous_secret_sealed=row.previous_secret_sealed,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt. retry_at: null if it is the last one, or succeeded."""

    status: DeliveryStatus
    response_status: int | None = None
    response_excerpt: str | None = None
    error: str | None = None
    retry_at: datetime | None = None


async def store_result(conn: Writer, due: DueDelivery, result: Result) -> bool:
    """False if the delivery was ended or taken over meanwhile; then nothing is stored."""
    values: dict[str, Any] = {
        "status": result.status,
        "response_status": result.response_status,
        "response_excerpt": result.response_excerpt,
        "error": result.error,
    }
    if result.retry_at is not None:
        values["next_attempt_at"] = result.retry_at
    stored = await conn.execute(
        update(webhook_delivery)
        .where(
            _d.delivery_id == due.delivery_id,
            _d.attempts == due.attempt,
            _d.status == DeliveryStatus.PENDING,
        )
        .values(values)
    )
    if not stored.rowcount:
        return False
    sound = result.status is DeliveryStatus.DELIVERED
    await conn.execute(
        update(webhook)
        .where(_w.webhook_id == due.webhook_id)
        .values(failing_since=None if sound else func.coalesce(_w.failing_since, func.now()))
    )
    return True


async def disable_failing_webhook(
    conn: Writer, webhook_id: WebhookId, *, why: str, failing_for: timedelta
) -> bool:
    """Turns a webhook off that has accepted nothing for so long. True if this was news."""
    done = await conn.execute(
        update(webhook)
        .where(
            _w.webhook_id == webhook_id,
            _w.is_enabled,
            _w.failing_since <= func.now() - failing_for,
        )
        .values(is_enabled=False, disabled_why=why)
    )
    return bool(done.rowcount)


def _delivery(row: Row[Any]) -> Delivery:
    status = DeliveryStatus(row.status)
    return Delivery(
        delivery_id=DeliveryId(row.delivery_id),
        message_id=row.message_id,
        kind=row.kind,
        status=status,
        attempts=row.attempts,
        created_at=row.created_at,
        last_attempt_at=row.last_attempt_at,
        next_attempt_at=row.next_attempt_at if status is DeliveryStatus.PENDING else None,
        response_status=row.response_status,
        response_excerpt=row.response_excerpt,
        error=row.error,
    )
