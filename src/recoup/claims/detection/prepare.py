"""Fills the temporary tables that rules read, before any rule runs.

Each table is named `detect_*`, holds the rows of one connection as they were known on the day
`as_of`, and is gone with the transaction. Rules read them by name (recoup.claims.rule).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from functools import cache, lru_cache

from recoup.claims.detection import all_tables
from recoup.claims.detection.filling_order import Filling, filling_order
from recoup.claims.detection.temporary_table import (
    TemporaryTable,
    allow_making,
    change_tables,
    drop_tables,
    make_tables,
)
from recoup.claims.policy import FeeChange, Policy, PolicyMarketplace, WindowTerms
from recoup.db.engine import Writer
from recoup.db.upsert import to_document
from recoup.ids import ConnectionId


def bind_values(connection_id: ConnectionId, as_of: date, policy: Policy) -> dict[str, object]:
    """The parameters of the statements of all tables."""
    return {
        "connection_id": connection_id,
        "as_of": as_of,
        "marketplaces": _document(policy.marketplaces),
        "windows": _document(policy.windows),
        "caps": json.dumps({currency: str(cap) for currency, cap in policy.caps.items()}),
        "warehouse_areas": json.dumps(dict(policy.warehouse_areas)),
        "families": json.dumps(dict(policy.families)),
        "sourcing_cost_since": policy.sourcing_cost_since,
        "fee_changes": _document(policy.fee_changes),
    }


@lru_cache(maxsize=16)
def _document(rows: tuple[PolicyMarketplace | WindowTerms | FeeChange, ...]) -> str:
    """Made once for each policy: two hundred windows take longer than ten tables of a small seller."""
    return to_document([asdict(one) for one in rows])


async def prepare(conn: Writer, connection_id: ConnectionId, as_of: date, policy: Policy) -> None:
    """Fills the tables that rules read. Raises no error of its own; a second call replaces them."""
    values = bind_values(connection_id, as_of, policy)
    await drop_tables(conn, all_tables().values())
    await allow_making(conn)
    together: list[TemporaryTable] = []
    for one in prepared():
        if isinstance(one, TemporaryTable):
            together.append(one)
        else:
            await make_tables(conn, together, values)
            together.clear()
            await change_tables(conn, one)
    await make_tables(conn, together, values)


@cache
def prepared() -> tuple[Filling, ...]:
    """The work of `prepare`, in order."""
    return filling_order(table for table in all_tables().values() if table.is_prepared)
