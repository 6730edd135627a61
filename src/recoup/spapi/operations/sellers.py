"""Sellers API v1. Source: model sellers.json. The plan allows about one call a minute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from recoup.spapi.client import SpApi
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.paging import OperationPage, PageReader

GET_MARKETPLACE_PARTICIPATIONS = Operation(
    name="getMarketplaceParticipations",
    method="GET",
    path="/sellers/v1/marketplaceParticipations",
    plan=UsagePlan(rate=0.016, burst=15),
    role="Finance and Accounting",
    items=("payload",),
)


_INVOICING = re.compile(r"Invoicing_\d+_([A-Z0-9]{6,32})")


@dataclass(frozen=True, slots=True)
class Participation:
    """A marketplace in which the account exists; not only Amazon's own ones appear.

    `country_code`, `currency` and `store_name` as Amazon names them, None where it does not.
    """

    marketplace_id: str
    name: str | None
    country_code: str | None
    currency: str | None
    store_name: str | None
    is_participating: bool
    has_suspended_listings: bool

    @property
    def seller_id(self) -> str | None:
        """The seller's own id, which a shadow marketplace for invoices has in the name of its store
        (selling-partner-api-docs issue 1260); None elsewhere.
        """
        found = _INVOICING.fullmatch(self.store_name or "")
        return found[1] if found else None


async def get_marketplace_participations(api: SpApi) -> tuple[Participation, ...]:
    """The seller's marketplaces in this region. For connecting and once a day, not for every sync.

    Raises what SpApi.call raises, MalformedAnswerError when an entry lacks its marketplace.
    """
    answer = await api.call(GET_MARKETPLACE_PARTICIPATIONS)
    page = PageReader(GET_MARKETPLACE_PARTICIPATIONS, answer)
    return tuple(_participation(entry, page) for entry in _entries(page))


async def list_marketplace_participations(api: SpApi) -> OperationPage:
    """The same as Amazon sent it, all on one page, for storage."""
    answer = await api.call(GET_MARKETPLACE_PARTICIPATIONS)
    return OperationPage(
        items=_entries(PageReader(GET_MARKETPLACE_PARTICIPATIONS, answer)),
        next_token=None,
        until=None,
        answered_at=answer.answered_at,
        request_id=answer.request_id,
    )


def _entries(page: PageReader) -> tuple[dict[str, Any], ...]:
    return page.items(page.body, "payload")


def _participation(entry: dict[str, Any], page: PageReader) -> Participation:
    marketplace = page.section(entry.get("marketplace"), "marketplace")
    state = page.section(entry.get("participation"), "participation")
    marketplace_id = marketplace.get("id")
    if not isinstance(marketplace_id, str) or not marketplace_id:
        raise page.malformed("a marketplace has no id")
    return Participation(
        marketplace_id=marketplace_id,
        name=_text(marketplace.get("name")),
        country_code=_text(marketplace.get("countryCode")),
        store_name=_text(entry.get("storeName")),
        currency=_text(marketplace.get("defaultCurrencyCode")),
        is_participating=state.get("isParticipating") is True,
        has_suspended_listings=state.get("hasSuspendedListings") is True,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
