"""Marketplaces that no operation accepts are listed as participating.

Amazon lists its invoicing shadows beside the real ones; the shadow's store name holds the seller id.
Calls for them end in 400 or 403. Source: amzn/selling-partner-api-docs issues 1260 and 254.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json, access_denied, invalid_input
from recoup.sandbox.oddities._bodies import within
from recoup.sandbox.oddities._oddity import Oddity, Step

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_DOMAIN = "invoicing-shadow-marketplace.amazon.com"
_SHADOWS = {
    "AHRY1CZE9ZY4H": "Amazon.com Invoicing Shadow Marketplace",
    "A1MQXOICRS2Z7M": "Amazon.ca Invoicing Shadow Marketplace",
    "A3H6HPSLHAK3XG": "Amazon.com.mx Invoicing Shadow Marketplace",
    "A1ZFFQZ3HTUKT9": "Amazon.co.uk Invoicing Shadow Marketplace",
}
_REFUSED_400 = frozenset({"AHRY1CZE9ZY4H", "A3H6HPSLHAK3XG"})


def _answer(call: Call, operation: str, body: Json) -> Json:
    if operation == "getMarketplaceParticipations":
        return within(body, ("payload",), lambda listed: _with_shadows(call, listed))
    if operation == "getAccount":
        path = ("payload", "marketplaceParticipationList")
        return within(body, path, lambda listed: _with_shadows(call, listed))
    return body


def _with_shadows(call: Call, listed: Json) -> Json:
    home = call.world.home
    shadows: list[Json] = [
        {
            "marketplace": {
                "id": marketplace_id,
                "name": name,
                "countryCode": home.country,
                "defaultCurrencyCode": home.currency,
                "defaultLanguageCode": home.language,
                "domainName": _DOMAIN,
            },
            "participation": {"isParticipating": True, "hasSuspendedListings": False},
            "storeName": f"Invoicing_{1234567 + number}_{call.world.seller_id}",
        }
        for number, (marketplace_id, name) in enumerate(_SHADOWS.items())
    ]
    # Not behind the real ones alone: a client that takes the first entry must notice.
    return [*shadows[:1], *listed, *shadows[1:]] if isinstance(listed, list) else listed


def _check(marketplace_ids: tuple[str, ...]) -> None:
    for marketplace_id in marketplace_ids:
        if marketplace_id in _REFUSED_400:
            raise invalid_input(f"Invalid marketplace: {marketplace_id}.")
        if marketplace_id in _SHADOWS:
            raise access_denied()


ODDITY = Oddity(Step.CONTENT, answer=_answer, check=_check)
