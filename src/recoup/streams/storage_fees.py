"""Monthly storage fees per product and warehouse. Source: GET_FBA_STORAGE_FEE_CHARGES_DATA.

docs/amazon.md#storage-fees. The amounts are Amazon's estimates of what it charges.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Date, Index, Integer, Numeric, Text

from recoup.streams._report import DAILY, Field, FieldKind, Report, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import stream_table

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
    aged_by="month_on",
    cursor=Windows(history=timedelta(days=365), overlap=timedelta(0), holdback=timedelta(days=15)),
    report=Report(
        report_type="GET_FBA_STORAGE_FEE_CHARGES_DATA",
        fields=(
            Field("month_on", ("month_of_charge",), FieldKind.DATE, required=True),
            Field("fnsku", ("fnsku",), default="", filled=True, is_code=True),
            Field("fulfillment_center", ("fulfillment_center",), default="", filled=True),
            Field("country", ("country_code",), default="", filled=True),
            Field("asin", ("asin",), filled=True, is_code=True),
            Field("product_name", ("product_name",), filled=True),
            Field("longest_side", ("longest_side",), FieldKind.AMOUNT, filled=True),
            Field("median_side", ("median_side",), FieldKind.AMOUNT, filled=True),
            Field("shortest_side", ("shortest_side",), FieldKind.AMOUNT, filled=True),
            Field("measurement_units", ("measurement_units",), filled=True),
            Field("weight", ("weight",), FieldKind.AMOUNT, filled=True),
            Field("weight_units", ("weight_units",), filled=True),
            Field("item_volume", ("item_volume",), FieldKind.AMOUNT, filled=True),
            Field("volume_units", ("volume_units",), filled=True),
            Field("size_tier", ("product_size_tier",), filled=True),
            Field(
                "average_quantity_on_hand",
                ("average_quantity_on_hand",),
                FieldKind.AMOUNT,
                filled=True,
            ),
            Field(
                "average_quantity_pending_removal",
                ("average_quantity_pending_removal",),
                FieldKind.AMOUNT,
            ),
            Field("total_volume", ("estimated_total_item_volume",), FieldKind.AMOUNT, filled=True),
            Field("storage_rate", ("storage_rate",), FieldKind.AMOUNT, filled=True),
            Field("currency", ("currency",), filled=True, is_code=True),
            Field(
                "monthly_storage_fee",
                ("estimated_monthly_storage_fee",),
                FieldKind.AMOUNT,
                filled=True,
            ),
        ),
        load=Upsert(occurrence="occurrence", dated="month_on"),
        repeat_after=DAILY,
        by_month=True,
        ignored=(
            "dangerous_goods_storage_type",
            "eligible_for_inventory_discount",
            "qualifies_for_inventory_discount",
            "total_incentive_fee_amount",
            "breakdown_incentive_fee_amount",
            "average_quantity_customer_orders",
            "base_rate",
            "storage_utilization_ratio",
            "storage_utilization_ratio_units",
            "utilization_surcharge_rate",
        ),
    ),
)
