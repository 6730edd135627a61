"""What makes claims doubtful: payments that may be for them."""

from __future__ import annotations

from sqlalchemy import text

from recoup.db.engine import Writer
from recoup.ids import ConnectionId


async def add_doubts(conn: Writer, seller: ConnectionId) -> None:
    """A payment of unknown purpose that may be for each claim, twenty days after its event."""
    await conn.execute(
        text(
            "insert into reimbursements (connection_id, reimbursement_id, approved_at, reason, fnsku, sku, "
            "order_id, case_id, occurrence, currency, amount_per_unit, amount_total, quantity_cash, "
            "quantity_inventory, quantity_total, source) "
            "select connection_id, claim_id, event_on + 20, 'GeneralAdjustment', coalesce(fnsku, ''), "
            "coalesce(sku, ''), coalesce(order_id, ''), '', 1, 'USD', 1, 1, 1, 0, 1, 'test' "
            "from claim where connection_id = :seller"
        ),
        {"seller": seller},
    )
