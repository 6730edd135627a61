"""Bodies of webhooks and of the log of their deliveries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from recoup.api.parameters import RequestModel
from recoup.body import CamelModel, Timestamp
from recoup.notifications.delivery_queries import Delivery
from recoup.notifications.webhook_queries import Webhook
from recoup.notifications.words import DeliveryStatus, NotificationKind

_Url = Annotated[SecretStr, Field(max_length=2000)]
_Kinds = Annotated[list[NotificationKind], Field(min_length=1, max_length=20)]


class WebhookRequest(RequestModel):
    url: _Url = Field(description="An https:// address that answers POST requests.")
    kinds: _Kinds = Field(description="What is sent to it.")


class WebhookChange(RequestModel):
    url: _Url | None = None
    kinds: _Kinds | None = None
    is_enabled: bool | None = Field(
        default=None, description="False gives up what is yet to be sent."
    )


class WebhookBody(CamelModel):
    webhook_id: str
    url: str
    kinds: list[NotificationKind]
    is_enabled: bool
    disabled_why: str | None = Field(description="Why recoup turned it off.")
    failing_since: Timestamp | None = Field(description="Null once a delivery has succeeded.")
    created_at: Timestamp


class NewWebhookBody(WebhookBody):
    secret: str = Field(description="Verifies the signatures; it is not shown again.")


class WebhookSecretBody(CamelModel):
    secret: str = Field(
        description="The new secret; it is not shown again. For a day, messages are signed with the previous one too."
    )


class WebhooksBody(CamelModel):
    webhooks: list[WebhookBody]


class DeliveryBody(CamelModel):
    delivery_id: str
    message_id: str = Field(description="The header webhook-id, the same in each attempt.")
    type: str = Field(description="A kind of notification, or webhook.test.")
    status: DeliveryStatus
    attempts: int
    created_at: Timestamp
    last_attempt_at: Timestamp | None
    next_attempt_at: Timestamp | None = Field(description="Null once it has ended.")
    response_status: int | None
    response_excerpt: str | None = Field(description="The first 500 characters of the answer.")
    error: str | None


class DeliveriesBody(CamelModel):
    deliveries: list[DeliveryBody]


class QueuedBody(CamelModel):
    delivery_id: str = Field(description="Look for it in the log: a worker makes the delivery.")


def webhook_body(one: Webhook) -> WebhookBody:
    return WebhookBody.model_validate(one, from_attributes=True)


def new_webhook_body(one: Webhook, secret: str) -> NewWebhookBody:
    return NewWebhookBody(**webhook_body(one).model_dump(), secret=secret)


def delivery_body(one: Delivery) -> DeliveryBody:
    return DeliveryBody(
        delivery_id=one.delivery_id,
        message_id=one.message_id,
        type=one.kind,
        status=one.status,
        attempts=one.attempts,
        created_at=one.created_at,
        last_attempt_at=one.last_attempt_at,
        next_attempt_at=one.next_attempt_at,
        response_status=one.response_status,
        response_excerpt=one.response_excerpt,
        error=one.error,
    )
