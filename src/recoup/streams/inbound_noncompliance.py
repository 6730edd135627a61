"""Problems with inbound shipments, and the fees for them.

Source: GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA (docs/amazon.md#inbound-noncompliance).
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Numeric, Text

from recoup.streams._report import DAILY, Field, FieldKind, Report, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

TABLE = stream_table(
    "inbound_noncompliance",
    key=["shipment_id", "sku", "fnsku", "problem_type", "reported_at", "occurrence"],
    columns=[
        Column("shipment_id", Text),
        Column("sku", Text),
        Column("fnsku", Text),
        Column("problem_type", Text),
        Column("reported_at", TIME),
        Column("occurrence", Integer),
        Column("carton_id", Text),
        Column("fulfillment_center", Text),
        Column("asin", Text),
        Column("problem_quantity", Integer),
        Column("expected_quantity", Integer),
        Column("received_quantity", Integer),
        Column("fee_type", Text),
        Column("currency", Text),
        Column("fee_total", Numeric),
        Column("problem_level", Text),
        Column("alert_status", Text),
        Column("shipment_created_at", TIME),
    ],
    indexes=[Index("inbound_noncompliance_reported_at_idx", "connection_id", "reported_at")],
    from_report=True,
)

STREAM = Stream(
    name="inbound_noncompliance",
    noun="inbound problems",
    table=TABLE,
    scope=Scope.REGION,
    aged_by="reported_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=28),
        holdback=timedelta(0),
        on=(2,),
    ),
    report=Report(
        report_type="GET_FBA_FULFILLMENT_INBOUND_NONCOMPLIANCE_DATA",
        fields=(
            Field("shipment_id", ("fba-shipment-id",), required=True),
            Field("sku", ("sku",), default=""),
            Field("fnsku", ("fnsku",), default="", is_code=True),
            Field("problem_type", ("problem-type",), default="", filled=True),
            Field("reported_at", ("issue-reported-date",), FieldKind.TIME, required=True),
            Field("carton_id", ("fba-carton-id",)),
            Field("fulfillment_center", ("fulfillment-center-id",), filled=True),
            Field("asin", ("asin",), is_code=True),
            Field("problem_quantity", ("problem-quantity",), FieldKind.INTEGER),
            Field("expected_quantity", ("expected-quantity",), FieldKind.INTEGER),
            Field("received_quantity", ("received-quantity",), FieldKind.INTEGER),
            Field("fee_type", ("fee-type",)),
            Field("currency", ("currency",), is_code=True),
            Field("fee_total", ("fee-total",), FieldKind.AMOUNT),
            Field("problem_level", ("problem-level",), filled=True),
            Field("alert_status", ("alert-status",), filled=True),
            Field("shipment_created_at", ("shipment-creation-date",), FieldKind.TIME, filled=True),
        ),
        load=Upsert(occurrence="occurrence", dated="reported_at"),
        repeat_after=DAILY,
        longest=timedelta(days=92),
        ignored=("product-name", "performance-measurement-unit", "coaching-level"),
    ),
)
