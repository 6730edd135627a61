"""Free replacement units. Source: GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA.

docs/amazon.md#replacements.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Text

from recoup.streams._report import DAILY, Field, FieldKind, Report, Same, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

TABLE = stream_table(
    "replacements",
    key=["replacement_order_id", "sku", "shipped_at", "occurrence"],
    columns=[
        Column("replacement_order_id", Text),
        Column("sku", Text),
        Column("shipped_at", TIME),
        Column("occurrence", Integer),
        Column("original_order_id", Text),
        Column("asin", Text),
        Column("fulfillment_center", Text),
        Column("original_fulfillment_center", Text),
        Column("quantity", Integer),
        Column("reason_code", Text),
    ],
    indexes=[Index("replacements_original_order_id_idx", "connection_id", "original_order_id")],
    from_report=True,
)

STREAM = Stream(
    name="replacements",
    noun="replacements",
    table=TABLE,
    scope=Scope.REGION,
    aged_by="shipped_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=28),
        holdback=timedelta(0),
        on=(1,),
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
        fields=(
            Field(
                "replacement_order_id", ("replacement-amazon-order-id",), default="", filled=True
            ),
            Field("sku", ("sku",), default="", filled=True),
            Field("shipped_at", ("shipment-date",), FieldKind.TIME, required=True),
            Field("original_order_id", ("original-amazon-order-id",), filled=True, is_code=True),
            Field("asin", ("asin",), filled=True, is_code=True),
            Field("fulfillment_center", ("fulfillment-center-id",), filled=True),
            Field("original_fulfillment_center", ("original-fulfillment-center-id",), filled=True),
            Field("quantity", ("quantity",), FieldKind.INTEGER, filled=True),
            Field("reason_code", ("replacement-reason-code",), filled=True),
        ),
        load=Upsert(
            occurrence="occurrence",
            dated="shipped_at",
            same=(
                Same(
                    ("replacement_order_id", "sku"),
                    where="replacement_order_id <> ''",
                    in_window=True,
                ),
            ),
        ),
        repeat_after=DAILY,
        longest=timedelta(days=92),
    ),
)
