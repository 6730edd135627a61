"""Parcels of removal orders. Source: GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA.

docs/amazon.md#removal-shipments. Units that were cancelled or disposed of have no parcel. Nothing
of Amazon's shows when a parcel arrived. Parcels are found by the day on which their removal order
was requested, so the time of an order grows for as long as it is open, and is read again until
then.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Text

from recoup.streams._report import NEAR_REAL_TIME, Field, FieldKind, Report, Same, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

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

# An order that the other report has not told may be open. Parcels are told up to 90 days after an
# order's end (ours).
_SINCE = """
    select date_trunc('day', min(requested_at), 'UTC') - interval '1 day' from (
        select requested_at from removals
        where connection_id = :connection_id and requested_at is not null
          and (status is null or lower(status) not in ('completed', 'cancelled', 'canceled')
            or last_updated_at > cast(:now as timestamptz) - interval '90 days')
        union all
        select p.requested_at from removal_shipments p
        where p.connection_id = :connection_id and p.requested_at is not null
          and p.shipped_at > cast(:now as timestamptz) - interval '90 days'
          and not exists (
            select from removals r
            where r.connection_id = p.connection_id and r.order_id = p.order_id)
    ) told
"""

STREAM = Stream(
    name="removal_shipments",
    noun="removal parcels",
    table=TABLE,
    scope=Scope.REGION,
    aged_by="shipped_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=90),
        holdback=timedelta(0),
        reread_since=_SINCE,
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
        fields=(
            Field("order_id", ("order-id",), required=True),
            Field("shipped_at", ("shipment-date",), FieldKind.TIME, required=True),
            Field("sku", ("sku",), default="", filled=True),
            Field("fnsku", ("fnsku",), default="", filled=True, is_code=True),
            Field("disposition", ("disposition",), default="", filled=True),
            Field("tracking_number", ("tracking-number",), default=""),
            Field("requested_at", ("request-date",), FieldKind.TIME, filled=True),
            Field("shipped_quantity", ("shipped-quantity",), FieldKind.INTEGER, filled=True),
            Field("carrier", ("carrier",)),
            Field("removal_order_type", ("removal-order-type",), filled=True),
        ),
        load=Upsert(
            occurrence="occurrence",
            # Not by the day of shipment (docs/amazon.md#removal-shipments).
            dated="requested_at",
            # The tracking number may appear later than the parcel.
            same=(
                Same(
                    ("order_id", "shipped_at", "sku", "fnsku", "disposition"),
                    where="tracking_number = ''",
                ),
            ),
        ),
        repeat_after=NEAR_REAL_TIME,
        # More than about six months in one request ends as FATAL.
        longest=timedelta(days=180),
    ),
)
