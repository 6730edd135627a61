"""Balances of FBA stock per month. Source: GET_LEDGER_SUMMARY_VIEW_DATA.

docs/amazon.md #ledger-summary. Control totals for the ledger: starting balance and all events
give the ending balance.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Date, Integer, Text

from recoup.streams.report import DAILY, Field, Kind, Report, Upsert
from recoup.streams.stream import Scope, Stream, Windows
from recoup.streams.table import stream_table

# Column name -> Amazon's header. Lost, damaged and disposed units are negative.
_UNITS = {
    "starting_balance": "Starting Warehouse Balance",
    "in_transit": "In Transit Between Warehouses",
    "receipts": "Receipts",
    "customer_shipments": "Customer Shipments",
    "customer_returns": "Customer Returns",
    "vendor_returns": "Vendor Returns",
    "warehouse_transfers": "Warehouse Transfer In/Out",
    "found": "Found",
    "lost": "Lost",
    "damaged": "Damaged",
    "disposed": "Disposed",
    "other_events": "Other Events",
    "ending_balance": "Ending Warehouse Balance",
    "unknown_events": "Unknown Events",
}

TABLE = stream_table(
    "ledger_summary",
    key=["month_on", "fnsku", "msku", "disposition", "location", "store"],
    columns=[
        Column("month_on", Date),
        Column("fnsku", Text),
        Column("msku", Text),
        Column("disposition", Text),
        Column("location", Text),
        # Newer files have it; '' elsewhere.
        Column("store", Text),
        Column("asin", Text),
        Column("product_name", Text),
        *(Column(name, Integer) for name in _UNITS),
    ],
    from_report=True,
)

STREAM = Stream(
    name="ledger_summary",
    noun="monthly balances",
    table=TABLE,
    scope=Scope.REGION,
    # Read once, when the late rows of the month are in the ledger too.
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(0),
        holdback=timedelta(days=30),
    ),
    report=Report(
        report_type="GET_LEDGER_SUMMARY_VIEW_DATA",
        fields=(
            Field("month_on", ("Date",), Kind.DATE, required=True),
            Field("fnsku", ("FNSKU",), default=""),
            Field("msku", ("MSKU",), default=""),
            Field("disposition", ("Disposition",), default=""),
            Field("location", ("Location",), default=""),
            Field("store", ("Store",), default=""),
            Field("asin", ("ASIN",)),
            Field("product_name", ("Title",)),
            *(Field(name, (header,), Kind.INTEGER) for name, header in _UNITS.items()),
        ),
        load=Upsert(within="month_on"),
        repeat_after=DAILY,
        options={"aggregateByLocation": "COUNTRY", "aggregatedByTimePeriod": "MONTHLY"},
        longest=timedelta(days=92),
        by_month=True,
    ),
)
