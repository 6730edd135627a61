"""Units that customers sent back. Source: GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA.

docs/amazon.md #returns. It proves that a unit came back, not that it was refunded. What customers
wrote is never stored.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Text

from recoup.streams.report import DAILY, Field, Kind, Report, Upsert
from recoup.streams.stream import Scope, Stream, Windows
from recoup.streams.table import TIME, stream_table

TABLE = stream_table(
    "returns",
    key=["order_id", "sku", "fnsku", "returned_at", "license_plate_number", "occurrence"],
    columns=[
        # May be a multi-channel order, which the Orders API does not know.
        Column("order_id", Text),
        Column("sku", Text),
        Column("fnsku", Text),
        # When the fulfillment center received it.
        Column("returned_at", TIME),
        Column("license_plate_number", Text),
        Column("occurrence", Integer),
        Column("asin", Text),
        Column("product_name", Text),
        Column("quantity", Integer),
        Column("fulfillment_center", Text),
        Column("detailed_disposition", Text),
        Column("reason", Text),
        Column("status", Text),
    ],
    indexes=[
        Index("returns_returned_at_idx", "connection_id", "returned_at", "order_id"),
        Index("returns_sku_idx", "connection_id", "sku", "returned_at"),
        Index("returns_fnsku_idx", "connection_id", "fnsku", "returned_at"),
    ],
    from_report=True,
)

STREAM = Stream(
    name="returns",
    noun="returns",
    table=TABLE,
    scope=Scope.REGION,
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=45),
        holdback=timedelta(0),
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
        fields=(
            Field("order_id", ("order-id",), required=True),
            Field("sku", ("sku",), default=""),
            Field("fnsku", ("fnsku",), default=""),
            Field("returned_at", ("return-date",), Kind.TIME, required=True),
            Field("license_plate_number", ("license-plate-number",), default=""),
            Field("asin", ("asin",)),
            Field("product_name", ("product-name",)),
            Field("quantity", ("quantity",), Kind.INTEGER),
            Field("fulfillment_center", ("fulfillment-center-id",)),
            Field("detailed_disposition", ("detailed-disposition",)),
            Field("reason", ("reason",)),
            Field("status", ("status",)),
        ),
        load=Upsert(occurrence="occurrence"),
        repeat_after=DAILY,
        longest=timedelta(days=60),
    ),
)
