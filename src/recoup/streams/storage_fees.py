"""Monthly storage fees per product and warehouse. Source: GET_FBA_STORAGE_FEE_CHARGES_DATA.

docs/amazon.md #storage-fees. The amounts are Amazon's estimates of what it charges.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Date, Index, Integer, Numeric, Text

from recoup.streams.report import DAILY, Field, Kind, Report, Upsert
from recoup.streams.stream import Scope, Stream, Windows
from recoup.streams.table import stream_table

TABLE = stream_table(
    "storage_fees",
    key=["month_on", "fnsku", "fulfillment_center", "country", "occurrence"],
    columns=[
        Column("month_on", Date),
        Column("fnsku", Text),
        Column("fulfillment_center", Text),
        Column("country", Text),
        Column("occurrence", Integer),
        Column("asin", Text),
        Column("product_name", Text),
        Column("longest_side", Numeric),
        Column("median_side", Numeric),
        Column("shortest_side", Numeric),
        Column("measurement_units", Text),
        Column("weight", Numeric),
        Column("weight_units", Text),
        Column("item_volume", Numeric),
        Column("volume_units", Text),
        Column("size_tier", Text),
        Column("average_quantity_on_hand", Numeric),
        Column("average_quantity_pending_removal", Numeric),
        Column("total_volume", Numeric),
        Column("storage_rate", Numeric),
        Column("currency", Text),
        Column("monthly_storage_fee", Numeric),
    ],
    indexes=[Index("storage_fees_fnsku_idx", "connection_id", "fnsku", "month_on")],
    from_report=True,
)

STREAM = Stream(
    name="storage_fees",
    noun="storage fees",
    table=TABLE,
    scope=Scope.REGION,
    # A month is charged, and its report published, in the first half of the next one.
    cursor=Windows(history=timedelta(days=365), overlap=timedelta(0), holdback=timedelta(days=15)),
    report=Report(
        report_type="GET_FBA_STORAGE_FEE_CHARGES_DATA",
        fields=(
            Field("month_on", ("month_of_charge",), Kind.DATE, required=True),
            Field("fnsku", ("fnsku",), default=""),
            Field("fulfillment_center", ("fulfillment_center",), default=""),
            Field("country", ("country_code",), default=""),
            Field("asin", ("asin",)),
            Field("product_name", ("product_name",)),
            Field("longest_side", ("longest_side",), Kind.AMOUNT),
            Field("median_side", ("median_side",), Kind.AMOUNT),
            Field("shortest_side", ("shortest_side",), Kind.AMOUNT),
            Field("measurement_units", ("measurement_units",)),
            Field("weight", ("weight",), Kind.AMOUNT),
            Field("weight_units", ("weight_units",)),
            Field("item_volume", ("item_volume",), Kind.AMOUNT),
            Field("volume_units", ("volume_units",)),
            Field("size_tier", ("product_size_tier",)),
            Field("average_quantity_on_hand", ("average_quantity_on_hand",), Kind.AMOUNT),
            Field(
                "average_quantity_pending_removal",
                ("average_quantity_pending_removal",),
                Kind.AMOUNT,
            ),
            Field("total_volume", ("estimated_total_item_volume",), Kind.AMOUNT),
            Field("storage_rate", ("storage_rate",), Kind.AMOUNT),
            Field("currency", ("currency",)),
            Field("monthly_storage_fee", ("estimated_monthly_storage_fee",), Kind.AMOUNT),
        ),
        load=Upsert(occurrence="occurrence"),
        repeat_after=DAILY,
        by_month=True,
    ),
)
