"""GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA. Source: docs/amazon.md#long-term-storage-fees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.catalogue import Product
from recoup.sandbox.world.instants import DAY, Instant, date_to_day
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.records import RECEIPTS
from recoup.sandbox.world.seller import SPAN_DAYS, SellerWorld

_HEADER = (
    "snapshot-date", "sku", "fnsku", "asin", "product-name", "condition", "per-unit-volume",
    "currency", "volume-unit", "country", "qty-charged", "amount-charged", "surcharge-age-tier",
    "rate-surcharge",
)  # fmt: skip
_SNAPSHOT_DAY = 15
_RATE_CENTS = 50  # per cubic foot, or 15 times as much per cubic meter
_OLD_DAYS = 181


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """A snapshot on the 15th of each month in the window."""
    profile = world.profile
    month = profile.local_date(request.begins).replace(day=_SNAPSHOT_DAY)
    while profile.midnight(date_to_day(month)) < request.ends:
        moment = profile.midnight(date_to_day(month))
        if moment >= max(request.begins, world.start + _OLD_DAYS * DAY):
            yield from _snapshot(world, month, moment)
        month = (month + timedelta(days=32)).replace(day=_SNAPSHOT_DAY)


def _snapshot(world: SellerWorld, day: date, moment: Instant) -> Iterator[Row]:
    """The products of which more lies in a country than half a year of good sales would take, less
    what came in there since then.
    """
    count = len(world.products)
    balance = world.stock.balance(moment)
    young = _received(world, Instant(moment - _OLD_DAYS * DAY), moment)
    for product in world.products:
        mean = world.orders_per_span * 2 * (2 * (count - product.index) - 1) // count**2 + 1
        most = 2 * mean * _OLD_DAYS // SPAN_DAYS + 12
        countries = [world.profile.warehouses[center] for center in product.centers]
        for country in dict.fromkeys(countries):
            slots = [slot for slot in range(3) if countries[slot] == country]
            units = sum(balance.sellable[3 * product.index + slot] for slot in slots)
            fresh = sum(young[product.index, slot] for slot in slots)
            old = units - max(most * len(slots) // 3, fresh)
            if old > 0:
                yield _row(world, product, day, country, old)


def _row(world: SellerWorld, product: Product, day: date, country: str, old: int) -> Row:
    metric = world.profile.metric
    first, second, third = product.sides
    volume = max(1, first * second * third // (10**10 if metric else 17_280_000))
    rate = _RATE_CENTS * (15 if metric else 1)
    return (
        f"{day.isoformat()}T00:00:00+00:00", product.sku, product.fnsku, product.asin,
        product.title, "SELLABLE", decimal_text(volume), world.home.currency,
        "cubic meters" if metric else "cubic feet", country, str(old),
        decimal_text(old * volume * rate // 100), "181-210 days", decimal_text(rate),
    )  # fmt: skip


def _received(world: SellerWorld, since: Instant, until: Instant) -> Counter[tuple[int, int]]:
    """Units received by product and slot: first in, first out, so these are the last to leave."""
    received: Counter[tuple[int, int]] = Counter()
    for one in world.stock.movements(since, until):
        if one.event == RECEIPTS and one.quantity > 0:
            received[one.product, one.slot] += one.quantity
    return received


REPORT = ReportType(
    name="GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA",
    cadence=Cadence.MONTHLY,
    header=_HEADER,
    rows=_rows,
)
