"""GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL. Columns: docs/amazon.md#report-columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import DAY, HOUR, Instant, to_offset_text
from recoup.sandbox.world.orders import MAX_OPEN, OrderPlan
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.seller import SellerWorld
from recoup.sandbox.world.stockbook import SHIP_FROM

_HEADER = (
    "amazon-order-id", "merchant-order-id", "shipment-id", "shipment-item-id",
    "amazon-order-item-id", "merchant-order-item-id", "purchase-date", "payments-date",
    "shipment-date", "reporting-date", "buyer-email", "buyer-name", "buyer-phone-number", "sku",
    "product-name", "quantity-shipped", "currency", "item-price", "item-tax", "shipping-price",
    "shipping-tax", "gift-wrap-price", "gift-wrap-tax", "ship-service-level", "recipient-name",
    "ship-address-1", "ship-address-2", "ship-address-3", "ship-city", "ship-state",
    "ship-postal-code", "ship-country", "ship-phone-number", "bill-address-1", "bill-address-2",
    "bill-address-3", "bill-city", "bill-state", "bill-postal-code", "bill-country",
    "item-promotion-discount", "ship-promotion-discount", "carrier", "tracking-number",
    "estimated-arrival-date", "fulfillment-center-id", "fulfillment-channel", "sales-channel",
)  # fmt: skip
_REPORTED_AFTER = 2 * HOUR


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """One row per item that Amazon shipped in the window."""
    since, until = request.begins, request.ends
    window = world.orders.timeline.window(Instant(since - MAX_OPEN), until)
    for plan in world.orders.plans(window.start, window.stop):
        if plan.by_amazon and since <= plan.shipped < until:
            yield from _of_order(world, plan)


def _of_order(world: SellerWorld, plan: OrderPlan) -> Iterator[Row]:
    book, profile = world.orders, world.profile
    order_id = book.order_id(plan.number)
    shipment = f"D{book.item_id(plan.number, 3)}"
    city, state, postal_code = profile.places[plan.place % len(profile.places)]
    for number, (index, quantity, unit, discount, shipping, tax) in enumerate(book.items(plan)):
        product = world.products[index]
        yield (
            order_id, "", shipment, f"{shipment}{number}", book.item_id(plan.number, number), "",
            to_offset_text(plan.created), to_offset_text(plan.paid), to_offset_text(plan.shipped),
            to_offset_text(plan.shipped + _REPORTED_AFTER), "", "", "", product.sku, product.title,
            str(quantity), profile.home.currency, decimal_text(unit * quantity), decimal_text(tax),
            decimal_text(shipping), "0.00", "0.00", "0.00", "Standard", "", "", "", "",
            city, state, postal_code, profile.home.country, "", "", "", "", "", "", "", "",
            decimal_text(-discount), "0.00", "AMZN_US" if profile.name == "us" else "AMZN_EU",
            f"TBA{book.item_id(plan.number, 3)}", to_offset_text(plan.shipped + 3 * DAY),
            product.centers[SHIP_FROM[plan.place & 3]], "AFN", profile.home.name,
        )  # fmt: skip


REPORT = ReportType(
    name="GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL",
    cadence=Cadence.NEAR_REAL_TIME,
    header=_HEADER,
    rows=_rows,
    longest_window=timedelta(days=31),
    history=timedelta(days=548),
)
