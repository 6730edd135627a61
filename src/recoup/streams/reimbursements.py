"""What Amazon paid back, and took back. Source: GET_FBA_REIMBURSEMENTS_DATA.

docs/amazon.md #reimbursements. The file is the same whichever marketplace is asked for. Amounts
and units of a reversal are negative; it names the reimbursement that it takes back.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Numeric, Text, text

from recoup.streams.report import DAILY, Field, Kind, Report, Upsert
from recoup.streams.stream import Scope, Stream, Windows
from recoup.streams.table import TIME, stream_table

TABLE = stream_table(
    "reimbursements",
    key=["reimbursement_id", "fnsku", "sku", "reason", "order_id", "case_id", "occurrence"],
    columns=[
        Column("reimbursement_id", Text),
        Column("fnsku", Text),
        Column("sku", Text),
        Column("reason", Text),
        # '' for what has nothing to do with an order.
        Column("order_id", Text),
        # '' when Amazon paid without being asked.
        Column("case_id", Text),
        Column("occurrence", Integer),
        Column("approved_at", TIME, nullable=False),
        Column("asin", Text),
        Column("product_name", Text),
        Column("condition", Text),
        Column("currency", Text),
        Column("amount_per_unit", Numeric),
        Column("amount_total", Numeric),
        Column("quantity_cash", Integer),
        Column("quantity_inventory", Integer),
        Column("quantity_total", Integer),
        Column("original_reimbursement_id", Text),
        Column("original_reimbursement_type", Text),
    ],
    indexes=[
        Index("reimbursements_approved_at_idx", "connection_id", "approved_at", "reimbursement_id"),
        Index("reimbursements_fnsku_idx", "connection_id", "fnsku", "approved_at"),
        Index("reimbursements_sku_idx", "connection_id", "sku", "approved_at"),
        Index(
            "reimbursements_order_id_idx",
            "connection_id",
            "order_id",
            postgresql_where=text("order_id <> ''"),
        ),
        Index(
            "reimbursements_original_idx",
            "connection_id",
            "original_reimbursement_id",
            postgresql_where=text("original_reimbursement_id is not null"),
        ),
    ],
    from_report=True,
)

STREAM = Stream(
    name="reimbursements",
    noun="reimbursements",
    table=TABLE,
    scope=Scope.REGION,
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=45),
        holdback=timedelta(0),
    ),
    report=Report(
        report_type="GET_FBA_REIMBURSEMENTS_DATA",
        fields=(
            Field("reimbursement_id", ("reimbursement-id",), required=True),
            Field("fnsku", ("fnsku",), default=""),
            Field("sku", ("sku",), default=""),
            Field("reason", ("reason",), default=""),
            Field("order_id", ("amazon-order-id",), default=""),
            Field("case_id", ("case-id",), default=""),
            Field("approved_at", ("approval-date",), Kind.TIME, required=True),
            Field("asin", ("asin",)),
            Field("product_name", ("product-name",)),
            Field("condition", ("condition",)),
            Field("currency", ("currency-unit",)),
            Field("amount_per_unit", ("amount-per-unit",), Kind.AMOUNT),
            Field("amount_total", ("amount-total",), Kind.AMOUNT),
            Field("quantity_cash", ("quantity-reimbursed-cash",), Kind.INTEGER),
            Field("quantity_inventory", ("quantity-reimbursed-inventory",), Kind.INTEGER),
            Field("quantity_total", ("quantity-reimbursed-total",), Kind.INTEGER),
            Field("original_reimbursement_id", ("original-reimbursement-id",)),
            Field("original_reimbursement_type", ("original-reimbursement-type",)),
        ),
        load=Upsert(occurrence="occurrence"),
        repeat_after=DAILY,
        longest=timedelta(days=92),
    ),
)
