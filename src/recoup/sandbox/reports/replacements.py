"""GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA. Source: docs/amazon.md#replacements."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import to_offset_text
from recoup.sandbox.world.orders import OrderBook
from recoup.sandbox.world.seller import SellerWorld
from recoup.sandbox.world.stockbook import SHIP_FROM

_HEADER = (
    "shipment-date", "sku", "asin", "fulfillment-center-id", "original-fulfillment-center-id",
    "quantity", "replacement-reason-code", "replacement-amazon-order-id",
    "original-amazon-order-id",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """The free replacement units that left in the window."""
    since, until = request.begins, request.ends
    for script in world.scripts.around(since, until):
        for one in script.replacements:
            if not since <= one.at < until:
                continue
            product = world.products[one.product]
            origin = SHIP_FROM[world.orders.plan(one.order).place & 3]
            yield (
                to_offset_text(one.at), product.sku, product.asin, product.centers[one.slot],
                product.centers[origin], str(one.quantity), one.reason_code,
                _replacement_id(world.orders, one.order), world.orders.order_id(one.order),
            )  # fmt: skip


def _replacement_id(orders: OrderBook, index: int) -> str:
    """A separate kind of order id: replacements are not orders of the Orders API."""
    return f"{orders.prefix + 5}-{orders.item_id(index, 2)[:7]}-{orders.item_id(index, 2)[7:]}"


REPORT = ReportType(
    name="GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
    cadence=Cadence.DAILY,
    header=_HEADER,
    rows=_rows,
)
