"""GET_MERCHANT_LISTINGS_ALL_DATA. Columns and options: Amazon, Report Type Values
(inventory) and Inventory reports attributes; a file in jlevers/selling-partner-api issue 525. Read
2026-11-28.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.dice import Dice, letters
from recoup.sandbox.world.instants import DAY
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date",
    "image-url", "item-is-marketplace", "product-id-type", "zshop-shipping-fee", "item-note",
    "item-condition", "zshop-category1", "zshop-browse-path", "zshop-storefront-feature", "asin1",
    "asin2", "asin3", "will-ship-internationally", "expedited-shipping", "zshop-boldface",
    "product-id", "bid-for-featured-placement", "add-delete", "pending-quantity",
    "fulfillment-channel", "merchant-shipping-group", "status",
)  # fmt: skip
_ASIN = "1"
"""The product-id-type of an ASIN."""
_NEW = "11"
_CHANNEL = {"us": "AMAZON_NA"}
_ZONE = {-7: "PDT", 0: "GMT", 1: "MET"}
"""Names of time zones by their offset in hours, as Amazon writes them."""


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """One row per SKU of the home marketplace. Amazon does not count units that it ships itself."""
    if world.home.marketplace_id not in request.marketplace_ids:
        return
    offset = world.profile.utc_offset_hours
    for product in world.products:
        dice = Dice(world.key, "listing", product.index)
        opened = world.start - dice.between(30, 900) * DAY - dice.roll(DAY)
        local = datetime.fromtimestamp(opened, UTC) + timedelta(hours=offset)
        active = (
            "Active" if world.stock_row(product.index, request.as_of).fulfillable else "Inactive"
        )
        yield (
            product.title, "", letters(world.key, "listing-id", product.index, 11), product.sku,
            decimal_text(product.price_cents), "", f"{local:%Y-%m-%d %H:%M:%S} {_ZONE[offset]}", "",
            "y", _ASIN, "", "", _NEW, "", "", "", product.asin, "", "", "", "", "", product.asin,
            "", "", "", _CHANNEL.get(world.profile.name, "AMAZON_EU"), "Migrated Template", active,
        )  # fmt: skip


REPORT = ReportType(
    name="GET_MERCHANT_LISTINGS_ALL_DATA",
    cadence=Cadence.NEAR_REAL_TIME,
    header=_HEADER,
    rows=_rows,
    needs_dates=False,
    options=frozenset({"preferredReportDocumentLocale"}),
)
