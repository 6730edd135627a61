"""How an order of searchOrders becomes rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from recoup.streams._stream import Request
from recoup.streams.orders import ITEMS, parse

REQUEST = Request(("ATVPDKIKX0DER",), None, None)


def money(amount: str) -> dict[str, Any]:
    return {"amount": amount, "currencyCode": "USD"}


def part(category: str, amount: str) -> dict[str, Any]:
    return {"type": category, "subtotal": money(amount)}


def item_of(*breakdowns: dict[str, Any]) -> Any:
    """The row of the one item of an order whose proceeds are these."""
    order = {
        "orderId": "111-1",
        "createdTime": "2026-11-01T12:00:00Z",
        "lastUpdatedTime": "2026-11-01T12:00:00Z",
        "salesChannel": {"channelName": "AMAZON"},
        "orderItems": [
            {
                "orderItemId": "1",
                "quantityOrdered": 2,
                "product": {"sellerSku": "S"},
                "proceeds": {"proceedsTotal": money("21.60"), "breakdowns": list(breakdowns)},
            }
        ],
    }
    (row,) = parse(order, REQUEST).parts[ITEMS.name]
    return row


def test_what_an_item_costs_is_told_by_category() -> None:
    """Price and tax are for the quantity; a discount becomes a positive reduction."""
    row = item_of(
        part("ITEM", "20.00"), part("TAX", "1.60"), part("SHIPPING", "2.00"), part("DISCOUNT", "-2")
    )

    assert row["item_price"] == Decimal("20.00")
    assert row["item_tax"] == Decimal("1.60")
    assert row["shipping_price"] == Decimal("2.00")
    assert row["promotion_discount"] == Decimal(2)


def test_a_category_that_is_left_out_is_nothing() -> None:
    """Amazon leaves out what costs nothing; of categories told twice both count."""
    row = item_of(part("ITEM", "10.00"), part("ITEM", "10.00"))

    assert row["item_price"] == Decimal(20)
    assert row["item_tax"] == row["shipping_price"] == row["promotion_discount"] == Decimal(0)


@pytest.mark.parametrize(
    "column", ["item_price", "item_tax", "shipping_price", "promotion_discount"]
)
def test_an_item_without_prices_is_not_free(column: str) -> None:
    """While a payment is pending Amazon tells no prices, which is not the same as nothing."""
    assert item_of()[column] is None
