"""The rows of the streams as JSON. Columns are named as in the tables, money is put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from recoup.api.fields import Money, Timestamp, money
from recoup.api.parameters import CamelModel
from recoup.streams.queries import StoredRow


class Page(CamelModel):
    next_cursor: str | None = Field(description="Ask for the next page with it; null: the last.")


class OrderItem(CamelModel):
    order_item_id: str
    sku: str | None
    asin: str | None
    condition: str | None
    quantity_ordered: int
    quantity_fulfilled: int | None
    unit_price: Money | None
    proceeds: Money | None


class Order(CamelModel):
    connection_id: str
    order_id: str
    marketplace_id: str | None
    sales_channel: str
    status: str | None
    fulfilled_by: str | None
    service_level: str | None
    created_at: Timestamp
    last_updated_at: Timestamp
    total: Money | None
    item_count: int
    units_ordered: int
    items: list[OrderItem]


class OrderPage(Page):
    items: list[Order]


class Stock(CamelModel):
    connection_id: str
    marketplace_id: str
    sku: str
    fnsku: str
    condition: str
    asin: str | None
    product_name: str | None
    total_quantity: int | None
    fulfillable_quantity: int | None
    inbound_working_quantity: int | None
    inbound_shipped_quantity: int | None
    inbound_receiving_quantity: int | None
    reserved_quantity: int | None
    researching_quantity: int | None
    unfulfillable_quantity: int | None
    customer_damaged_quantity: int | None
    warehouse_damaged_quantity: int | None
    distributor_damaged_quantity: int | None
    carrier_damaged_quantity: int | None
    defective_quantity: int | None
    expired_quantity: int | None
    last_updated_at: Timestamp | None


class StockPage(Page):
    items: list[Stock]


class Transaction(CamelModel):
    connection_id: str
    transaction_id: str
    type: str
    status: str | None
    description: str | None
    posted_at: Timestamp
    total: Money | None
    marketplace_id: str | None
    order_id: str | None
    shipment_id: str | None
    financial_event_group_id: str | None
    matures_at: Timestamp | None
    is_reimbursement: bool
    related_identifiers: dict[str, str | None]


class TransactionPage(Page):
    items: list[Transaction]


class Fee(CamelModel):
    connection_id: str
    transaction_id: str
    line: str = Field(description="Where it stands in Amazon's breakdown of the transaction.")
    posted_at: Timestamp
    order_id: str | None
    sku: str | None
    asin: str | None
    quantity: int | None
    path: str
    type: str
    category: str
    money: Money | None


class FeePage(Page):
    items: list[Fee]


def order_body(row: StoredRow, items: Sequence[StoredRow]) -> dict[str, Any]:
    return {
        **row,
        "total": money(row["total_amount"], row["currency"]),
        "items": [
            {
                **item,
                "unit_price": money(item["unit_price"], item["currency"]),
                "proceeds": money(item["proceeds_total"], item["currency"]),
            }
            for item in items
        ],
    }


def transaction_body(row: StoredRow) -> dict[str, Any]:
    return {**row, "total": money(row["total_amount"], row["currency"])}


def fee_body(row: StoredRow) -> dict[str, Any]:
    return {**row, "money": money(row["amount"], row["currency"])}
