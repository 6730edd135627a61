"""GET_FBA_MYI_ALL_INVENTORY_DATA. Columns: docs/amazon.md#inventory-report."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "sku", "fnsku", "asin", "product-name", "condition", "your-price", "mfn-listing-exists",
    "mfn-fulfillable-quantity", "afn-listing-exists", "afn-warehouse-quantity",
    "afn-fulfillable-quantity", "afn-unsellable-quantity", "afn-reserved-quantity",
    "afn-total-quantity", "per-unit-volume", "afn-inbound-working-quantity",
    "afn-inbound-shipped-quantity", "afn-inbound-receiving-quantity", "afn-researching-quantity",
    "afn-reserved-future-supply", "afn-future-supply-buyable",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """One row per SKU as of the edge; the dates of the request are ignored.

    All stock is that of the home marketplace, as in getInventorySummaries.
    """
    if world.home.marketplace_id not in request.marketplace_ids:
        return
    for row in world.stock_rows(request.as_of):
        product = row.product
        first, second, third = product.sides
        volume = first * second * third // (10_000 if world.profile.metric else 17_280_000)
        yield (
            product.sku, product.fnsku, product.asin, product.title, "New",
            decimal_text(product.price_cents), "No", "", "Yes", str(row.in_warehouse),
            str(row.fulfillable), str(row.unfulfillable), str(row.reserved), str(row.total),
            decimal_text(max(1, volume)), str(row.inbound_working), str(row.inbound_shipped),
            str(row.inbound_receiving), str(sum(row.researching)), "0", "0",
        )  # fmt: skip


REPORT = ReportType(
    name="GET_FBA_MYI_ALL_INVENTORY_DATA",
    cadence=Cadence.NEAR_REAL_TIME,
    header=_HEADER,
    rows=_rows,
    needs_dates=False,
)
