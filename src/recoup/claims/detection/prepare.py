"""Fills the temporary tables that rules read, before any rule runs.

Each table is named `detect_*`, holds the rows of one connection as they were known on the day
`as_of`, and is gone with the transaction. Rules read them by name (recoup.claims.rule).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from functools import cache

from recoup.claims.detection import all_tables
from recoup.claims.detection.filling_order import Filling, filling_order
from recoup.claims.detection.temporary_table import (
    TemporaryTable,
    change_tables,
    drop_tables,
    make_table,
)
from recoup.claims.policy import Policy
from recoup.db.engine import Writer
from recoup.db.upsert import to_document
from recoup.ids import ConnectionId


def bind_values(connection_id: ConnectionId, as_of: date, policy: Policy) -> dict[str, object]:
    """The parameters of the statements of all tables."""
    return {
        "connection_id": connection_id,
        "as_of": as_of,
        "marketplaces": to_document([asdict(one) for one in policy.marketplaces]),
        "windows": to_document([asdict(one) for one in policy.windows]),
        "caps": json.dumps({currency: str(cap) for currency, cap in policy.caps.items()}),
        "warehouse_areas": json.dumps(dict(policy.warehouse_areas)),
        "families": json.dumps(dict(policy.families)),
        "sourcing_cost_since": policy.sourcing_cost_since,
        "fee_changes": to_document([asdict(one) for one in policy.fee_changes]),
    }


async def prepare(conn: Writer, connection_id: ConnectionId, as_of: date, policy: Policy) -> None:
    """Fills the tables that rules read. Raises no error of its own; a second call replaces them."""
    values = bind_values(connection_id, as_of, policy)
    await drop_tables(conn, all_tables().values())
    for one in prepared():
        if isinstance(one, TemporaryTable):
            await make_table(conn, one, values)
        else:
            await change_tables(conn, one)


@cache
def prepared() -> tuple[Filling, ...]:
    """The work of `prepare`, in order."""
    return filling_order(table for table in all_tables().values() if table.is_prepared)
