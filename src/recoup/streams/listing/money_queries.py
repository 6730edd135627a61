"""What Amazon posted by month, from the view that people query too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import text

from recoup.db.engine import Reader
from recoup.ids import ConnectionId, WorkspaceId


@dataclass(frozen=True, slots=True)
class MonthMoney:
    """A sum of transactions of one month, currency, kind and state."""

    connection_id: ConnectionId
    month_on: date
    marketplace_id: str | None
    currency: str
    type: str
    status: str | None
    transaction_count: int
    amount: Decimal


_MONTHS = text(
    """
    select connection_id, month_on, marketplace_id, currency, type, status,
        transaction_count, amount
    from v_money_by_month
    where connection_id in (
            select connection_id from amazon_connection where workspace_id = :workspace_id
        )
        and (cast(:connection_id as text) is null or connection_id = :connection_id)
        and (cast(:since as date) is null or month_on >= date_trunc('month', cast(:since as date)))
        and (cast(:until as date) is null or month_on < :until)
    order by month_on desc, connection_id, currency, type, status, marketplace_id
    """
)


async def list_money_by_month(
    conn: Reader,
    workspace_id: WorkspaceId,
    connection_id: ConnectionId | None,
    *,
    since: date | None,
    until: date | None,
) -> list[MonthMoney]:
    """Newest first; of the month of `since` all, up to the month that contains `until`'s eve."""
    values = {
        "workspace_id": workspace_id,
        "connection_id": connection_id,
        "since": since,
        "until": until,
    }
    return [MonthMoney(*row) for row in await conn.execute(_MONTHS, values)]
