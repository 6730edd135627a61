"""GET_AFN_INVENTORY_DATA. Columns: docs/amazon.md#report-columns."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "seller-sku", "fulfillment-channel-sku", "asin", "condition-type", "Warehouse-Condition-code",
    "Quantity Available",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """One row for the sellable units of a SKU, and one for the others if there are any."""
    for row in world.stock_rows(request.as_of):
        names = (row.product.sku, row.product.fnsku, row.product.asin, "NewItem")
        yield (*names, "SELLABLE", str(row.fulfillable))
        if row.unfulfillable:
            yield (*names, "UNSELLABLE", str(row.unfulfillable))


REPORT = ReportType(
    name="GET_AFN_INVENTORY_DATA",
    cadence=Cadence.NEAR_REAL_TIME,
    header=_HEADER,
    rows=_rows,
    needs_dates=False,
)
