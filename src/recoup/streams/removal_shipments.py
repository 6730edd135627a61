"""Parcels of removal orders. Source: GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA.

docs/amazon.md #removal-shipments. Units that were cancelled or disposed of have no parcel. Nothing
of Amazon's tells when a parcel arrived.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Text

from recoup.streams.report import NEAR_REAL_TIME, Field, Kind, Report, Upsert
from recoup.streams.stream import Scope, Stream, Windows
from recoup.streams.table import TIME, stream_table

TABLE = stream_table(
    "removal_shipments",
    key=[
        "order_id",
        "shipped_at",
        "sku",
        "fnsku",
        "disposition",
        "tracking_number",
        "occurrence",
    ],
    columns=[
        Column("order_id", Text),
        Column("shipped_at", TIME),
        Column("sku", Text),
        Column("fnsku", Text),
        Column("disposition", Text),
        Column("tracking_number", Text),
        Column("occurrence", Integer),
        Column("requested_at", TIME),
        Column("shipped_quantity", Integer),
        Column("carrier", Text),
        Column("removal_order_type", Text),
    ],
    indexes=[Index("removal_shipments_shipped_at_idx", "connection_id", "shipped_at")],
    from_report=True,
)

STREAM = Stream(
    name="removal_shipments",
    noun="removal parcels",
    table=TABLE,
    scope=Scope.REGION,
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=28),
        every=timedelta(days=3),
        holdback=timedelta(0),
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
        fields=(
            Field("order_id", ("order-id",), required=True),
            Field("shipped_at", ("shipment-date",), Kind.TIME, required=True),
            Field("sku", ("sku",), default=""),
            Field("fnsku", ("fnsku",), default=""),
            Field("disposition", ("disposition",), default=""),
            Field("tracking_number", ("tracking-number",), default=""),
            Field("requested_at", ("request-date",), Kind.TIME),
            Field("shipped_quantity", ("shipped-quantity",), Kind.INTEGER),
            Field("carrier", ("carrier",)),
            Field("removal_order_type", ("removal-order-type",)),
        ),
        load=Upsert(occurrence="occurrence"),
        repeat_after=NEAR_REAL_TIME,
        longest=timedelta(days=92),
    ),
)
