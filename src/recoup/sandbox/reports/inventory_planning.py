"""GET_FBA_INVENTORY_PLANNING_DATA: ages, sales and suggestions per SKU, once a day.

Columns as clients in public repositories read them, 2026-11-28. Amazon's suggestions are its own
guesses; those columns are empty here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.instants import DAY
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.records import RECEIPTS, SHIPMENTS
from recoup.sandbox.world.seller import SellerWorld
from recoup.sandbox.world.stock import StockRow

_AGES = (90, 180, 270, 365)
"""Days at which the age groups end; the last one has no end."""
_SALES = (7, 30, 60, 90)
_HEADER = (
    "snapshot-date", "sku", "fnsku", "asin", "product-name", "condition", "available",
    "pending-removal-quantity", "inv-age-0-to-90-days", "inv-age-91-to-180-days",
    "inv-age-181-to-270-days", "inv-age-271-to-365-days", "inv-age-365-plus-days", "currency",
    "units-shipped-t7", "units-shipped-t30", "units-shipped-t60", "units-shipped-t90", "alert",
    "your-price", "sales-price", "lowest-price-new-plus-shipping", "lowest-price-used",
    "recommended-action", "healthy-inventory-level", "recommended-sales-price",
    "recommended-sale-duration-days", "recommended-removal-quantity",
    "estimated-cost-savings-of-recommended-actions", "sell-through", "item-volume",
    "volume-unit-measurement", "storage-type", "storage-volume", "marketplace", "product-group",
    "sales-rank", "days-of-supply", "estimated-excess-quantity", "weeks-of-cover-t30",
    "weeks-of-cover-t90", "featuredoffer-price", "sales-shipped-last-7-days",
    "sales-shipped-last-30-days", "sales-shipped-last-60-days", "sales-shipped-last-90-days",
    "estimated-storage-cost-next-month", "inbound-quantity", "inbound-working", "inbound-shipped",
    "inbound-received", "reserved-quantity", "unfulfillable-quantity",
)  # fmt: skip


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """One row per SKU of the home marketplace, as of the edge."""
    if world.home.marketplace_id not in request.marketplace_ids:
        return
    day = world.profile.local_date(request.as_of).isoformat()
    received = [_moved(world, request.as_of, days, RECEIPTS) for days in _AGES]
    shipped = [_moved(world, request.as_of, days, SHIPMENTS) for days in _SALES]
    for row in world.stock_rows(request.as_of):
        index = row.product.index
        ages = _ages(row.fulfillable, [units[index] for units in received])
        yield _row(world, day, row, ages, [-units[index] for units in shipped])


def _moved(world: SellerWorld, edge: int, days: int, event: str) -> Counter[int]:
    """Units by product that one kind of event moved in the last days."""
    units: Counter[int] = Counter()
    for one in world.stock.movements(edge - days * DAY, edge):
        if one.event == event:
            units[one.product] += one.quantity
    return units


def _ages(units: int, received: list[int]) -> list[int]:
    """Units by age group: first in, first out, so the last ones received are left."""
    younger = [min(units, count) for count in received] + [units]
    return [until - since for since, until in zip([0, *younger[:-1]], younger, strict=True)]


def _row(world: SellerWorld, day: str, row: StockRow, ages: list[int], shipped: list[int]) -> Row:
    product, home, metric = row.product, world.home, world.profile.metric
    first, second, third = product.sides
    volume = max(1, first * second * third // (10**10 if metric else 17_280_000))
    price = decimal_text(product.price_cents)
    per_day = shipped[-1] / _SALES[-1]
    supply = str(int(row.fulfillable / per_day)) if per_day else ""
    through = f"{shipped[-1] / row.fulfillable:.2f}" if row.fulfillable else ""
    return (
        day, product.sku, product.fnsku, product.asin, product.title, "New", str(row.fulfillable),
        "0", *map(str, ages), home.currency, *map(str, shipped), "", price, price, "", "", "", "",
        "", "", "", "", through, decimal_text(volume),
        "cubic meters" if metric else "cubic feet", "Standard",
        decimal_text(volume * row.fulfillable), home.country, "Home", "", supply, "", "", "", price,
        *(decimal_text(units * product.price_cents) for units in shipped), "", str(row.inbound),
        str(row.inbound_working), str(row.inbound_shipped), str(row.inbound_receiving),
        str(row.reserved), str(row.unfulfillable),
    )  # fmt: skip


REPORT = ReportType(
    name="GET_FBA_INVENTORY_PLANNING_DATA",
    cadence=Cadence.DAILY,
    header=_HEADER,
    rows=_rows,
    needs_dates=False,
)
