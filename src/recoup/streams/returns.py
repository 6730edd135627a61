"""Units that customers sent back. Source: GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA.

docs/amazon.md#returns. It proves that a unit came back, not that it was refunded. What customers
wrote is never stored.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Text

from recoup.streams._report import DAILY, Field, FieldKind, Report, Same, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

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
    aged_by="returned_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=45),
        holdback=timedelta(0),
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
        fields=(
            Field("order_id", ("order-id",), required=True),
            Field("sku", ("sku",), default="", filled=True),
            Field("fnsku", ("fnsku",), default="", filled=True, is_code=True),
            Field("returned_at", ("return-date",), FieldKind.TIME, required=True),
            Field(
                "license_plate_number",
                ("license-plate-number",),
                default="",
                is_code=True,
            ),
            Field("asin", ("asin",), filled=True, is_code=True),
            Field("product_name", ("product-name",), filled=True),
            Field("quantity", ("quantity",), FieldKind.INTEGER, filled=True),
            Field("fulfillment_center", ("fulfillment-center-id",), filled=True),
            Field("detailed_disposition", ("detailed-disposition",), filled=True),
            Field("reason", ("reason",), filled=True),
            # The files of the United Arab Emirates have no status.
            Field("status", ("status",), absent_in=("A2VIGQ35RCS4UG",)),
        ),
        load=Upsert(
            occurrence="occurrence",
            dated="returned_at",
            same=(
                # The license plate is that of one unit, on whatever day Amazon says it came back.
                Same(
                    ("order_id", "sku", "fnsku", "license_plate_number"),
                    where="license_plate_number <> ''",
                ),
                Same(
                    ("order_id", "sku", "fnsku"),
                    where="license_plate_number = ''",
                    in_window=True,
                ),
            ),
        ),
        repeat_after=DAILY,
        longest=timedelta(days=60),
        ignored=("customer-comments",),
    ),
)
