"""Surcharges for stock that has lain long: a snapshot in the middle of each month.

Source: GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA.
docs/amazon.md #long-term-storage-fees.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Date, Index, Integer, Numeric, Text

from recoup.streams.report import DAILY, Field, Kind, Report, Upsert
from recoup.streams.stream import Scope, Stream, Windows
from recoup.streams.table import stream_table

TABLE = stream_table(
    "long_term_storage_fees",
    key=["snapshot_on", "sku", "fnsku", "country", "surcharge_age_tier", "occurrence"],
    columns=[
        Column("snapshot_on", Date),
        Column("sku", Text),
        Column("fnsku", Text),
        Column("country", Text),
        Column("surcharge_age_tier", Text),
        Column("occurrence", Integer),
        Column("asin", Text),
        Column("product_name", Text),
        Column("condition", Text),
        Column("per_unit_volume", Numeric),
        Column("volume_unit", Text),
        Column("quantity_charged", Integer),
        Column("amount_charged", Numeric),
        Column("currency", Text),
        Column("surcharge_rate", Numeric),
    ],
    indexes=[Index("long_term_storage_fees_fnsku_idx", "connection_id", "fnsku", "snapshot_on")],
    from_report=True,
)

STREAM = Stream(
    name="long_term_storage_fees",
    noun="long-term storage fees",
    table=TABLE,
    scope=Scope.REGION,
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=45),
        holdback=timedelta(0),
        on=(4,),
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA",
        fields=(
            Field("snapshot_on", ("snapshot-date",), Kind.DATE, required=True),
            Field("sku", ("sku",), default=""),
            Field("fnsku", ("fnsku",), default=""),
            Field("country", ("country",), default=""),
            Field("surcharge_age_tier", ("surcharge-age-tier",), default=""),
            Field("asin", ("asin",)),
            Field("product_name", ("product-name",)),
            Field("condition", ("condition",)),
            Field("per_unit_volume", ("per-unit-volume",), Kind.AMOUNT),
            Field("volume_unit", ("volume-unit",)),
            Field("quantity_charged", ("qty-charged",), Kind.INTEGER),
            Field("amount_charged", ("amount-charged",), Kind.AMOUNT),
            Field("currency", ("currency",)),
            Field("surcharge_rate", ("rate-surcharge",), Kind.AMOUNT),
        ),
        load=Upsert(occurrence="occurrence"),
        repeat_after=DAILY,
        longest=timedelta(days=92),
    ),
)
