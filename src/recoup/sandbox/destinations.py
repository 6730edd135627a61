"""Notification destinations of the application and subscriptions of its sellers (docs/amazon.md#notifications)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recoup.sandbox.answers import Json


@dataclass(frozen=True)
class Destination:
    """A queue or bus. `resource` is as the API shows it."""

    destination_id: str
    name: str
    resource: Mapping[str, Json]


@dataclass(frozen=True)
class Subscription:
    """What one seller lets the application know about."""

    subscription_id: str
    seller_id: str
    notification_type: str
    payload_version: str
    destination_id: str
    directive: Json


class Destinations:
    """Both kinds, in memory."""

    def __init__(self) -> None:
        self.by_id: dict[str, Destination] = {}
        self.subscriptions: dict[str, Subscription] = {}

    def of_seller(self, seller_id: str) -> list[Subscription]:
        return [one for one in self.subscriptions.values() if one.seller_id == seller_id]
