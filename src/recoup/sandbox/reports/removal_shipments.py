"""GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA. Source: FBA claims facts 2.7."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.removal_orders import LONGEST_REMOVAL
from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import Instant, to_offset_text
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "request-date", "order-id", "shipment-date", "sku", "fnsku", "disposition",
    "shipped-quantity", "carrier", "tracking-number", "removal-order-type",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """The parcels that left in the window; disposed and cancelled units have none."""
    since, until = request.begins, request.ends
    for order in world.stock.removals(Instant(since - LONGEST_REMOVAL), until):
        product = world.products[order.product]
        for parcel in order.parcels:
            if since <= parcel.at < until:
                yield (
                    to_offset_text(order.requested_at), order.removal_id,
                    to_offset_text(parcel.at), product.sku, product.fnsku, order.disposition,
                    str(parcel.quantity), parcel.carrier, parcel.tracking, order.order_type,
                )  # fmt: skip


REPORT = ReportType(
    name="GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
    cadence=Cadence.NEAR_REAL_TIME,
    header=_HEADER,
    rows=_rows,
)
