"""Balances of FBA stock per month. Source: GET_LEDGER_SUMMARY_VIEW_DATA.

docs/amazon.md#ledger-summary. Control totals for the ledger: starting balance and all events
add up to the ending balance.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Column, Date, Integer, Text

from recoup.streams._report import DAILY, Field, FieldKind, Report, Same, Upsert
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._table import stream_table

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
    key=["month_on", "fnsku", "msku", "disposition", "location", "store", "supplier"],
    columns=[
        Column("month_on", Date),
        Column("fnsku", Text),
        Column("msku", Text),
        Column("disposition", Text),
        Column("location", Text),
        # Newer files have it; '' elsewhere.
        Column("store", Text),
        # Since 2025 some files divide a balance by supplier; '' elsewhere. The sum is the balance.
        Column("supplier", Text),
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
    aged_by="month_on",
    cursor=Windows(
        history=timedelta(days=365),
        overlap=timedelta(0),
        holdback=timedelta(days=30),
    ),
    report=Report(
        report_type="GET_LEDGER_SUMMARY_VIEW_DATA",
        fields=(
            Field("month_on", ("Date",), FieldKind.DATE, required=True),
            Field("fnsku", ("FNSKU",), default="", filled=True, is_code=True),
            Field("msku", ("MSKU",), default="", filled=True),
            Field("disposition", ("Disposition",), default="", filled=True),
            Field("location", ("Location",), default="", filled=True),
            Field("store", ("Store",), default="", varies=True),
            Field("supplier", ("Supplier",), default="", varies=True),
            Field("asin", ("ASIN",), filled=True, is_code=True),
            Field("product_name", ("Title",), filled=True),
            *(
                Field(name, (header,), FieldKind.INTEGER, filled=True)
                for name, header in _UNITS.items()
            ),
        ),
        load=Upsert(
            within="month_on",
            dated="month_on",
            same=(Same(("month_on", "fnsku", "msku", "disposition", "location")),),
        ),
        repeat_after=DAILY,
        options={"aggregateByLocation": "COUNTRY", "aggregatedByTimePeriod": "MONTHLY"},
        longest=timedelta(days=92),
        by_month=True,
    ),
)
