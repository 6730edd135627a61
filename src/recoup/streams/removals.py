"""Removal orders. Source: GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA.

docs/amazon.md#removals. Requested by last update: an order changes until it is completed.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Numeric, Text

from recoup.streams._report import NEAR_REAL_TIME, Field, FieldKind, Report, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

_QUANTITIES = {
    "requested_quantity": "requested-quantity",
    "cancelled_quantity": "cancelled-quantity",
    "disposed_quantity": "disposed-quantity",
    "shipped_quantity": "shipped-quantity",
    "in_process_quantity": "in-process-quantity",
}

TABLE = stream_table(
    "removals",
    key=["order_id", "sku", "fnsku", "disposition"],
    columns=[
        Column("order_id", Text),
        Column("sku", Text),
        Column("fnsku", Text),
        Column("disposition", Text),
        Column("requested_at", TIME, nullable=False),
        Column("last_updated_at", TIME, nullable=False),
        Column("order_source", Text),
        Column("order_type", Text),
        Column("service_speed", Text),
        Column("status", Text),
        *(Column(name, Integer) for name in _QUANTITIES),
        Column("removal_fee", Numeric),
        Column("currency", Text),
    ],
    indexes=[
        Index("removals_requested_at_idx", "connection_id", "requested_at", "order_id"),
        Index("removals_sku_idx", "connection_id", "sku", "requested_at"),
        Index("removals_fnsku_idx", "connection_id", "fnsku", "requested_at"),
    ],
    from_report=True,
)

STREAM = Stream(
    name="removals",
    noun="removal orders",
    table=TABLE,
    scope=Scope.REGION,
    aged_by="last_updated_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=60),
        holdback=timedelta(0),
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA",
        fields=(
            Field("order_id", ("order-id",), required=True),
            Field("sku", ("sku",), default="", filled=True),
            Field("fnsku", ("fnsku",), default="", filled=True, is_code=True),
            Field("disposition", ("disposition",), default="", filled=True),
            Field("requested_at", ("request-date",), FieldKind.TIME, required=True),
            Field("last_updated_at", ("last-updated-date",), FieldKind.TIME, required=True),
            Field("order_source", ("order-source",), varies=True),
            Field("order_type", ("order-type",), filled=True),
            Field("service_speed", ("service-speed",), varies=True),
            Field("status", ("order-status",), filled=True),
            *(
                Field(name, (header,), FieldKind.INTEGER, filled=True)
                for name, header in _QUANTITIES.items()
            ),
            Field("removal_fee", ("removal-fee",), FieldKind.AMOUNT),
            Field("currency", ("currency",), is_code=True),
        ),
        load=Upsert(),
        repeat_after=NEAR_REAL_TIME,
        longest=timedelta(days=92),
    ),
    newer_by="last_updated_at",
)
