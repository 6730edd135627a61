"""Sellers API v1. Source: facts 4.7."""

from __future__ import annotations

from decimal import Decimal

from recoup.sandbox.answers import Json
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.world.seller import Marketplace


def _participation(marketplace: Marketplace) -> Json:
    return {
        "marketplace": {
            "id": marketplace.marketplace_id,
            "name": marketplace.name,
            "countryCode": marketplace.country,
            "defaultCurrencyCode": marketplace.currency,
            "defaultLanguageCode": marketplace.language,
            "domainName": marketplace.domain,
        },
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
        "storeName": "Sandbox Store",
    }


def _get_marketplace_participations(call: Call) -> Json:
    return {"payload": [_participation(marketplace) for marketplace in call.world.marketplaces]}


OPERATIONS = (
    Operation(
        name="getMarketplaceParticipations",
        path="/sellers/v1/marketplaceParticipations",
        rate=Decimal("0.016"),
        burst=15,
        answer=_get_marketplace_participations,
    ),
)
