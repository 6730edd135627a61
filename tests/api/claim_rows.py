"""Claims as detection stores them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from recoup.claims.tables import claim, claim_allocation, claim_candidate
from recoup.clock import utc_now
from recoup.db.engine import Database

US, UK = "ATVPDKIKX0DER", "A1F83G8C2ARO7P"
# In every marketplace within a day of the date in UTC, so windows in tests keep two days' distance.
TODAY = utc_now().date()


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def claim_row(connection_id: str, number: int, **values: Any) -> dict[str, Any]:
    """A claim worth 12.30 USD that can be filed for 20 more days."""
    fnsku = values.get("fnsku", f"X{number:04}")
    return {
        "claim_id": f"claim-{number:04}",
        "connection_id": connection_id,
        "type": "lost_in_warehouse",
        "key": {"fnsku": fnsku, "date": day(-40).isoformat(), "n": number},
        "marketplace_id": US,
        "sku": f"SKU-{number}",
        "fnsku": fnsku,
        "asin": "B0TEST",
        "order_id": None,
        "quantity": 2,
        "amount": Decimal("12.30"),
        "currency": "USD",
        "amount_basis": "2 units at 6.15 USD, the sourcing cost from 2026-01-01",
        "amount_missing": None,
        "confidence": Decimal("0.9"),
        "confidence_parts": [{"part": "base", "change": 0.9, "why": "both counts agree"}],
        "event_on": day(-40),
        "fileable_from": day(-10),
        "deadline": day(20),
        "window_note": None,
        "reason": "2 units lost, 0 found, 0 paid: 2 are open.",
        "evidence": {
            "rows": [
                {
                    "table": "ledger",
                    "source": "GET_LEDGER_DETAIL_VIEW_DATA 501 doc-1",
                    "source_line": 7,
                    "event_on": day(-40).isoformat(),
                    "quantity": -2,
                    "reason": "M",
                }
            ],
            "numbers": {"lost": 2},
            "notes": [],
        },
        "policy_version": "2026-11",
        "rule_version": 1,
        "as_of": TODAY,
        **values,
    }


async def store_claims(
    database: Database, connection_id: str, numbers: range, **values: Any
) -> None:
    async with database.writing() as conn:
        await conn.execute(
            insert(claim), [claim_row(connection_id, number, **values) for number in numbers]
        )


def unvalued() -> dict[str, Any]:
    """A claim whose product has no sourcing cost."""
    return {
        "amount": None,
        "currency": None,
        "amount_basis": None,
        "amount_missing": "No sourcing cost is entered for this product.",
    }


async def store_candidate(database: Database, connection_id: str, **values: Any) -> None:
    row = {
        "connection_id": connection_id,
        "type": "lost_in_warehouse",
        "key": {"fnsku": "X0001", "date": day(-40).isoformat()},
        "fnsku": "X0001",
        "event_on": day(-40),
        "units": 3,
        "quantity": 0,
        "settled": [
            {"by": "find", "reference": {"line": 9}, "units": 1, "why": "found at PHL7"},
            {"by": "payment", "reference": "R-1", "units": 2, "why": "paid 2026-10-20"},
        ],
        "reason": "3 units lost, 1 found, 2 paid.",
        **values,
    }
    async with database.writing() as conn:
        await conn.execute(insert(claim_candidate).values(**row))


async def store_allocation(
    database: Database, connection_id: str, number: int, key: dict[str, Any], by: str
) -> None:
    async with database.writing() as conn:
        await conn.execute(
            insert(claim_allocation).values(
                connection_id=connection_id,
                allocation_id=number,
                by=by,
                reference={"reimbursement_id": f"R-{number}"},
                type="lost_in_warehouse",
                key=key,
                units=1,
            )
        )
