"""GET_FBA_REIMBURSEMENTS_DATA. Source: docs/amazon.md#reimbursements; the same for every marketplace."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import to_offset_text
from recoup.sandbox.world.plots.payments import reimbursement_id
from recoup.sandbox.world.records import Payment
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "approval-date", "reimbursement-id", "case-id", "amazon-order-id", "reason", "sku", "fnsku",
    "asin", "product-name", "condition", "currency-unit", "amount-per-unit", "amount-total",
    "quantity-reimbursed-cash", "quantity-reimbursed-inventory", "quantity-reimbursed-total",
    "original-reimbursement-id", "original-reimbursement-type",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """Everything approved in the window, in cash and in units, with the reversals."""
    for payment in world.payments.paid(request.begins, request.ends):
        yield _row(world, payment)


def _row(world: SellerWorld, payment: Payment) -> Row:
    product, profile, original = world.products[payment.product], world.profile, payment.original
    return (
        to_offset_text(payment.approved), reimbursement_id(payment.number), payment.case_id,
        "" if payment.order is None else world.orders.order_id(payment.order), payment.reason,
        product.sku, product.fnsku, product.asin, product.title, "NewItem",
        profile.home.currency, profile.amount(payment.unit_cents),
        profile.amount(payment.total_cents), str(payment.cash), str(payment.stock),
        str(payment.cash + payment.stock),
        "" if original is None else reimbursement_id(original.number),
        "" if original is None else original.reason,
    )  # fmt: skip


REPORT = ReportType(
    name="GET_FBA_REIMBURSEMENTS_DATA", cadence=Cadence.DAILY, header=_HEADER, rows=_rows
)
