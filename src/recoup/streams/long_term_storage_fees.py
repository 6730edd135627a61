"""Surcharges for stock that was stored long: a snapshot in the middle of each month.

Source: GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA.
docs/amazon.md#long-term-storage-fees.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Date, Index, Integer, Numeric, Text

from recoup.streams._report import DAILY, Field, FieldKind, Report, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import stream_table

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
    aged_by="snapshot_on",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=45),
        holdback=timedelta(0),
        on=(4,),
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA",
        fields=(
            Field("snapshot_on", ("snapshot-date",), FieldKind.DATE, required=True),
            Field("sku", ("sku",), default="", filled=True),
            Field("fnsku", ("fnsku",), default="", filled=True, is_code=True),
            Field(
                "country",
                ("country", "country/region code", "country-code"),
                default="",
                filled=True,
            ),
            Field("surcharge_age_tier", ("surcharge-age-tier",), default="", filled=True),
            Field("asin", ("asin",), filled=True, is_code=True),
            Field("product_name", ("product-name",), filled=True),
            Field("condition", ("condition",), filled=True),
            Field("per_unit_volume", ("per-unit-volume",), FieldKind.AMOUNT, filled=True),
            Field("volume_unit", ("volume-unit",), filled=True),
            # Files of before 2023 have four columns of two ages instead, and are refused.
            Field("quantity_charged", ("qty-charged",), FieldKind.INTEGER, required=True),
            Field("amount_charged", ("amount-charged",), FieldKind.AMOUNT, required=True),
            Field("currency", ("currency",), filled=True, is_code=True),
            Field("surcharge_rate", ("rate-surcharge",), FieldKind.AMOUNT, filled=True),
        ),
        load=Upsert(occurrence="occurrence", dated="snapshot_on"),
        repeat_after=DAILY,
        longest=timedelta(days=92),
    ),
)
