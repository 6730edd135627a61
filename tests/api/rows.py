"""Rows as the streams store them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from recoup.db.engine import Database
from recoup.db.upsert import upsert
from recoup.streams.fee_preview import TABLE as FEE_PREVIEW
from recoup.streams.inbound_noncompliance import TABLE as INBOUND_NONCOMPLIANCE
from recoup.streams.inbound_plans import TABLE as INBOUND_PLANS
from recoup.streams.inventory import TABLE as INVENTORY
from recoup.streams.ledger import TABLE as LEDGER
from recoup.streams.ledger_summary import TABLE as LEDGER_SUMMARY
from recoup.streams.long_term_storage_fees import TABLE as LONG_TERM_STORAGE_FEES
from recoup.streams.marketplaces import TABLE as MARKETPLACES
from recoup.streams.orders import ITEMS, TABLE as ORDERS
from recoup.streams.reimbursements import TABLE as REIMBURSEMENTS
from recoup.streams.removal_shipments import TABLE as REMOVAL_SHIPMENTS
from recoup.streams.removals import TABLE as REMOVALS
from recoup.streams.replacements import TABLE as REPLACEMENTS
from recoup.streams.returns import TABLE as RETURNS
from recoup.streams.settlements import TABLE as SETTLEMENTS
from recoup.streams.shipment_items import TABLE as SHIPMENT_ITEMS
from recoup.streams.shipments import TABLE as SHIPMENTS
from recoup.streams.storage_fees import TABLE as STORAGE_FEES
from recoup.streams.transactions import FEES, TABLE as TRANSACTIONS

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


async def store(database: Database, table: Any, rows: list[dict[str, Any]]) -> None:
    async with database.writing() as conn:
        await upsert(conn, table, rows)


async def store_orders(
    database: Database, connection_id: str, numbers: range, **values: Any
) -> None:
    """Orders of one item each; order n was created n minutes after BEGIN."""
    shared = {"connection_id": connection_id, "source": "test"}
    orders = [
        {
            **shared,
            "order_id": f"O-{n:06}",
            "marketplace_id": "M1",
            "sales_channel": "Amazon.com",
            "status": "SHIPPED",
            "created_at": BEGIN + timedelta(minutes=n),
            "last_updated_at": BEGIN + timedelta(minutes=n, microseconds=1),
            "total_amount": Decimal("12.30"),
            "currency": "USD",
            "item_count": 1,
            "units_ordered": 2,
            **values,
        }
        for n in numbers
    ]
    items = [
        {
            **shared,
            "order_id": f"O-{n:06}",
            "order_item_id": "1",
            "sku": f"SKU-{n % 3}",
            "quantity_ordered": 2,
            "unit_price": Decimal("6.15"),
            "item_price": Decimal("12.30"),
            "proceeds_total": Decimal("12.30"),
            "currency": "USD",
            "proceeds": [],
        }
        for n in numbers
    ]
    await store(database, ORDERS, orders)
    await store(database, ITEMS, items)


async def store_stock(database: Database, connection_id: str) -> None:
    """One SKU that has changed and two that never did."""
    changed = {"S-1": BEGIN, "S-2": None, "=S-3": None}
    await store(
        database,
        INVENTORY,
        [
            {
                "connection_id": connection_id,
                "source": "test",
                "marketplace_id": "M1",
                "sku": sku,
                "fnsku": f"X-{sku}",
                "condition": "NewItem",
                "total_quantity": -3,
                "last_updated_at": at,
            }
            for sku, at in changed.items()
        ],
    )


async def store_transactions(database: Database, connection_id: str, numbers: range) -> None:
    """Transactions of one order and one fee each; n was posted n minutes after BEGIN."""
    shared = {"connection_id": connection_id, "source": "test", "currency": "USD"}
    posted = {n: BEGIN + timedelta(minutes=n) for n in numbers}
    await store(
        database,
        TRANSACTIONS,
        [
            {
                **shared,
                "transaction_id": f"T-{n:04}",
                "type": "Shipment",
                "description": "=cmd()",
                "posted_at": at,
                "total_amount": Decimal("-1.10"),
                "order_id": f"O-{n:06}",
                "is_reimbursement": False,
                "related_identifiers": {"ORDER_ID": f"O-{n:06}", "X": None},
                "breakdowns": {},
            }
            for n, at in posted.items()
        ],
    )
    await store(
        database,
        FEES,
        [
            {
                **shared,
                "transaction_id": f"T-{n:04}",
                "line": "items.0/0",
                "posted_at": at,
                "order_id": f"O-{n:06}",
                "sku": f"SKU-{n % 3}",
                "path": "Fees/Commission",
                "type": "Commission",
                "category": "referral_fee",
                "amount": Decimal("-1.10"),
            }
            for n, at in posted.items()
        ],
    )


async def store_units(database: Database, connection_id: str, numbers: range) -> None:
    """One row of each list of stock movements per number; n happened on the n-th day of 2026.

    Every third one is of SKU-0, SKU-1 or SKU-2.
    """
    for table, of_stream in (
        (LEDGER, _movement),
        (REIMBURSEMENTS, _reimbursement),
        (RETURNS, _return),
        (REMOVALS, _removal),
        (SHIPMENTS, _shipment),
        (SHIPMENT_ITEMS, _shipment_item),
        (LEDGER_SUMMARY, _balance),
        (REMOVAL_SHIPMENTS, _parcel),
        (INBOUND_NONCOMPLIANCE, _problem),
        (LONG_TERM_STORAGE_FEES, _surcharge),
        (REPLACEMENTS, _replacement),
        (INBOUND_PLANS, _plan),
        (FEE_PREVIEW, _preview),
        (STORAGE_FEES, _storage_fee),
        (SETTLEMENTS, _settlement),
        (MARKETPLACES, _marketplace),
    ):
        rows = [{"connection_id": connection_id, "source": "test", **of_stream(n)} for n in numbers]
        await store(database, table, rows)


def _day(n: int) -> datetime:
    return BEGIN + timedelta(days=n)


def _unit(n: int) -> dict[str, Any]:
    return {"sku": f"SKU-{n % 3}", "fnsku": f"X-{n % 3}"}


def _movement(n: int) -> dict[str, Any]:
    return {
        "event_on": _day(n).date(),
        "source_line": 1000 - n,
        "fnsku": f"X-{n % 3}",
        "msku": f"SKU-{n % 3}",
        "event_type": "Adjustments",
        "quantity": -n,
        "reconciled_quantity": None,
    }


def _reimbursement(n: int) -> dict[str, Any]:
    return {
        **_unit(n),
        "reimbursement_id": f"R-{n}",
        "reason": "Lost_Warehouse",
        "order_id": f"O-{n}",
        "case_id": "",
        "occurrence": 1,
        "approved_at": _day(n),
        "currency": "USD",
        "amount_per_unit": Decimal("4.10"),
        "amount_total": Decimal("-8.20"),
        "quantity_cash": -2,
    }


def _return(n: int) -> dict[str, Any]:
    return {
        **_unit(n),
        "order_id": f"O-{n}",
        "returned_at": _day(n),
        "license_plate_number": f"LPN{n}",
        "occurrence": 1,
        "quantity": 1,
        "status": "=cmd()",
    }


def _removal(n: int) -> dict[str, Any]:
    return {
        **_unit(n),
        "order_id": f"O-{n}",
        "disposition": "Unsellable",
        "requested_at": _day(n),
        "last_updated_at": _day(n),
        "requested_quantity": n,
        "removal_fee": Decimal("0.97"),
        "currency": "USD",
    }


def _shipment(n: int) -> dict[str, Any]:
    return {
        "shipment_id": f"FBA{n}",
        "marketplace_id": "M1",
        "status": "CLOSED",
        "created_on": _day(n).date(),
        "are_cases_required": False,
    }


def _shipment_item(n: int) -> dict[str, Any]:
    return {**_unit(n), "shipment_id": f"FBA{n}", "quantity_shipped": 10, "quantity_received": 9}


def _balance(n: int) -> dict[str, Any]:
    return {
        "month_on": _day(n).date(),
        "fnsku": f"X-{n % 3}",
        "msku": f"SKU-{n % 3}",
        "disposition": "SELLABLE",
        "location": "US",
        "store": "",
        "supplier": "",
        "starting_balance": n,
        "lost": None,
    }


def _parcel(n: int) -> dict[str, Any]:
    return {
        **_unit(n),
        "order_id": f"O-{n}",
        "shipped_at": _day(n),
        "disposition": "Unsellable",
        "tracking_number": f"1Z{n}",
        "occurrence": 1,
        "shipped_quantity": n,
    }


def _problem(n: int) -> dict[str, Any]:
    return {
        **_unit(n),
        "shipment_id": f"FBA{n}",
        "problem_type": "Label missing",
        "reported_at": _day(n),
        "occurrence": 1,
        "problem_quantity": 2,
        "currency": "USD",
        "fee_total": Decimal("0.55"),
    }


def _surcharge(n: int) -> dict[str, Any]:
    return {
        **_unit(n),
        "snapshot_on": _day(n).date(),
        "country": "US",
        "surcharge_age_tier": "181-210 days",
        "occurrence": 1,
        "per_unit_volume": Decimal("0.25"),
        "quantity_charged": n,
        "amount_charged": Decimal("1.05"),
        "currency": "USD",
        "surcharge_rate": Decimal("0.5"),
    }


def _replacement(n: int) -> dict[str, Any]:
    return {
        "sku": f"SKU-{n % 3}",
        "replacement_order_id": f"N-{n}",
        "original_order_id": f"O-{n}",
        "shipped_at": _day(n),
        "occurrence": 1,
        "quantity": 1,
    }


def _plan(n: int) -> dict[str, Any]:
    return {
        "inbound_plan_id": f"wf{n}",
        "status": "ACTIVE",
        "last_updated_at": _day(n),
        "marketplace_ids": ["ATVPDKIKX0DER"],
    }


def _preview(n: int) -> dict[str, Any]:
    return {
        "sku": f"SKU-{n}",
        "fnsku": f"X-{n}",
        "store": "US",
        "currency": "USD",
        "occurrence": 1,
        "longest_side": Decimal("7.5"),
        "price": Decimal("20.00"),
        "fee_total": None,
        "fulfillment_fee": Decimal("3.22"),
    }


def _storage_fee(n: int) -> dict[str, Any]:
    return {
        "month_on": _day(n).date(),
        "fnsku": f"X-{n % 3}",
        "fulfillment_center": "PHX6",
        "country": "US",
        "occurrence": 1,
        "currency": "USD",
        "average_quantity_on_hand": Decimal("3.5"),
        "storage_rate": Decimal("0.87"),
        "monthly_storage_fee": Decimal("0.1234"),
    }


def _settlement(n: int) -> dict[str, Any]:
    """The last one is not ended yet."""
    return {
        "settlement_id": f"S-{n}",
        "ended_at": _day(n) if n else None,
        "total_amount": Decimal("120.5"),
        "currency": "USD",
        "lines_total": Decimal("120.5"),
        "line_count": 4,
        "is_balanced": True,
    }


def _marketplace(n: int) -> dict[str, Any]:
    return {
        "marketplace_id": f"M{n}",
        "name": "Amazon.com",
        "currency": "USD",
        "is_participating": n > 0,
    }
