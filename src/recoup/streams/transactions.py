"""Money movements and their fees. Source: listTransactions of Finances 2024-06-19.

docs/amazon.md#transactions. Windows stay below 180 days: a longer one is answered with an empty
page and no error. Rows come up to 48 hours late, hence the overlap. A deferred one changes its
status when it is released, 7 to 30 days later, and others were seen to come after weeks: hence the
sweep, which reads each day again about every 8.4 days until it is some 36 days old.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB

from recoup.money import Money
from recoup.spapi.client import SpApi
from recoup.spapi.operations.finances import (
    LIST_TRANSACTIONS,
    list_transactions,
    read_transactions_page,
)
from recoup.spapi.paging import OperationPage
from recoup.streams._item import (
    MONEY,
    Item,
    find_integer,
    find_money,
    find_text,
    find_time,
    get_text,
    get_time,
    list_items,
    reads,
    to_json,
)
from recoup.streams._stream import Api, Parsed, Request, Row, Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

TABLE = stream_table(
    "transactions",
    key=["transaction_id"],
    columns=[
        Column("transaction_id", Text),
        Column("type", Text, nullable=False),
        # Upper case: Amazon's own spelling varies.
        Column("status", Text),
        Column("description", Text),
        Column("posted_at", TIME, nullable=False),
        Column("total_amount", Numeric, nullable=False),
        Column("currency", Text, nullable=False),
        Column("marketplace_id", Text),
        Column("order_id", Text),
        Column("shipment_id", Text),
        Column("financial_event_group_id", Text),
        Column("matures_at", TIME),
        Column("is_reimbursement", Boolean, nullable=False),
        Column("related_identifiers", JSONB, nullable=False),
        Column("breakdowns", JSONB, nullable=False),
    ],
    indexes=[
        Index("transactions_posted_at_idx", "connection_id", "posted_at", "transaction_id"),
        Index("transactions_order_id_idx", "connection_id", "order_id"),
    ],
)

FEES = stream_table(
    "fees",
    key=["transaction_id", "line"],
    columns=[
        Column("transaction_id", Text),
        # Where the leaf stands in the tree, e.g. `items.0/1.0`: the same leaf on every reading.
        Column("line", Text),
        Column("posted_at", TIME, nullable=False),
        Column("order_id", Text),
        Column("sku", Text),
        Column("asin", Text),
        Column("quantity", Integer),
        Column("path", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("category", Text, nullable=False),
        Column("amount", Numeric, nullable=False),
        Column("currency", Text, nullable=False),
    ],
    indexes=[
        Index("fees_posted_at_idx", "connection_id", "posted_at", "transaction_id", "line"),
        Index("fees_order_id_idx", "connection_id", "order_id"),
        Index("fees_sku_idx", "connection_id", "sku", "posted_at", "transaction_id"),
    ],
)

# Amazon publishes no list of leaf types. These were seen; an unknown one is kept as `other`.
_CATEGORIES = {
    "OurPricePrincipal": "principal",
    "Principal": "principal",
    "ShippingPrincipal": "shipping",
    "OurPriceTax": "tax",
    "ShippingTax": "tax",
    "Tax": "tax",
    "OurPriceDiscount": "promotion",
    "Commission": "referral_fee",
    "RefundCommission": "referral_fee",
    "FBAPerUnitFulfillmentFee": "fulfillment_fee",
    "FBAInventoryReimbursement": "reimbursement",
    "FBAReversedReimbursement": "reimbursement",
}
# Ids that a transaction has from the first day on; those of its release and payout come later.
_LASTING = frozenset({"ORDER_ID", "SHIPMENT_ID", "REFUND_ID", "INVOICE_ID"})
# Those of the model finances_2024-06-19. Others could say anything, so they are not kept.
_IDENTIFIERS = _LASTING | {
    "FINANCIAL_EVENT_GROUP_ID",
    "SETTLEMENT_ID",
    "DISBURSEMENT_ID",
    "TRANSFER_ID",
    "DEFERRED_TRANSACTION_ID",
    "RELEASE_TRANSACTION_ID",
}
_DERIVED = "derived:"
_REIMBURSEMENT_TYPES = frozenset({"FBAInventoryReimbursement", "FBAReversedReimbursement"})


async def fetch(api: SpApi, request: Request) -> OperationPage:
    assert request.window is not None
    return await list_transactions(
        api,
        posted_after=request.window.since,
        posted_before=request.window.until,
        page_token=request.page_token,
    )


async def fetch_canned(api: SpApi) -> OperationPage:
    """The request of Amazon's static sandbox (docs/amazon.md#sandbox), word for word."""
    answer = await api.call(
        LIST_TRANSACTIONS,
        query={"postedAfter": "2023-03-07", "nextToken": "jehgri34yo7jr9e8f984tr9i4o"},
    )
    return read_transactions_page(answer)


