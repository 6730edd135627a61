"""Where the seller sells. Source: getMarketplaceParticipations (docs/amazon.md#endpoints).

Marketplaces that are not Amazon's own appear as well, and ids that no list has: none is checked
against a list. The plan allows about one call a minute, so it is read once a day.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Text

from recoup.spapi.client import SpApi
from recoup.spapi.operations.sellers import (
    GET_MARKETPLACE_PARTICIPATIONS,
    list_marketplace_participations,
)
from recoup.spapi.paging import OperationPage
from recoup.streams._item import Item, find_boolean, find_text, get_text, reads
from recoup.streams._stream import Api, InSandbox, Parsed, Request, Scope, Snapshot, Stream
from recoup.streams._table import stream_table
from recoup.streams._turns import EVERY_DAY

TABLE = stream_table(
    "marketplaces",
    key=["marketplace_id"],
    columns=[
        Column("marketplace_id", Text),
        Column("name", Text),
        Column("country_code", Text),
        Column("currency", Text),
        Column("domain_name", Text),
        Column("is_participating", Boolean),
        Column("has_suspended_listings", Boolean),
    ],
)


async def fetch(api: SpApi, request: Request) -> OperationPage:  # noqa: ARG001 - there is one page
    return await list_marketplace_participations(api)


_READS = reads(
    "marketplace.id",
    "marketplace.name",
    "marketplace.countryCode",
    "marketplace.defaultCurrencyCode",
    "marketplace.domainName",
    "participation.isParticipating",
    "participation.hasSuspendedListings",
)


def parse(item: Item, request: Request) -> Parsed:  # noqa: ARG001 - one shape for all
    return Parsed(
        row={
            "marketplace_id": get_text(item, "marketplace", "id"),
            "name": find_text(item, "marketplace", "name"),
            "country_code": find_text(item, "marketplace", "countryCode"),
            "currency": find_text(item, "marketplace", "defaultCurrencyCode"),
            "domain_name": find_text(item, "marketplace", "domainName"),
            "is_participating": find_boolean(item, "participation", "isParticipating"),
            "has_suspended_listings": find_boolean(item, "participation", "hasSuspendedListings"),
        }
    )


STREAM = Stream(
    name="marketplaces",
    noun="marketplaces",
    table=TABLE,
    scope=Scope.REGION,
    cursor=Snapshot(on=EVERY_DAY),
    api=Api(
        operation=GET_MARKETPLACE_PARTICIPATIONS,
        page_size=50,
        fetch=fetch,
        parse=parse,
        reads=_READS,
        in_sandbox=InSandbox.AS_PRODUCTION,
    ),
)
