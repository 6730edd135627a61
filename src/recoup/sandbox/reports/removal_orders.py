"""GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA. Source: docs/amazon.md#removals."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import DAY, Instant, to_offset_text
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.records import RemovalOrder
from recoup.sandbox.world.seller import SellerWorld

LONGEST_REMOVAL = 40 * DAY
"""No removal order changes later than this after it was requested."""
_FEE_CENTS = 97  # per unit

_HEADER = (
    "request-date", "order-id", "order-source", "order-type", "service-speed", "order-status",
    "last-updated-date", "sku", "fnsku", "disposition", "requested-quantity",
    "cancelled-quantity", "disposed-quantity", "shipped-quantity", "in-process-quantity",
    "removal-fee", "currency",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """The orders with their last update in the window, as of the edge."""
    since, until, edge = request.begins, request.ends, request.as_of
    for order in world.stock.removals(Instant(since - LONGEST_REMOVAL), until):
        if order.requested_at < edge and since <= order.last_updated(edge) < until:
            yield _row(world, order, edge)


def _row(world: SellerWorld, order: RemovalOrder, edge: Instant) -> Row:
    product = world.products[order.product]
    done = order.completed_at < edge
    shipped = sum(parcel.quantity for parcel in order.parcels if parcel.at < edge)
    disposed, cancelled = (order.disposed, order.cancelled) if done else (0, 0)
    in_process = order.in_process if done else order.requested - shipped
    status = ("Completed" if order.finished else "Processing") if done else "Pending"
    fee = _FEE_CENTS * (shipped + disposed)
    return (
        to_offset_text(order.requested_at), order.removal_id, "Seller-initiated Manual Removal",
        order.order_type, "Standard", status, to_offset_text(order.last_updated(edge)),
        product.sku, product.fnsku, order.disposition, str(order.requested), str(cancelled),
        str(disposed), str(shipped), str(in_process), decimal_text(fee),
        world.home.currency,
    )  # fmt: skip


REPORT = ReportType(
    name="GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA",
    cadence=Cadence.NEAR_REAL_TIME,
    header=_HEADER,
    rows=_rows,
)