_BREAKDOWN = reads("breakdownType", breakdownAmount=MONEY)
_BREAKDOWN["breakdowns"] = _BREAKDOWN
_READS = reads(
    "transactionId",
    "transactionType",
    "transactionStatus",
    "description",
    "postedDate",
    "relatedIdentifiers.relatedIdentifierName",
    "relatedIdentifiers.relatedIdentifierValue",
    "marketplaceDetails.marketplaceId",
    "sellingPartnerMetadata.marketplaceId",
    "contexts.maturityDate",
    totalAmount=MONEY,
    breakdowns=_BREAKDOWN,
    items=reads(
        "contexts.sku",
        "contexts.asin",
        "contexts.quantityShipped",
        totalAmount=MONEY,
        breakdowns=_BREAKDOWN,
    ),
)


def parse(item: Item, request: Request) -> Parsed:  # noqa: ARG001 - one shape for all
    related = {
        get_text(r, "relatedIdentifierName"): find_text(r, "relatedIdentifierValue")
        for r in list_items(item, "relatedIdentifiers")
        if find_text(r, "relatedIdentifierName") in _IDENTIFIERS
    }
    total = find_money(item, "totalAmount")
    if total is None:
        raise ValueError("totalAmount is missing")
    identity = find_text(item, "transactionId") or _derived_id(item, related)
    fees = _fee_rows(item, identity, order_id=related.get("ORDER_ID"))
    transaction_type = get_text(item, "transactionType")
    row = {
        "transaction_id": identity,
        "type": transaction_type,
        "status": (find_text(item, "transactionStatus") or "").upper() or None,
        "description": find_text(item, "description"),
        "posted_at": get_time(item, "postedDate"),
        "total_amount": total.amount,
        "currency": total.currency,
        "marketplace_id": find_text(item, "marketplaceDetails", "marketplaceId")
        or find_text(item, "sellingPartnerMetadata", "marketplaceId"),
        "order_id": related.get("ORDER_ID"),
        "shipment_id": related.get("SHIPMENT_ID"),
        "financial_event_group_id": related.get("FINANCIAL_EVENT_GROUP_ID"),
        "matures_at": next(
            (
                find_time(context, "maturityDate")
                for context in list_items(item, "contexts")
                if context.get("maturityDate")
            ),
            None,
        ),
        # Some accounts get them as `Adjustment`, with the type as description and no breakdowns.
        "is_reimbursement": transaction_type in _REIMBURSEMENT_TYPES
        or find_text(item, "description") in _REIMBURSEMENT_TYPES
        or any(fee["category"] == "reimbursement" for fee in fees),
        "related_identifiers": related,
        "breakdowns": {
            "transaction": list_items(item, "breakdowns"),
            "items": [list_items(part, "breakdowns") for part in list_items(item, "items")],
        },
    }
    return Parsed(row=row, parts={FEES.name: fees})


def _derived_id(item: Item, related: Mapping[str, str | None]) -> str:
    """A key for a transaction without transactionId: the fields that a release does not change.

    Released, a deferred one has another status, the id of its release and of its payout, and no
    longer a maturity date among its contexts (docs/amazon.md#transactions).
    """
    lasting = {
        "identifiers": {name: related[name] for name in sorted(_LASTING & related.keys())},
        "type": item.get("transactionType"),
        "posted": item.get("postedDate"),
        "marketplace": find_text(item, "marketplaceDetails", "marketplaceId"),
        "total": _exact_text(find_money(item, "totalAmount")),
        "items": [
            [_product(part), _exact_text(find_money(part, "totalAmount"))]
            for part in list_items(item, "items")
        ],
        "leaves": [
            [leaf["path"], _exact_text(Money(leaf["amount"], leaf["currency"]))]
            for leaf in _leaves(item, "transaction")
        ],
    }
    return _DERIVED + hashlib.sha256(to_json(lasting).encode()).hexdigest()[:32]


