"""Rows as the streams store them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from recoup.db.engine import Database
from recoup.db.upsert import upsert
from recoup.streams.inventory import TABLE as INVENTORY
from recoup.streams.orders import ITEMS, TABLE as ORDERS
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
