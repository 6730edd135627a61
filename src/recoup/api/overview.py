"""How syncing stands for a user, all connections together."""

from __future__ import annotations

from typing import Any

from recoup.api.schedule import next_scheduled_sync
from recoup.api.services import Services
from recoup.clock import utc_now
from recoup.connections.queries import list_connections
from recoup.ids import UserId
from recoup.sync.queries import find_last_sync, list_active_syncs
from recoup.sync.status import status_body


async def read_overview(services: Services, user_id: UserId) -> dict[str, Any]:
    """The body of GET /api/sync/status. Of several running syncs the newest is shown."""
    async with services.database.reading() as conn:
        active = await list_active_syncs(conn, user_id)
        last = await find_last_sync(conn, user_id)
        connections = await list_connections(conn, user_id)
    scheduled = any(connection.status == "active" for connection in connections)
    schedule = services.settings.sync_schedule
    return {
        "has_active_sync": bool(active),
        "active_sync": status_body(active[0]) if active else None,
        "last_sync": status_body(last) if last else None,
        "next_scheduled_sync": next_scheduled_sync(schedule, utc_now()) if scheduled else None,
    }
