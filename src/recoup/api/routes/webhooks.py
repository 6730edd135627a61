"""Webhooks of a workspace, and the log of what was sent to them (docs/notifications.md#webhooks)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from recoup.api.openapi import may_fail
from recoup.api.parameters import Identifier
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.api.webhook_bodies import (
    DeliveriesBody,
    NewWebhookBody,
    QueuedBody,
    WebhookBody,
    WebhookChange,
    WebhookRequest,
    WebhooksBody,
    WebhookSecretBody,
    delivery_body,
    new_webhook_body,
    webhook_body,
)
from recoup.errors import ConflictError, InvalidRequestError, NotFoundError, RoleTooSmallError
from recoup.notifications.delivery_queries import list_deliveries
from recoup.notifications.webhook_queries import list_webhooks
from recoup.outgoing import webhooks

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])


@router.get("", responses=may_fail(RoleTooSmallError), summary="Webhooks of the workspace")
async def get_webhooks(services: ServicesOfApp, workspace_id: CurrentWorkspace) -> WebhooksBody:
    async with services.database.reading() as conn:
        found = await list_webhooks(conn, workspace_id)
    return WebhooksBody(webhooks=[webhook_body(one) for one in found])


@router.post(
    "",
    status_code=201,
    responses=may_fail(InvalidRequestError, ConflictError, write=True),
    summary="Add a webhook",
)
async def post_webhook(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    body: Annotated[WebhookRequest, Body()],
) -> NewWebhookBody:
    """At most ten in a workspace."""
    async with services.database.writing() as conn:
        added, secret = await webhooks.create(
            conn,
            services.settings,
            workspace_id,
            url=body.url.get_secret_value(),
            kinds=body.kinds,
        )
    return new_webhook_body(added, secret)


@router.patch(
    "/{webhookId}",
    responses=may_fail(NotFoundError, InvalidRequestError, write=True),
    summary="Change a webhook, turn it off or on",
)
async def patch_webhook(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    webhook_id: Annotated[Identifier, Path(alias="webhookId")],
    body: Annotated[WebhookChange, Body()],
) -> WebhookBody:
    async with services.database.writing() as conn:
        changed = await webhooks.change(
            conn,
            services.settings,
            workspace_id,
            webhook_id,
            url=None if body.url is None else body.url.get_secret_value(),
            kinds=body.kinds,
            is_enabled=body.is_enabled,
        )
    return webhook_body(changed)


@router.delete(
    "/{webhookId}",
    status_code=204,
    responses=may_fail(NotFoundError, write=True),
    summary="Delete a webhook and its log",
)
async def remove_webhook(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    webhook_id: Annotated[Identifier, Path(alias="webhookId")],
) -> None:
    async with services.database.writing() as conn:
        await webhooks.delete(conn, workspace_id, webhook_id)


@router.post(
    "/{webhookId}/secret",
    responses=may_fail(NotFoundError, write=True),
    summary="Replace the secret of a webhook",
)
async def post_secret(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    webhook_id: Annotated[Identifier, Path(alias="webhookId")],
) -> WebhookSecretBody:
    async with services.database.writing() as conn:
        secret = await webhooks.rotate(conn, services.settings, workspace_id, webhook_id)
    return WebhookSecretBody(secret=secret)


@router.post(
    "/{webhookId}/test",
    status_code=202,
    responses=may_fail(NotFoundError, ConflictError, write=True),
    summary="Send a test message",
)
async def post_test(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    webhook_id: Annotated[Identifier, Path(alias="webhookId")],
) -> QueuedBody:
    """Of the type webhook.test. One at a time."""
    async with services.database.writing() as conn:
        delivery_id = await webhooks.test(conn, workspace_id, webhook_id)
    return QueuedBody(delivery_id=delivery_id)


@router.get(
    "/{webhookId}/deliveries",
    responses=may_fail(NotFoundError, RoleTooSmallError),
    summary="What was sent to a webhook",
)
async def get_deliveries(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    webhook_id: Annotated[Identifier, Path(alias="webhookId")],
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> DeliveriesBody:
    """Newest first. Entries are kept for 30 days."""
    async with services.database.reading() as conn:
        found = await list_deliveries(conn, workspace_id, webhook_id, limit=limit)
    return DeliveriesBody(deliveries=[delivery_body(one) for one in found])


@router.post(
    "/{webhookId}/deliveries/{deliveryId}/redeliver",
    status_code=202,
    responses=may_fail(NotFoundError, ConflictError, write=True),
    summary="Send a message again",
)
async def post_redelivery(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    webhook_id: Annotated[Identifier, Path(alias="webhookId")],
    delivery_id: Annotated[Identifier, Path(alias="deliveryId")],
) -> QueuedBody:
    """With the same webhook-id."""
    async with services.database.writing() as conn:
        await webhooks.send_again(conn, workspace_id, webhook_id, delivery_id)
    return QueuedBody(delivery_id=delivery_id)
