"""What Amazon will charge for a sale of each SKU, and its measures, now.

Source: GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA (docs/amazon.md #fee-preview). Earlier values are kept
in our own history: Amazon tells only today's.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Numeric, Text

from recoup.streams.report import DAILY, Field, Kind, Report, Upsert
from recoup.streams.stream import History, Scope, Snapshot, Stream
from recoup.streams.table import history_table, stream_table

_TRACKED = (
    "fnsku",
    "longest_side",
    "median_side",
    "shortest_side",
    "unit_of_dimension",
    "item_weight",
    "unit_of_weight",
    "size_tier",
    "currency",
    "fulfillment_fee",
    "referral_fee",
)

TABLE = stream_table(
    "fee_preview",
    key=["sku", "store"],
    columns=[
        Column("sku", Text),
        # '' where the file does not tell the store (Europe).
        Column("store", Text),
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
        Column("currency", Text),
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
            Field("store", ("amazon-store",), default=""),
            Field("fnsku", ("fnsku",)),
            Field("asin", ("asin",)),
            Field("product_group", ("product-group",)),
            Field("price", ("your-price",), Kind.AMOUNT),
            Field("sales_price", ("sales-price",), Kind.AMOUNT),
            Field("longest_side", ("longest-side",), Kind.AMOUNT),
            Field("median_side", ("median-side",), Kind.AMOUNT),
            Field("shortest_side", ("shortest-side",), Kind.AMOUNT),
            Field("length_and_girth", ("length-and-girth",), Kind.AMOUNT),
            Field("unit_of_dimension", ("unit-of-dimension",)),
            Field("item_weight", ("item-package-weight",), Kind.AMOUNT),
            Field("unit_of_weight", ("unit-of-weight",)),
            Field("size_tier", ("product-size-tier", "product-size-weight-band")),
            Field("currency", ("currency",)),
            Field("fee_total", ("estimated-fee-total",), Kind.AMOUNT),
            Field("referral_fee", ("estimated-referral-fee-per-unit",), Kind.AMOUNT),
            Field(
                "fulfillment_fee",
                (
                    "expected-fulfillment-fee-per-unit",
                    "expected-domestic-fulfilment-fee-per-unit",
                ),
                Kind.AMOUNT,
            ),
        ),
        load=Upsert(),
        repeat_after=DAILY,
        lead=timedelta(hours=72),
    ),
    history=History(HISTORY, _TRACKED),
)
