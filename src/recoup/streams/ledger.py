"""Every movement of FBA stock. Source: GET_LEDGER_DETAIL_VIEW_DATA (docs/amazon.md#ledger).

Rows have no key and equal rows are real, so whole days are replaced. Rows come late and are
revised: the last four weeks are read again with every sync.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Date, Index, Integer, Text, text

from recoup.streams._report import DAILY, Field, FieldKind, ReplaceDays, Report
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import stream_table

TABLE = stream_table(
    "ledger",
    key=["event_on", "source_line"],
    columns=[
        # A day of the marketplace, as Amazon prints it: days have no time zone here.
        Column("event_on", Date),
        Column("fnsku", Text),
        Column("asin", Text),
        Column("msku", Text),
        Column("product_name", Text),
        Column("event_type", Text),
        Column("reference_id", Text),
        # Into stock is positive, out of it negative.
        Column("quantity", Integer, nullable=False),
        Column("fulfillment_center", Text),
        Column("disposition", Text),
        Column("reason", Text),
        Column("country", Text),
        Column("reconciled_quantity", Integer),
        Column("unreconciled_quantity", Integer),
        Column("store", Text),
    ],
    indexes=[
        Index("ledger_fnsku_event_on_idx", "connection_id", "fnsku", "event_on"),
        Index("ledger_msku_event_on_idx", "connection_id", "msku", "event_on"),
        Index(
            "ledger_adjustments_idx",
            "connection_id",
            "fnsku",
            "event_on",
            postgresql_where=text("event_type = 'Adjustments'"),
        ),
        Index(
            "ledger_receipts_idx",
            "connection_id",
            "reference_id",
            postgresql_where=text("event_type = 'Receipts'"),
        ),
    ],
    from_report=True,
)

STREAM = Stream(
    name="ledger",
    noun="stock movements",
    table=TABLE,
    scope=Scope.REGION,
    aged_by="event_on",
    cursor=Windows(history=timedelta(days=365), overlap=timedelta(days=27), holdback=timedelta(0)),
    report=Report(
        report_type="GET_LEDGER_DETAIL_VIEW_DATA",
        fields=(
            Field("event_on", ("Date",), FieldKind.DATE, required=True),
            Field("fnsku", ("FNSKU",), filled=True, is_code=True),
            Field("asin", ("ASIN",), filled=True, is_code=True),
            Field("msku", ("MSKU",), filled=True),
            Field("product_name", ("Title",), filled=True),
            Field("event_type", ("Event Type",), filled=True),
            Field("reference_id", ("Reference ID",), filled=True),
            Field("quantity", ("Quantity",), FieldKind.INTEGER, required=True),
            Field("fulfillment_center", ("Fulfillment Center",), filled=True),
            Field("disposition", ("Disposition",), filled=True),
            Field("reason", ("Reason",), filled_where="event_type = 'Adjustments'"),
            Field("country", ("Country", "Country/Region Code", "Country/Region"), filled=True),
            Field("reconciled_quantity", ("Reconciled Quantity",), FieldKind.INTEGER),
            Field("unreconciled_quantity", ("Unreconciled Quantity",), FieldKind.INTEGER),
            Field("store", ("Store",), varies=True),
        ),
        load=ReplaceDays(day="event_on"),
        repeat_after=DAILY,
        # Two days more are requested, so that the first day is whole. With the overlap and a day
        # since the last sync that makes 30 days, one report.
        longest=timedelta(days=29),
        takes_options=True,  # eventType
        ignored=("Date and Time",),
    ),
)
