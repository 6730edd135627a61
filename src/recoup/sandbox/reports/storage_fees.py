"""GET_FBA_STORAGE_FEE_CHARGES_DATA (underscores). Columns: docs/amazon.md#storage-fees.

A request for more than a month is answered with some of the rows missing, and no error: ask for one
month at a time. Source: amzn/selling-partner-api-docs issue 3180 and amzn/selling-partner-api-models issue 2608
(2023-06), read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.catalogue import Product
from recoup.sandbox.world.instants import DAY, Instant, date_to_day
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.records import SELLABLE, StorageError
from recoup.sandbox.world.seller import SellerWorld

_HEADER = (
    "asin", "fnsku", "product_name", "fulfillment_center", "country_code", "longest_side",
    "median_side", "shortest_side", "measurement_units", "weight", "weight_units", "item_volume",
    "volume_units", "product_size_tier", "average_quantity_on_hand",
    "average_quantity_pending_removal", "estimated_total_item_volume", "month_of_charge",
    "storage_rate", "currency", "estimated_monthly_storage_fee", "dangerous_goods_storage_type",
    "eligible_for_inventory_discount", "qualifies_for_inventory_discount",
    "total_incentive_fee_amount", "breakdown_incentive_fee_amount",
    "average_quantity_customer_orders",
)  # fmt: skip
_PUBLISHED_ON = 10
"""The day of the following month on which a month's fees are published and charged."""
_LONGEST_WHOLE = timedelta(days=31)
_LOST_OF = 3
"""Of so many rows one is lost where more than a month is requested."""
_RATES = (78, 240)
"""Cents per cubic foot (x 35.3 for a cubic meter), January to September and the rest."""
_FOOT, _METER = 1_728_000_000, 10**12  # one cubic foot, one cubic meter, in hundredths cubed


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """Every month in the window whose fees are published."""
    if request.ends <= request.begins:
        return
    profile, whole = world.profile, request.until - request.since <= _LONGEST_WHOLE
    month = profile.local_date(request.begins).replace(day=1)
    last = profile.local_date(Instant(request.ends - 1))
    while month <= last:
        following = (month + timedelta(days=32)).replace(day=1)
        published = profile.midnight(date_to_day(following.replace(day=_PUBLISHED_ON)))
        if published < request.as_of and profile.midnight(date_to_day(month)) >= world.start:
            for number, row in enumerate(_of_month(world, month, following)):
                if whole or number % _LOST_OF != _LOST_OF - 1:
                    yield row
        month = following


def _of_month(world: SellerWorld, month: date, following: date) -> Iterator[Row]:
    errors = _errors(world, month)
    averages = average_units(world, date_to_day(month), date_to_day(following))
    for number, hundredths in enumerate(averages):
        index, slot = divmod(number, 3)
        if hundredths:
            yield _row(world, world.products[index], slot, hundredths, month, errors.get(index))


def _errors(world: SellerWorld, month: date) -> dict[int, StorageError]:
    """The products that are overcharged this month."""
    begins = date_to_day(month) * DAY
    return {
        error.product: error
        for script in world.scripts.around(begins, begins + 31 * DAY)
        for error in script.storage
        if (error.year, error.month) == (month.year, month.month)
    }


def average_units(world: SellerWorld, first: int, stop: int) -> list[int]:
    """The mean of the sellable units at the end of each local day, in hundredths.

    By 3 * product + slot. A movement on a day counts for that day and all after it.
    """
    profile, days = world.profile, stop - first
    begins = profile.midnight(first)
    sums = [units * days for units in world.stock.balance(begins).sellable]
    for one in world.stock.movements(begins, profile.midnight(stop)):
        if one.disposition == SELLABLE:
            sums[3 * one.product + one.slot] += one.quantity * (stop - profile.local_day(one.at))
    return [(100 * units + days // 2) // days for units in sums]


def _row(
    world: SellerWorld,
    product: Product,
    slot: int,
    hundredths: int,
    month: date,
    error: StorageError | None,
) -> Row:
    metric = world.profile.metric
    first, second, third = product.sides
    scale = _METER if metric else _FOOT
    volume = first * second * third
    if error is not None:
        hundredths = hundredths * error.quantity_percent // 100
        volume = volume * error.volume_percent // 100
    total = volume * hundredths // 100
    rate = _RATES[month.month >= 10] * (3531 if metric else 100) // 100
    fee = total * rate // scale
    center = product.centers[slot]
    return (
        product.asin, product.fnsku, product.title, center, world.profile.warehouses[center],
        decimal_text(first), decimal_text(second), decimal_text(third),
        "centimeters" if metric else "inches",
        f"{product.weight}.00" if metric else decimal_text(product.weight),
        "grams" if metric else "pounds", _six(volume, scale),
        "cubic meters" if metric else "cubic feet", "Standard-Size", decimal_text(hundredths),
        "0.00", _six(total, scale), f"{month:%Y-%m}", decimal_text(rate), world.home.currency,
        decimal_text(fee), "--", "No", "No", "0.00", "--", "0.00",
    )  # fmt: skip


def _six(value: int, scale: int) -> str:
    """The quotient with six decimal places."""
    whole, rest = divmod(value * 10**6 // scale, 10**6)
    return f"{whole}.{rest:06d}"


REPORT = ReportType(
    name="GET_FBA_STORAGE_FEE_CHARGES_DATA",
    cadence=Cadence.MONTHLY,
    header=_HEADER,
    rows=_rows,
    utf8=True,
)
