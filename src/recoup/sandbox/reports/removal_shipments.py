"""GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA.

Amazon selects by the day on which the removal order was requested, whenever its parcels leave: the
file of one window grows for weeks. A window of more than six months ends FATAL. Source:
amzn/selling-partner-api-models issues 2538, 4333 and 5323, amzn/selling-partner-api-docs issue 3020,
read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import to_offset_text
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "request-date", "order-id", "shipment-date", "sku", "fnsku", "disposition",
    "shipped-quantity", "carrier", "tracking-number", "removal-order-type",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """The parcels that have left so far, of the orders requested in the window.

    Disposed and cancelled units have none.
    """
    for order in world.stock.removals(request.begins, request.ends):
        product = world.products[order.product]
        for parcel in order.parcels:
            if parcel.at < request.as_of:
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
    longest_window=timedelta(days=184),
)
