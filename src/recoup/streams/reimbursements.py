"""Payments and reversals by Amazon. Source: GET_FBA_REIMBURSEMENTS_DATA.

docs/amazon.md#reimbursements. The file is the same whichever marketplace is requested. Amounts
and units of a reversal are negative; it names the reimbursement that it takes back.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Index, Integer, Numeric, Text, text

from recoup.streams._report import DAILY, Field, FieldKind, Report, Same, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import TIME, stream_table

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
        # '' if Amazon paid without a case.
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
    aged_by="approved_at",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(days=45),
        holdback=timedelta(0),
    ),
    report=Report(
        report_type="GET_FBA_REIMBURSEMENTS_DATA",
        fields=(
            Field("reimbursement_id", ("reimbursement-id",), required=True),
            Field("fnsku", ("fnsku",), default="", filled=True, is_code=True),
            Field("sku", ("sku",), default="", filled=True),
            Field("reason", ("reason",), default="", filled=True),
            Field("order_id", ("amazon-order-id",), default=""),
            Field("case_id", ("case-id",), default=""),
            Field("approved_at", ("approval-date",), FieldKind.TIME, required=True),
            Field("asin", ("asin",), filled=True, is_code=True),
            Field("product_name", ("product-name",), filled=True),
            Field("condition", ("condition",), filled=True),
            Field("currency", ("currency-unit",), filled=True, is_code=True),
            Field("amount_per_unit", ("amount-per-unit",), FieldKind.AMOUNT, filled=True),
            Field("amount_total", ("amount-total",), FieldKind.AMOUNT, filled=True),
            Field("quantity_cash", ("quantity-reimbursed-cash",), FieldKind.INTEGER, filled=True),
            Field(
                "quantity_inventory",
                ("quantity-reimbursed-inventory",),
                FieldKind.INTEGER,
                filled=True,
            ),
            Field("quantity_total", ("quantity-reimbursed-total",), FieldKind.INTEGER, filled=True),
            Field("original_reimbursement_id", ("original-reimbursement-id",), is_code=True),
            Field("original_reimbursement_type", ("original-reimbursement-type",)),
        ),
        load=Upsert(
            occurrence="occurrence",
            dated="approved_at",
            # A case may be named later, or a reason corrected: it is the same payment.
            same=(Same(("reimbursement_id", "fnsku", "sku"), in_window=True),),
        ),
        repeat_after=DAILY,
        longest=timedelta(days=92),
    ),
)
