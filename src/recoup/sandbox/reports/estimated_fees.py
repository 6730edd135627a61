"""GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA. Source: docs/amazon.md#fee-preview; two sets of columns."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType, Row
from recoup.sandbox.world.catalogue import Product
from recoup.sandbox.world.profile import Profile, decimal_text
from recoup.sandbox.world.seller import SellerWorld

_FUTURE = "estimated-future-fee (Current Selling on Amazon + Future Fulfillment fees)"
_AMERICA = (
    "sku", "fnsku", "asin", "amazon-store", "product-name", "product-group", "brand",
    "fulfilled-by", "your-price", "sales-price", "longest-side", "median-side", "shortest-side",
    "length-and-girth", "unit-of-dimension", "item-package-weight", "unit-of-weight",
    "product-size-tier", "currency", "estimated-fee-total", "estimated-referral-fee-per-unit",
    "estimated-variable-closing-fee", "estimated-order-handling-fee-per-order",
    "estimated-pick-pack-fee-per-unit", "estimated-weight-handling-fee-per-unit",
    "expected-fulfillment-fee-per-unit", _FUTURE, "estimated-future-order-handling-fee-per-order",
    "estimated-future-pick-pack-fee-per-unit", "estimated-future-weight-handling-fee-per-unit",
    "expected-future-fulfillment-fee-per-unit",
)  # fmt: skip
_EUROPE = (
    "sku", "fnsku", "asin", "product-name", "product-group", "brand", "fulfilled-by",
    "has-local-inventory", "your-price", "sales-price", "longest-side", "median-side",
    "shortest-side", "length-and-girth", "unit-of-dimension", "item-package-weight",
    "unit-of-weight", "product-size-weight-band", "currency", "estimated-fee-total",
    "estimated-referral-fee-per-unit", "estimated-variable-closing-fee",
    "expected-domestic-fulfilment-fee-per-unit", "expected-efn-fulfilment-fee-per-unit-uk",
    "expected-efn-fulfilment-fee-per-unit-de", "expected-efn-fulfilment-fee-per-unit-fr",
    "expected-efn-fulfilment-fee-per-unit-it", "expected-efn-fulfilment-fee-per-unit-es",
    "expected-efn-fulfilment-fee-per-unit-se",
)  # fmt: skip
_NONE = "--"


def _header(profile: Profile) -> tuple[str, ...]:
    return _EUROPE if profile.metric else _AMERICA


def _rows(world: SellerWorld, request: ReportRequest) -> Iterator[Row]:
    """Amazon's current fee estimates for each SKU; the dates are required but ignored."""
    assert request.until > request.since
    for product in world.products:
        yield _european(world, product) if world.profile.metric else _american(product)


def _measures(product: Product, *, metric: bool) -> tuple[str, ...]:
    first, second, third = product.sides
    girth = first + 2 * (second + third)
    weight = f"{product.weight}.00" if metric else decimal_text(product.weight)
    return (
        decimal_text(first), decimal_text(second), decimal_text(third), decimal_text(girth),
        "centimeters" if metric else "inches", weight, "grams" if metric else "pounds",
    )  # fmt: skip


def _american(product: Product) -> Row:
    referral = product.commission_cents(product.price_cents)
    price, fee = decimal_text(product.price_cents), decimal_text(product.fee_cents)
    total = decimal_text(referral + product.fee_cents)
    tier = "UsLargeStandardSize" if product.weight > 100 else "UsSmallStandardSize"
    return (
        product.sku, product.fnsku, product.asin, "US", product.title, "Home", "Recoup Goods",
        "Amazon", price, price, *_measures(product, metric=False), tier, "USD", total,
        decimal_text(referral), "0.00", _NONE, _NONE, _NONE, fee, total, _NONE, _NONE, _NONE, fee,
    )  # fmt: skip


def _european(world: SellerWorld, product: Product) -> Row:
    home = world.home
    referral = product.commission_cents(product.price_cents)
    price, fee = decimal_text(product.price_cents), decimal_text(product.fee_cents)
    abroad = decimal_text(product.fee_cents + 310)
    countries = ("GB", "DE", "FR", "IT", "ES", "SE")
    return (
        product.sku, product.fnsku, product.asin, product.title, "Home", "Recoup Goods", "Amazon",
        "Yes", price, price, *_measures(product, metric=True), "Standard parcel", home.currency,
        decimal_text(referral + product.fee_cents), decimal_text(referral), "0.00", fee,
        *(_NONE if country == home.country else abroad for country in countries),
    )  # fmt: skip


REPORT = ReportType(
    name="GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
    cadence=Cadence.DAILY,
    header=_header,
    rows=_rows,
)
