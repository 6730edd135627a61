"""Sellers API v1. Source: docs/amazon.md#marketplaces."""

from __future__ import annotations

from decimal import Decimal

from recoup.sandbox.answers import Json
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.world.seller import Marketplace

_RATE, _BURST = Decimal("0.016"), 15


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


def _participations(call: Call) -> list[Json]:
    return [_participation(marketplace) for marketplace in call.world.marketplaces]


def _get_marketplace_participations(call: Call) -> Json:
    return {"payload": _participations(call)}


def _get_account(call: Call) -> Json:
    address: Json = {
        "addressLine1": "1 Sandbox Street",
        "city": "Sandbox",
        "postalCode": "00000",
        "countryCode": call.world.home.country,
    }
    return {
        "payload": {
            "marketplaceParticipationList": _participations(call),
            "businessType": "PRIVATE_LIMITED",
            "sellingPlan": "PROFESSIONAL",
            "business": {"name": "Sandbox Store", "registeredBusinessAddress": address},
            "primaryContact": {"name": "Sandbox Seller", "address": address},
        }
    }


OPERATIONS = (
    Operation(
        name="getMarketplaceParticipations",
        path="/sellers/v1/marketplaceParticipations",
        rate=_RATE,
        burst=_BURST,
        answer=_get_marketplace_participations,
    ),
    Operation(
        name="getAccount",
        path="/sellers/v1/account",
        rate=_RATE,
        burst=_BURST,
        answer=_get_account,
    ),
)