def _exact_text(money: Money | None) -> str | None:
    """The same text for 8.5 and 8.50."""
    return None if money is None else f"{money.amount.normalize():f} {money.currency}"


def another(parsed: Parsed, number: int) -> Parsed | None:
    """A transaction whose key was derived and came before on its page: Amazon gave neither an id,
    so they are two. Their numbers are the same whenever the page comes again.
    """
    identity = str(parsed.row["transaction_id"])
    if not identity.startswith(_DERIVED):
        return None
    name = {"transaction_id": f"{identity}#{number}"}
    fees = [{**fee, **name} for fee in parsed.parts[FEES.name]]
    return Parsed(row={**parsed.row, **name}, parts={FEES.name: fees})


def _fee_rows(item: Item, transaction_id: str, *, order_id: str | None) -> Sequence[Row]:
    """The leaves of the tree, once: those of the items if they add up to the whole, else its own.

    The transaction's own tree repeats what the items' trees say, so adding both counts twice. Its
    leaves are of the product that the items name, where that is one.
    """
    posted_at = get_time(item, "postedDate")
    shared = {"transaction_id": transaction_id, "posted_at": posted_at, "order_id": order_id}
    of_items = [
        {**shared, **_product(part), **leaf}
        for number, part in enumerate(list_items(item, "items"))
        for leaf in _leaves(part, f"items.{number}")
    ]
    total = find_money(item, "totalAmount")
    if of_items and total and sum(leaf["amount"] for leaf in of_items) == total.amount:
        return of_items
    product = _only_product(list_items(item, "items"))
    of_whole = [{**shared, **product, **leaf} for leaf in _leaves(item, "transaction")]
    return of_whole or of_items


def _only_product(parts: Sequence[Item]) -> dict[str, Any]:
    """The product of all items and the sum of their units; nothing if there are several products.

    The units are null if one item has none.
    """
    products = [_product(part) for part in parts]
    if not products or any(
        (one.get("sku"), one.get("asin")) != (products[0].get("sku"), products[0].get("asin"))
        for one in products
    ):
        return {}
    units = [one.get("quantity") for one in products]
    return {**products[0], "quantity": None if None in units else sum(units)} if products[0] else {}


def _product(part: Item) -> dict[str, Any]:
    """SKU, ASIN and quantity of an item, from one of its contexts."""
    for context in list_items(part, "contexts"):
        if context.get("sku") or context.get("asin"):
            return {
                "sku": find_text(context, "sku"),
                "asin": find_text(context, "asin"),
                "quantity": find_integer(context, "quantityShipped"),
            }
    return {}


def _leaves(
    node: Item, line: str, path: str = "", *, breakdowns: Sequence[Item] | None = None
) -> Iterator[dict[str, Any]]:
    """Breakdowns without breakdowns of their own. Parents are sums of their children."""
    parts = list_items(node, "breakdowns") if breakdowns is None else breakdowns
    for number, part in enumerate(parts):
        name = get_text(part, "breakdownType")
        here = f"{path}/{name}" if path else name
        where = f"{line}/{number}" if not path else f"{line}.{number}"
        if children := list_items(part, "breakdowns"):
            yield from _leaves(part, where, here, breakdowns=children)
            continue
        money = find_money(part, "breakdownAmount")
        if money is None:
            raise ValueError(f"{here} has no breakdownAmount")
        yield {
            "line": where,
            "path": here,
            "type": name,
            "category": _category(here),
            "amount": money.amount,
            "currency": money.currency,
        }


@lru_cache(maxsize=1_000)
def _category(path: str) -> str:
    """By the leaf, otherwise by the nearest known parent: EU fees have Base and Tax."""
    for name in reversed(path.split("/")):
        if name in _CATEGORIES:
            return _CATEGORIES[name]
    return "other"


STREAM = Stream(
    name="transactions",
    noun="transactions",
    table=TABLE,
    parts=(FEES,),
    scope=Scope.REGION,
    aged_by="posted_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=2),
        holdback=timedelta(seconds=150),
        sweep=timedelta(days=42),
    ),
    api=Api(
        operation=LIST_TRANSACTIONS,
        page_size=500,
        fetch=fetch,
        parse=parse,
        reads=_READS,
        in_sandbox=fetch_canned,
        position=lambda item: get_time(item, "postedDate"),
        token_lifetime=timedelta(minutes=10),
        longest=timedelta(days=175),
        another=another,
    ),
)
