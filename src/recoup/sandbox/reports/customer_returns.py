"""GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA. Source: docs/amazon.md#returns."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import to_offset_text
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity",
    "fulfillment-center-id", "detailed-disposition", "reason", "status", "license-plate-number",
    "customer-comments",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """One row per unit that came back in the window."""
    for unit in world.returns.returned(request.begins, request.ends):
        product = world.products[unit.product]
        yield (
            to_offset_text(unit.at), world.orders.order_id(unit.order), product.sku, product.asin,
            product.fnsku, product.title, "1", product.centers[unit.slot], unit.disposition,
            unit.reason, unit.status, unit.lpn, unit.comment,
        )  # fmt: skip


REPORT = ReportType(
    name="GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
    cadence=Cadence.DAILY,
    header=_HEADER,
    rows=_rows,
)
