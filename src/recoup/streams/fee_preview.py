"""The current fees for a sale of each SKU, and its measurements.

Source: GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA (docs/amazon.md#fee-preview). Earlier values are kept
in our own history: Amazon reports only today's.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Numeric, Text

from recoup.streams._report import DAILY, Field, FieldKind, Report, Same, Upsert
from recoup.streams._stream import History, Scope, Snapshot, Stream
from recoup.streams._table import history_table, stream_table

_TRACKED = (
    "fnsku",
    "longest_side",
    "median_side",
    "shortest_side",
    "unit_of_dimension",
    "item_weight",
    "unit_of_weight",
    "size_tier",
    "fulfillment_fee",
    "referral_fee",
)

TABLE = stream_table(
    "fee_preview",
    key=["sku", "store", "currency", "occurrence"],
    columns=[
        Column("sku", Text),
        # '' if the file does not name the store (Europe).
        Column("store", Text),
        Column("currency", Text),
        # A European file has rows of several stores, and of those with the same currency nothing
        # but the values tells one from the other.
        Column("occurrence", Integer),
        Column("fnsku", Text),
        Column("asin", Text),
        Column("product_group", Text),
        Column("price", Numeric),
        Column("sales_price", Numeric),
        Column("longest_side", Numeric),
        Column("median_side", Numeric),
        Column("shortest_side", Numeric),
        Column("length_and_girth", Numeric),
        Column("unit_of_dimension", Text),
        Column("item_weight", Numeric),
        Column("unit_of_weight", Text),
        Column("size_tier", Text),
        Column("fee_total", Numeric),
        Column("referral_fee", Numeric),
        # In Europe the fee of a sale in the country itself.
        Column("fulfillment_fee", Numeric),
    ],
    indexes=[Index("fee_preview_fnsku_idx", "connection_id", "fnsku")],
    from_report=True,
)
HISTORY = history_table(TABLE, _TRACKED)

STREAM = Stream(
    name="fee_preview",
    noun="fee previews",
    table=TABLE,
    scope=Scope.REGION,
    cursor=Snapshot(on=(0, 3)),
    report=Report(
        report_type="GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
        fields=(
            Field("sku", ("sku",), required=True),
            Field("store", ("amazon-store",), default="", varies=True),
            Field("fnsku", ("fnsku",), filled=True, is_code=True),
            Field("asin", ("asin",), filled=True, is_code=True),
            Field("product_group", ("product-group",), filled=True),
            Field("price", ("your-price",), FieldKind.AMOUNT, filled=True),
            Field("sales_price", ("sales-price",), FieldKind.AMOUNT),
            Field("longest_side", ("longest-side",), FieldKind.AMOUNT, filled=True),
            Field("median_side", ("median-side",), FieldKind.AMOUNT, filled=True),
            Field("shortest_side", ("shortest-side",), FieldKind.AMOUNT, filled=True),
            Field("length_and_girth", ("length-and-girth",), FieldKind.AMOUNT, filled=True),
            Field("unit_of_dimension", ("unit-of-dimension",), filled=True),
            Field("item_weight", ("item-package-weight",), FieldKind.AMOUNT, filled=True),
            Field("unit_of_weight", ("unit-of-weight",), filled=True),
            Field("size_tier", ("product-size-tier", "product-size-weight-band"), filled=True),
            Field("currency", ("currency",), default="", filled=True, is_code=True),
            Field("fee_total", ("estimated-fee-total",), FieldKind.AMOUNT, filled=True),
            Field(
                "referral_fee", ("estimated-referral-fee-per-unit",), FieldKind.AMOUNT, filled=True
            ),
            Field(
                "fulfillment_fee",
                (
                    "expected-fulfillment-fee-per-unit",
                    "expected-domestic-fulfilment-fee-per-unit",
                ),
                FieldKind.AMOUNT,
                filled=True,
            ),
        ),
        load=Upsert(
            occurrence="occurrence",
            ordered_by=("fulfillment_fee", "fee_total", "size_tier"),
            same=(Same(("sku", "store"), is_all=True),),
        ),
        repeat_after=DAILY,
        lead=timedelta(hours=72),
        ignored=(
            "product-name",
            "brand",
            "fulfilled-by",
            "estimated-variable-closing-fee",
            "estimated-order-handling-fee-per-order",
            "estimated-pick-pack-fee-per-unit",
            "estimated-weight-handling-fee-per-unit",
            "estimated-future-fee",
            "estimated-future-fee (Current Selling on Amazon + Future Fulfillment fees)",
            "estimated-future-order-handling-fee-per-order",
            "estimated-future-pick-pack-fee-per-unit",
            "estimated-future-weight-handling-fee-per-unit",
            "expected-future-fulfillment-fee-per-unit",
            "has-local-inventory",
            "current-fee-category",
            "future-fee-category",
            "future-fee-category-effective-date",
            *(
                f"expected-efn-fulfilment-fee-per-unit-{country}"
                for country in ("uk", "de", "fr", "it", "es", "se", "nl", "pl", "be", "ie", "tr")
            ),
        ),
    ),
    history=History(HISTORY, _TRACKED),
)
