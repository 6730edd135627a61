"""GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA. Source: docs/amazon.md#inbound-noncompliance."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import to_offset_text
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "issue-reported-date", "shipment-creation-date", "fba-shipment-id", "fba-carton-id",
    "fulfillment-center-id", "sku", "fnsku", "asin", "product-name", "problem-type",
    "problem-quantity", "expected-quantity", "received-quantity", "performance-measurement-unit",
    "coaching-level", "fee-type", "currency", "fee-total", "problem-level", "alert-status",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """The complaints reported in the window."""
    since, until = request.begins, request.ends
    for script in world.scripts.around(since, until):
        for one in script.noncompliance:
            if not since <= one.at < until:
                continue
            product, shipment = world.products[one.product], one.shipment
            yield (
                to_offset_text(one.at), to_offset_text(shipment.created_at),
                shipment.confirmation_id, f"{shipment.confirmation_id}U000001", shipment.center,
                product.sku, product.fnsku, product.asin, product.title, one.problem,
                str(one.quantity), str(one.expected), str(one.received), "Unit", "Standard",
                "Inbound defect fee" if one.fee_cents else "None", world.home.currency,
                decimal_text(one.fee_cents), "Item", "Open",
            )  # fmt: skip


REPORT = ReportType(
    name="GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA",
    cadence=Cadence.DAILY,
    header=_HEADER,
    rows=_rows,
)
