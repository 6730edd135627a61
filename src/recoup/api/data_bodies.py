"""Orders and money as JSON. Fields are named as in the tables; money is one object."""

from __future__ import annotations

from pydantic import Field

from recoup.body import CamelModel, Money, Timestamp
from recoup.streams.listing.document_queries import Document, Parts
from recoup.streams.orders import ITEMS as ORDER_ITEMS


class Page(CamelModel):
    next_cursor: str | None = Field(description="Cursor of the next page; null on the last page.")


class LoadedRow(CamelModel):
    """Whose row it is, and where it came from."""

    connection_id: str
    source: str = Field(
        description="Report type, report id and document id; or the operation and Amazon's "
        "request id of its answer."
    )
    source_line: int | None = Field(
        default=None, description="Line in the report's file, the header being line 1."
    )
    loaded_at: Timestamp = Field(description="When recoup stored this version of the row.")


class OrderItem(CamelModel):
    order_item_id: str
    sku: str | None
    asin: str | None
    condition: str | None
    quantity_ordered: int
    quantity_fulfilled: int | None
    unit_price: Money | None
    item_price: Money | None = Field(description="Price for the whole quantity, without tax.")
    item_tax: Money | None
    shipping_price: Money | None
    promotion_discount: Money | None = Field(description="Discount, as a positive amount.")
    proceeds: Money | None


class Order(LoadedRow):
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


class Transaction(LoadedRow):
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


class Fee(LoadedRow):
    transaction_id: str
    line: str = Field(description="Position in Amazon's breakdown of the transaction.")
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


class SellerMarketplace(LoadedRow):
    marketplace_id: str
    name: str | None
    country_code: str | None
    currency: str | None
    domain_name: str | None
    is_participating: bool | None
    has_suspended_listings: bool | None


class SellerMarketplacePage(Page):
    items: list[SellerMarketplace]


ORDER = Document(
    Order,
    {"total": "total_amount"},
    Parts(
        "items",
        Document(OrderItem, {"proceeds": "proceeds_total"}),
        ORDER_ITEMS,
        ("connection_id", "order_id"),
    ),
)
TRANSACTION = Document(Transaction, {"total": "total_amount"})
FEE = Document(Fee, {"money": "amount"})
MARKETPLACE = Document(SellerMarketplace)
